"""The front of a search in the formats that people and programs read."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from analysis.front.candidates import Candidate
from analysis.front.importance import shown
from analysis.front.searched import metric_of
from analysis.front.view import FrontView
from analysis.numbers import MISSING, mean_text, std_text
from analysis.render.data import DIGITS, strict_json
from analysis.render.markdown import escape, pipe_row
from analysis.render.text import GAP, WIDTH, wrapped

CHOSEN = "◆"
"""Marks the candidate that a rule chose."""
_NUMBER, _SEEDS = "Candidate", "Seeds"

Texts = tuple[str, ...]


def front_text(view: FrontView) -> str:
    """Write the front for a terminal: results, then the settings below them."""
    parts = [f"{view.search.name}: the front"]
    if view.front:
        names = [_name(each, view) for each in view.front]
        results = [(name, *row) for name, row in zip(names, result_rows(view), strict=True)]
        settings = [(name, *row) for name, row in zip(names, setting_rows(view), strict=True)]
        parts += aligned_within((_NUMBER, *result_heads(view)), results)
        parts += aligned_within((_NUMBER, *setting_heads(view)), settings)
    parts += [wrapped(words, WIDTH) for words in (view.caption, *_noted(view))]
    return "\n\n".join(parts) + "\n"


def front_markdown(view: FrontView) -> str:
    """Write the front for GitHub."""
    parts = [f"### {escape(view.search.name)}: the front"]
    if view.front:
        heads = heads_of(view)
        rule = "|" + " ---: |" * len(heads)
        parts.append("\n".join([pipe_row(heads), rule, *map(pipe_row, rows_of(view))]))
    parts += [escape(view.caption), "\n".join(f"- {escape(note)}" for note in view.notes)]
    return "\n\n".join(parts) + "\n"


def _noted(view: FrontView) -> list[str]:
    return [f"Note: {note}" for note in view.notes]


def heads_of(view: FrontView) -> Texts:
    """Head the columns of the front."""
    return (_NUMBER, *result_heads(view), *setting_heads(view))


def rows_of(view: FrontView) -> list[Texts]:
    """Write the candidates of the front, as `heads_of` says."""
    parts = zip(view.front, result_rows(view), setting_rows(view), strict=True)
    return [(_name(each, view), *results, *settings) for each, results, settings in parts]


def values_of(view: FrontView) -> list[tuple[object, ...]]:
    """Give what the columns of `rows_of` are sorted by; empty where there is nothing."""
    metrics, names = view.search.metrics, setting_heads(view)
    return [
        (
            each.number,
            each.n,
            *(each.mean.get(metric, "") for metric in metrics),
            *(each.params.get(name, "") for name in names),
        )
        for each in view.front
    ]


def _name(candidate: Candidate, view: FrontView) -> str:
    is_chosen = candidate.number == view.chosen
    return f"{CHOSEN} {candidate.number}" if is_chosen else str(candidate.number)


def result_heads(view: FrontView) -> Texts:
    """Head the metrics: objectives with the direction in which they are better."""
    arrows = {goal.metric: f" {goal.arrow}" for goal in view.search.goals}
    labels = (metric_of(name).label + arrows.get(name, "") for name in view.search.metrics)
    return (_SEEDS, *labels)


def result_rows(view: FrontView) -> list[Texts]:
    """Write the seeds and metrics of the candidates of the front."""
    names = view.search.metrics
    return [(str(each.n), *(value_of(each, name) for name in names)) for each in view.front]


def value_of(candidate: Candidate, metric: str) -> str:
    """Write the mean and deviation of a candidate's metric."""
    mean, std = candidate.mean.get(metric), candidate.std.get(metric)
    if mean is None:
        return MISSING
    unit = metric_of(metric).unit
    spread = (
        f" ± {std_text(std, unit, finely=True)}" if std is not None and math.isfinite(std) else ""
    )
    return mean_text(mean, unit, finely=True) + spread


def setting_heads(view: FrontView) -> Texts:
    """Head the parameters."""
    return tuple(scale.name for scale in view.search.scales)


def setting_rows(view: FrontView) -> list[Texts]:
    """Write the parameters of the candidates of the front; what a condition left out is missing."""
    names = setting_heads(view)
    return [
        tuple(shown(each.params[name]) if name in each.params else MISSING for name in names)
        for each in view.front
    ]


def aligned_within(heads: Texts, rows: Sequence[Texts], width: int = WIDTH) -> list[str]:
    """Set a table in columns; the last ones stand below the first where it is too wide."""
    columns = zip(heads, *rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    fitting = len(widths)
    while fitting > 2 and sum(widths[:fitting]) + len(GAP) * (fitting - 1) > width:
        fitting -= 1
    written = [
        GAP.join(f"{cell:>{size}}" for cell, size in zip(row, widths, strict=False))
        for row in (line[:fitting] for line in (heads, *rows))
    ]
    block = "\n".join([written[0], "─" * len(written[0]), *written[1:]])
    if fitting == len(heads):
        return [block]
    first, *rest = ((line[0], *line[fitting:]) for line in (heads, *rows))
    return [block, *aligned_within(first, rest, width)]


def front_records(view: FrontView) -> list[dict[str, Any]]:
    """Give what is known of each candidate of the front.

    Returns:
        candidate, state, feasible, on_front, chosen, n; each parameter, lists as text; and for
        each metric its mean and, as METRIC_std, its deviation.
    """
    search = view.search
    return [
        {
            "candidate": each.number,
            "state": each.state,
            "feasible": each.feasible,
            "on_front": True,
            "chosen": each.number == view.chosen,
            "n": each.n,
        }
        | {scale.name: _plain(each.params.get(scale.name)) for scale in search.scales}
        | {
            key: value
            for name in search.metrics
            for key, value in ((name, each.mean.get(name)), (f"{name}_std", each.std.get(name)))
        }
        for each in view.front
    ]


def _plain(value: Any) -> Any:
    return shown(value) if isinstance(value, list | tuple) else value


def front_csv(view: FrontView) -> str:
    """Write one line for each candidate of the front; see `front_records`."""
    return csv_text(front_records(view))


def csv_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Write a line for each record, all of the same names."""
    import polars as pl  # takes a while, and other formats do without

    frame = pl.DataFrame(records, infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS)).write_csv()


def front_json(view: FrontView) -> str:
    """Write all that is known of a search as strict JSON; `NaN` and infinities are strings."""
    choice = view.choice
    content = asdict(view.search) | {
        "front": [each.number for each in view.front],
        "chosen": choice and {"candidate": view.chosen, "rule": choice.rule, "help": choice.help},
        "reference": [asdict(end) for end in view.reference],
        "hypervolume": view.volume,
        "curve": view.curve,
        "caption": view.caption,
        "notes": view.notes,
    }
    return strict_json(content)


FRONT_FORMATS: dict[str, Callable[[FrontView], str]] = {
    "text": front_text,
    "md": front_markdown,
    "csv": front_csv,
    "json": front_json,
}
"""The formats of a table; a page has more and is written by `analysis.front.page`."""
