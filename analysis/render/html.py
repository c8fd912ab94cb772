"""A table for a browser: one self-contained page for screens, dark or light, and for print."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis.layout import Table
from analysis.render.cells import WORDS, panel_title, row_texts, widest_stds


def html_page(table: Table) -> str:
    """Write a table as a page that needs nothing else."""
    environment = Environment(
        loader=PackageLoader("analysis", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("table.html")
    return template.render(
        table=table,
        columns=list(zip(table.columns_with_changes, widest_stds(table), strict=True)),
        words=WORDS,
        row_texts=row_texts,
        panel_title=panel_title,
    )
