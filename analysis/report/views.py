"""Tables, figures and people as a page shows them: their HTML, and their data as files."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.figures.figure import Figure
from analysis.figures.write import Spec, spec_of
from analysis.layout import Table
from analysis.render import render
from analysis.render.html import html_fragment
from analysis.report.downloads import Download, of_frame


@dataclass(frozen=True, kw_only=True)
class Section:
    """A piece of HTML that is shown as it is, and the same as files."""

    html: str
    files: tuple[Download, ...]


@dataclass(frozen=True, kw_only=True)
class FigureView:
    """A figure: its words, its Vega-Lite, and its data as files."""

    name: str
    title: str
    caption: str
    spec: Spec
    files: tuple[Download, ...]


def table_section(table: Table, *, compare: bool = False) -> Section:
    """Show a table; with `compare`, each row beside what a paper prints."""
    formats = ("csv", "json")
    return Section(
        html=html_fragment(table, compare=compare),
        files=tuple(
            Download(file=f"{table.name}.{each}", text=render(table, each)) for each in formats
        ),
    )


def figure_views(figures: Sequence[Figure]) -> tuple[FigureView, ...]:
    """Show figures."""
    return tuple(
        FigureView(
            name=figure.name,
            title=figure.title,
            caption=figure.caption,
            spec=spec_of(figure.chart),
            files=of_frame(figure.name, figure.data),
        )
        for figure in figures
    )
