"""Pages for a browser, each from one template and complete in itself."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def fill_page(template: str, **values: Any) -> str:
    """Fill a template of `analysis/templates`; values are escaped, and none may be missing."""
    environment = Environment(
        loader=PackageLoader("analysis", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)


def fill_scripted(template: str, scripts: Sequence[str] = (), **values: Any) -> str:
    """Fill a template that extends `report_base.html`: of scripts, only its own may run.

    Args:
        template: of `analysis/templates`.
        scripts: what the page needs before the script of all such pages.
        values: as for `fill_page`.
    """
    own = files("analysis").joinpath("templates/report.js").read_text("utf-8")
    held = [*scripts, own]
    return fill_page(template, scripts=held, hashes=" ".join(map(_hash, held)), **values)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
