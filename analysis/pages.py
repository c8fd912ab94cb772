"""Pages for a browser, each from one template and complete in itself."""

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
