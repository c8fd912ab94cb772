"""A table for a browser: one self-contained page for screens, dark or light, and for print."""

from analysis.layout import Table
from analysis.pages import fill_page
from analysis.render.cells import WORDS, panel_title, row_texts, widest_stds


def html_page(table: Table) -> str:
    """Write a table as a page that needs nothing else."""
    return fill_page(
        "table.html",
        table=table,
        columns=list(zip(table.columns_with_changes, widest_stds(table), strict=True)),
        words=WORDS,
        row_texts=row_texts,
        panel_title=panel_title,
    )
