"""Searches as pages for a browser, each complete in itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.figures.figure import Figure
from analysis.figures.write import vega_scripts
from analysis.front.compare import Contest
from analysis.front.compare_render import (
    GROUP_HEADS,
    SEARCH_HEADS,
    contest_csv,
    contest_json,
    group_records,
    search_records,
    texts_of,
)
from analysis.front.render import Texts, front_csv, front_json, heads_of, rows_of, values_of
from analysis.front.view import FrontView, seeds_text
from analysis.pages import fill_scripted
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
        files: the same as data, if the page has it nowhere else.
    """

    title: str
    heads: Texts
    rows: Sequence[Sequence[tuple[str, object]]]
    words: tuple[str, ...] = ()
    files: tuple[Download, ...] = ()


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
    title = f"Search {search.name}"
    return _page(title, search.description, by, [table], figures, command, made_at)


def contest_page(contest: Contest, figures: Sequence[Figure], command: str, made_at: str) -> str:
    """Write the page that compares searches; see `front_page`."""
    groups = PageTable(
        title="Hypervolume over repeats",
        heads=GROUP_HEADS,
        rows=_rows(group_records(contest), GROUP_HEADS),
        words=(*contest.notes, contest.caption),
    )
    searches = PageTable(
        title="Hypervolume of each search",
        heads=SEARCH_HEADS,
        rows=_rows(search_records(contest), SEARCH_HEADS),
        files=(
            Download(file="searches.csv", text=contest_csv(contest)),
            Download(file="searches.json", text=compact(contest_json(contest))),
        ),
    )
    by = f"{len(contest.views)} searches"
    tables = [groups, searches]
    return _page("Searches beside each other", "", by, tables, figures, command, made_at)


def _rows(records: Sequence[dict[str, object]], heads: Texts) -> list[list[tuple[str, object]]]:
    values = [["" if value is None else value for value in each.values()] for each in records]
    return _sortable(texts_of(records, heads), [each[: len(heads)] for each in values])


def _sortable(
    texts: Sequence[Texts], values: Sequence[Sequence[object]]
) -> list[list[tuple[str, object]]]:
    return [list(zip(*row, strict=True)) for row in zip(texts, values, strict=True)]


def _page(
    title: str, lead: str, by: str, tables: Sequence[PageTable], figures: Sequence[Figure],
    command: str, made_at: str,
) -> str:  # fmt: skip
    return fill_scripted(
        "front_page.html",
        [vega_scripts()] if figures else [],
        title=title,
        lead=lead,
        by=by,
        tables=tables,
        figures=figure_views(figures),
        command=command,
        made_at=made_at,
        signs={},
    )
