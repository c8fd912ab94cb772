"""A figure in the formats that papers, browsers and programs take; no network, no browser."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from altair.typing import ChartType

from analysis.files import write_file
from analysis.pages import fill_page
from trainables.errors import UserError, did_you_mean

Spec = dict[str, Any]
PIXELS_PER_INCH = 300
"""At the size of print, in which a figure is one point (1/72 inch) for each of its units."""
_VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
"""As altair writes it, of the versions that vl-convert has."""
_OFFLINE: dict[str, Any] = {"vl_version": _VEGA_LITE, "allowed_base_urls": []}


def spec_of(chart: ChartType) -> Spec:
    """Give a chart as Vega-Lite, with its data inside, however many they are."""
    with alt.data_transformers.enable("default", max_rows=None):
        spec: Spec = chart.to_dict()
    return spec


def write_figure(chart: ChartType, path: Path, title: str = "", caption: str = "") -> None:
    """Write a figure in the format that the path's suffix names, one of `FORMATS`.

    A file that is there is replaced at once or, on an error, left as it is.

    Args:
        chart: the figure, styled.
        path: the file.
        title: of a page that shows it; that of the chart if left out.
        caption: on a page, below it.

    Raises:
        UserError: there is no such format, or the file cannot be written.
    """
    make = FORMATS[check_format(path)]
    spec = spec_of(chart)
    content = make(spec) if make is not _html else _html(spec, title, caption)
    write_file(path, content)


def check_format(path: Path) -> str:
    """Give the format that a path's suffix names.

    Raises:
        UserError: there is no such format.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        hint = did_you_mean(suffix, FORMATS)
        raise UserError(f"unknown figure format {suffix!r} of {path}: {hint}")
    return suffix


def _pdf(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_pdf(spec, **_OFFLINE)


def _svg(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_svg(spec, **_OFFLINE).encode()


def _png(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_png(spec, ppi=PIXELS_PER_INCH, **_OFFLINE)


def _html(spec: Spec, title: str = "", caption: str = "") -> bytes:
    """Write a page that holds the scripts it needs, and forbids the browser to load any."""
    page = fill_page(
        "figure.html",
        heading=title or _heading(spec),
        caption=caption,
        spec=spec,
        scripts=vega_scripts(),
    )
    return page.encode()


@cache
def vega_scripts() -> str:
    """Give the scripts that draw figures in a browser, for a page that holds them."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", _VEGA_LITE)


def _heading(spec: Spec) -> str:
    title = spec.get("title", "Figure")
    text = title.get("text", "Figure") if isinstance(title, dict) else title
    return text if isinstance(text, str) else " ".join(text)


def _json(spec: Spec) -> bytes:
    text = json.dumps(spec, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


FORMATS: dict[str, Callable[[Spec], bytes]] = {
    "pdf": _pdf,
    "svg": _svg,
    "png": _png,
    "html": _html,
    "json": _json,
}
