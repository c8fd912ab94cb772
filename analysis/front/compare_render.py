"""Searches beside each other in the formats that people and programs read."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from analysis.front.compare import Contest
from analysis.front.render import Texts, aligned_within, csv_text
from analysis.numbers import MISSING
from analysis.render.data import strict_json
from analysis.render.markdown import escape, pipe_row
from analysis.render.text import WIDTH, wrapped

SEARCH_HEADS = ("Search", "Sampler", "Sampler seed", "Candidates", "Feasible", "On the front",
                "Hypervolume")  # fmt: skip
GROUP_HEADS = ("Group", "Repeats", "Mean", "Std", "Median", "Least", "Most")


def search_records(contest: Contest) -> list[dict[str, Any]]:
    """Give what is known of each search.

    Returns:
        search, sampler, sampler_seed, candidates (that have ended), feasible and on_front (how
        many there are in all), hypervolume (at the length at which all are compared), group.
    """
    return [
        {
            "search": view.search.name,
            "sampler": view.search.sampler,
            "sampler_seed": view.search.sampler_seed,
            "candidates": len(view.curve),
            "feasible": sum(each.feasible for each in view.search.candidates),
            "on_front": len(view.front),
            "hypervolume": contest.volume(view),
            "group": contest.group_of(view),
        }
        for view in contest.views
    ]


def group_records(contest: Contest) -> list[dict[str, Any]]:
    """Give the hypervolume of each group over its repeats.

    Returns:
        group, repeats (how many), mean, std (of the sample; None of a single one), median, least,
        most.
    """
    return [
        {
            "group": group.name,
            "repeats": len(group.volumes),
            "mean": group.mean,
            "std": group.std,
            "median": group.median,
            "least": min(group.volumes.values()),
            "most": max(group.volumes.values()),
        }
        for group in contest.groups
    ]


def texts_of(records: Sequence[dict[str, Any]], heads: Texts) -> list[Texts]:
    """Write the first values of records, as many as there are heads."""
    return [tuple(map(_text, list(each.values())[: len(heads)])) for each in records]


def _text(value: object) -> str:
    if value is None:
        return MISSING
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def contest_text(contest: Contest) -> str:
    """Write the comparison for a terminal."""
    parts = []
    for heads, records in _tables(contest):
        parts += aligned_within(heads, texts_of(records, heads))
    parts.append(wrapped(contest.caption, WIDTH))
    parts += [wrapped(f"Note: {note}", WIDTH) for note in contest.notes]
    return "\n\n".join(parts) + "\n"


def contest_markdown(contest: Contest) -> str:
    """Write the comparison for GitHub."""
    parts = []
    for heads, records in _tables(contest):
        rows = "\n".join(map(pipe_row, texts_of(records, heads)))
        parts.append(f"{pipe_row(heads)}\n|{' ---: |' * len(heads)}\n{rows}")
    notes = "\n".join(f"- {escape(note)}" for note in contest.notes)
    return "\n\n".join(filter(None, [*parts, escape(contest.caption), notes])) + "\n"


def _tables(contest: Contest) -> list[tuple[Texts, list[dict[str, Any]]]]:
    return [
        (SEARCH_HEADS, search_records(contest)),
        (GROUP_HEADS, group_records(contest)),
    ]


def contest_csv(contest: Contest) -> str:
    """Write one line for each search; see `search_records`."""
    return csv_text(search_records(contest))


def contest_json(contest: Contest) -> str:
    """Write the comparison as strict JSON, with the hypervolume after each candidate."""
    curves = {view.search.name: view.curve for view in contest.views}
    content = {
        "searches": [each | {"curve": curves[each["search"]]} for each in search_records(contest)],
        "groups": group_records(contest),
        "pairs": [
            {
                "group": pairs.one.name,
                "other": pairs.other.name,
                "differences": {str(seed): each for seed, each in pairs.differences.items()},
                "more": pairs.more,
                "less": pairs.less,
            }
            for pairs in contest.pairs
        ],
        "reference": [asdict(end) for end in contest.reference],
        "length": contest.length,
        "caption": contest.caption,
        "notes": contest.notes,
    }
    return strict_json(content)


CONTEST_FORMATS: dict[str, Callable[[Contest], str]] = {
    "text": contest_text,
    "md": contest_markdown,
    "csv": contest_csv,
    "json": contest_json,
}
"""The formats of tables; a page has more and is written by `analysis.front.page`."""
