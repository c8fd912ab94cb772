"""The words around a table: its caption, and what it is silent about otherwise."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from analysis.layout import Cell, Panel
from analysis.numbers import MISSING
from analysis.runs import FINISHED, duplicates, finished
from analysis.stats import MIN_PAIRS
from trainables.config import field_names
from trainables.metrics import Metric

_ARROWS = (
    "Arrows show the change by weight regularization, in brackets where a paired sign-flip test "
    "over the seeds in common does not find it (false discovery rate of 5% over the table)."
)
_STATES = {"FAILED": "failed", "KILLED": "failed", "RUNNING": "running", "SCHEDULED": "running"}


def caption_of(description: str, panels: Sequence[Panel], rule: str) -> str:
    """Say what the numbers are, and how to read the signs that occur.

    Args:
        description: of the sweep.
        panels: of the table.
        rule: by which settings were selected, in a sentence.
    """
    cells = [cell for panel in panels for row in panel.rows for cell in row.cells if cell]
    sentences = [sentence(description)] if description.strip() else []
    sentences.append(
        "Mean ± sample standard deviation over seeds. Shares and similarities are rounded to the "
        "second decimal; 0%, 100% and a similarity of 1 are shown only where they are exact."
    )
    if any(row.state == "original" for panel in panels for row in panel.rows):
        sentences.append("The original model is measured over the trials of its panel.")
    if any(cell.n == 1 for cell in cells):
        sentences.append("A single seed has no ±.")
    if any(cell.change for cell in cells):
        sentences.append(_ARROWS)
    sentences.append(rule)
    if any(cell.mean is None for cell in cells):
        sentences.append(f"{MISSING} marks what is missing.")
    return " ".join(sentences)


def sentence(text: str) -> str:
    """Give a description on one line, with a stop."""
    words = " ".join(text.split())
    return words if words[-1] in ".!?" else f"{words}."


def notes_of(
    frame: pl.DataFrame,
    wanted: pl.DataFrame,
    columns: Sequence[Metric],
    panels: Sequence[Panel],
    num_pairs: int | None,
) -> tuple[str, ...]:
    """Say what is missing, doubled, left out or not a number; nothing where all is well.

    Args:
        frame: runs of any status.
        wanted: the trials that should be there.
        columns: the metrics of the table.
        panels: of the table.
        num_pairs: the least number of seeds that a test of change has; None without a test.
    """
    notes = [
        _completeness(frame, wanted),
        _doubled(frame, wanted),
        _alike(wanted),
        _left_out(frame, wanted),
        *_not_numbers(columns, panels),
        _too_few(num_pairs),
    ]
    return tuple(note for note in notes if note)


def _completeness(frame: pl.DataFrame, wanted: pl.DataFrame) -> str:
    keys = wanted["trial_key"]
    done = set(finished(frame)["trial_key"])
    latest = frame.filter(pl.col("trial_key").is_not_null()).sort("start_time")
    status = dict(latest.select("trial_key", "status").iter_rows())
    counts = Counter(_state(status.get(key)) for key in keys if key not in done)
    if not counts:
        return ""
    total = len(keys)
    parts = [f"{counts[state]} {state}" for state in sorted(counts)]
    return f"Of {_count(total, 'trial')}, {total - counts.total()} finished, {', '.join(parts)}."


def _state(status: str | None) -> str:
    if status is None:
        return "not run"
    return "without a record" if status == FINISHED else _STATES.get(status, status.lower())


def _doubled(frame: pl.DataFrame, wanted: pl.DataFrame) -> str:
    doubled = set(duplicates(frame)) & set(wanted["trial_key"])
    if not doubled:
        return ""
    return f"{_count(len(doubled), 'trial')} finished more than once; the latest run counts."


def _alike(wanted: pl.DataFrame) -> str:
    alike = len(wanted) - wanted.select(field_names()).n_unique()
    if not alike:
        return ""
    return (
        f"{_count(alike, 'trial')} share their settings and seed with another, on other weights "
        "or data, and count as seeds of their own."
    )


def _left_out(frame: pl.DataFrame, wanted: pl.DataFrame) -> str:
    extra = len(finished(frame).join(wanted, "trial_key", how="anti"))
    if not extra:
        return ""
    return f"Left out, being outside the sweep as it now stands: {_count(extra, 'finished trial')}."


def _not_numbers(columns: Sequence[Metric], panels: Sequence[Panel]) -> list[str]:
    notes = []
    for panel in panels:
        for row in panel.rows:
            pairs = zip(columns, row.cells, strict=True)
            found = [f"{column.label} ({_nan(cell)})" for column, cell in pairs if _nan(cell)]
            if found:
                where = "original model" if row.state == "original" else f"n = {row.num_names}"
                notes.append(f"Not a number: {', '.join(found)} at {where}, {panel.title}.")
    return notes


def _too_few(num_pairs: int | None) -> str:
    if num_pairs is None or num_pairs >= MIN_PAIRS:
        return ""
    return (
        f"With fewer than {MIN_PAIRS} seeds in common the test of a change finds none, however "
        f"large: the fewest here are {num_pairs}."
    )


def _nan(cell: Cell | None) -> str:
    return f"{cell.num_nan} of {cell.n}" if cell and cell.num_nan else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
