"""Tables, figures and people as a page shows them: their HTML, and their data as files."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.figures.figure import Figure
from analysis.figures.write import Spec, spec_of
from analysis.layout import Table
from analysis.people import PeopleView
from analysis.render import render
from analysis.render.html import html_fragment
from analysis.render.people import people_csv, people_fragment, people_json
from analysis.report.downloads import Download, compact, csv_of, json_of


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
    return Section(
        html=html_fragment(table, compare=compare),
        files=(
            Download(file=f"{table.name}.csv", text=render(table, "csv")),
            Download(file=f"{table.name}.json", text=compact(render(table, "json"))),
        ),
    )


def people_section(view: PeopleView) -> Section:
    """Show what became of each person; files where there is anything to tell."""
    files = (
        Download(file=f"{view.name}-people.csv", text=people_csv(view)),
        Download(file=f"{view.name}-people.json", text=compact(people_json(view))),
    )
    return Section(html=people_fragment(view), files=files if view.settings else ())


def figure_views(figures: Sequence[Figure]) -> tuple[FigureView, ...]:
    """Show figures."""
    return tuple(
        FigureView(
            name=figure.name,
            title=figure.title,
            caption=figure.caption,
            spec=spec_of(figure.chart),
            files=(csv_of(figure.name, figure.data), json_of(figure.name, figure.data)),
        )
        for figure in figures
    )
