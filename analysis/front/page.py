"""Searches as pages for a browser, each complete in itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from analysis.figures.figure import Figure
from analysis.figures.write import vega_scripts
from analysis.front.compare import (
    Contest,
    contest_csv,
    contest_frame,
    contest_heads,
    contest_json,
    contest_rows,
)
from analysis.front.render import Texts, front_csv, front_json, heads_of, rows_of, values_of
from analysis.front.view import FrontView, seeds_text
from analysis.pages import fill_page
from analysis.report.downloads import Download, compact
from analysis.report.views import figure_views


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table of a page.

    Attributes:
        title: its heading.
        heads: of the columns.
        rows: each as long as the heads: texts, and what they are sorted by.
        words: below it.
        files: the same as data.
    """

    title: str
    heads: Texts
    rows: Sequence[Sequence[tuple[str, object]]]
    words: tuple[str, ...]
    files: tuple[Download, ...]


def front_page(view: FrontView, figures: Sequence[Figure], command: str, made_at: str) -> str:
    """Write the page of a search.

    Args:
        view: what it shows.
        figures: of the search.
        command: what makes the page again, for the shell.
        made_at: when, in words.
    """
    search = view.search
    name = f"{search.name}-front"
    table = PageTable(
        title="The front",
        heads=heads_of(view),
        rows=_sortable(rows_of(view), values_of(view)),
        words=(view.caption, *view.notes),
        files=(
            Download(file=f"{name}.csv", text=front_csv(view)),
            Download(file=f"{name}.json", text=compact(front_json(view))),
        ),
    )
    by = (
        f"Sampler {search.sampler}, seed {search.sampler_seed}; candidates judged on seeds "
        f"{seeds_text(search.seeds)}"
    )
    return _page(f"Search {search.name}", search.description, by, table, figures, command, made_at)


def contest_page(contest: Contest, figures: Sequence[Figure], command: str, made_at: str) -> str:
    """Write the page that compares searches; see `front_page`."""
    table = PageTable(
        title="Hypervolume",
        heads=contest_heads(),
        rows=_sortable(contest_rows(contest), contest_frame(contest).rows()),
        words=(contest.caption, *contest.notes),
        files=(
            Download(file="searches.csv", text=contest_csv(contest)),
            Download(file="searches.json", text=compact(contest_json(contest))),
        ),
    )
    by = f"{len(contest.views)} searches"
    return _page("Searches beside each other", "", by, table, figures, command, made_at)


def _sortable(
    texts: Sequence[Texts], values: Sequence[Sequence[object]]
) -> list[list[tuple[str, object]]]:
    return [list(zip(*row, strict=True)) for row in zip(texts, values, strict=True)]


def _page(
    title: str, lead: str, by: str, table: PageTable, figures: Sequence[Figure], command: str,
    made_at: str,
) -> str:  # fmt: skip
    script = files("analysis").joinpath("templates/report.js").read_text("utf-8")
    return fill_page(
        "front_page.html",
        title=title,
        lead=lead,
        by=by,
        tables=[table],
        figures=figure_views(figures),
        command=command,
        made_at=made_at,
        scripts=[vega_scripts(), script] if figures else [script],
        hashes="'unsafe-inline'",
        signs={},
    )
