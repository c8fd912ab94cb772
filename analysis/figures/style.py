"""One look for all figures: made for a paper's column, readable in grey and by the colour-blind.

All text is of one font in one weight, which vl-convert brings along: a figure looks the same on
every machine. A PDF with one font face and nothing see-through is also the same to the byte; with
more of either, the order of its parts varies from one writing to the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import altair as alt

from trainables.errors import UserError

COLUMN_WIDTH = 240
"""Points (1/72 inch) of a column of a two-column paper; a figure is printed at its own size."""
PAGE_WIDTH = 504
"""Points of both columns and the space between."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is built into vl-convert; the next ones have its widths, for who opens an SVG."""
FONT_SIZES = {"small": 7, "normal": 8, "title": 9}
BAND = 0.16
"""How much of its colour a band has."""
INK, FAINT = "#222222", "#595959"

Channel = Literal["colour", "shape", "dash", "band"]
AnyChart = TypeVar(
    "AnyChart",
    alt.Chart,
    alt.LayerChart,
    alt.FacetChart,
    alt.RepeatChart,
    alt.ConcatChart,
    alt.HConcatChart,
    alt.VConcatChart,
)


@dataclass(frozen=True, kw_only=True)
class SeriesStyle:
    """How a series is told from the others, three times over.

    Attributes:
        colour: of Okabe and Ito's palette.
        shape: of its points, as Vega names it.
        dash: of its line: drawn and left out, in points; empty for a solid line.
    """

    colour: str
    shape: str
    dash: tuple[int, ...]

    @property
    def band(self) -> str:
        """Its colour on white as if nearly see-through, which a band must not be."""
        channels = (int(self.colour[first : first + 2], 16) for first in (1, 3, 5))
        return "#" + "".join(f"{round(255 - BAND * (255 - each)):02X}" for each in channels)


SERIES = (
    SeriesStyle(colour="#0072B2", shape="circle", dash=()),
    SeriesStyle(colour="#E69F00", shape="triangle-up", dash=(5, 2)),
    SeriesStyle(colour="#000000", shape="square", dash=(1, 2)),
    SeriesStyle(colour="#009E73", shape="diamond", dash=(6, 2, 1, 2)),
    SeriesStyle(colour="#D55E00", shape="triangle-down", dash=(3, 2)),
    SeriesStyle(colour="#56B4E9", shape="cross", dash=(8, 3)),
    SeriesStyle(colour="#CC79A7", shape="triangle-right", dash=(4, 2, 1, 2, 1, 2)),
)
"""In the order of use: the first four are far apart in grey as well. The palette's yellow is left
out, being too faint on white."""
ORIGINAL = "original model"
"""The series that is none: what all others are held against."""
_ORIGINAL_STYLE = SeriesStyle(colour=FAINT, shape="M-1,-.1H-.3V.1H-1ZM.3,-.1H1V.1H.3Z", dash=(2, 2))

CONFIG: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "grid": False,
        "domainColor": INK,
        "domainWidth": 0.6,
        "tickColor": INK,
        "tickWidth": 0.6,
        "tickSize": 3,
        "labelColor": INK,
        "labelFontSize": FONT_SIZES["small"],
        "labelPadding": 2,
        "titleColor": INK,
        "titleFontSize": FONT_SIZES["normal"],
        "titleFontWeight": "normal",
        "titlePadding": 4,
    },
    "legend": {
        "orient": "top",
        "offset": 4,
        "padding": 0,
        "columnPadding": 10,
        "rowPadding": 1,
        "labelColor": INK,
        "labelFontSize": FONT_SIZES["normal"],
        "labelLimit": 0,
        "labelOffset": 3,
        "symbolOpacity": 1,
        "symbolSize": 36,
        "titleColor": INK,
        "titleFontSize": FONT_SIZES["normal"],
        "titleFontWeight": "normal",
    },
    "header": {
        "labelColor": INK,
        "labelFontSize": FONT_SIZES["normal"],
        "labelFontWeight": "normal",
        "titleColor": INK,
        "titleFontSize": FONT_SIZES["normal"],
        "titleFontWeight": "normal",
    },
    "title": {
        "anchor": "start",
        "frame": "group",
        "offset": 5,
        "color": INK,
        "fontSize": FONT_SIZES["title"],
        "fontWeight": "normal",
        "subtitleColor": FAINT,
        "subtitleFontSize": FONT_SIZES["small"],
        "subtitleFontWeight": "normal",
        "subtitleLineHeight": 9,
        "subtitlePadding": 3,
    },
    "text": {"color": INK, "fontSize": FONT_SIZES["small"]},
    # Opaque: each see-through point makes a PDF larger by half a kilobyte.
    "point": {"filled": True, "opacity": 1, "size": 24},
    "line": {"strokeWidth": 1.2},
    "rule": {"color": INK, "strokeWidth": 0.6},
    "range": {
        "category": [series.colour for series in SERIES],
        "symbol": [series.shape for series in SERIES],
    },
}


def styled(chart: AnyChart, legend: Literal["top", "bottom"] = "top") -> AnyChart:
    """Give a finished chart the look of all figures; only the outermost of nested ones takes it.

    The chart itself is changed: altair takes longer to copy it than all else took to draw it.
    """
    config = CONFIG | {"legend": CONFIG["legend"] | {"orient": legend}}
    chart.config = alt.Config.from_dict(config)
    return chart


def series_styles(names: Iterable[str]) -> dict[str, SeriesStyle]:
    """Give each series a style of its own, in order.

    Raises:
        UserError: there are more series than one can tell apart.
    """
    distinct = list(dict.fromkeys(names))
    ours = [name for name in distinct if name != ORIGINAL]
    if len(ours) > len(SERIES):
        raise UserError(
            f"one figure can tell {len(SERIES)} series apart, not {len(ours)}: show fewer."
        )
    styles = dict(zip(ours, SERIES, strict=False)) | {ORIGINAL: _ORIGINAL_STYLE}
    return {name: styles[name] for name in distinct}


def series_scale(names: Iterable[str], channel: Channel) -> alt.Scale:
    """Give the scale by which a channel shows the series in their styles.

    Encodings of colour, shape and dash with the same field and title share one legend.

    Raises:
        UserError: there are more series than one can tell apart.
    """
    styles = series_styles(names)
    values = {name: getattr(style, channel) for name, style in styles.items()}
    # An empty list would be taken for no dash pattern at all: draw one point, leave out none.
    shown = [list(v) or [1, 0] if isinstance(v, tuple) else v for v in values.values()]
    return alt.Scale(domain=list(values), range=shown)
