"""Our cells beside those that the paper prints, where the settings are the paper's.

The verdict on a cell, with a margin of one percentage point for shares and of 0.01 for cosines:

- *agrees* where both print the same text (what differs by half a printed digit counts, since the
  paper rounds halves the other way), or where two one-sided t-tests (TOST) show at 5% that the
  means differ by less than the margin;
- *differs* where they do not agree and Welch's t-test tells the means apart at 5%;
- where neither side varies there is nothing to test: they agree within the margin and half a
  printed digit, and differ otherwise;
- *undecided* in all other cases, such as a single seed that prints something else.

A published mean is known to half a printed digit: each test takes it at the end of that interval
which speaks against its verdict.
"""

import math

from analysis.layout import Cell, Comparison, Published, Verdict
from analysis.numbers import mean_text
from analysis.stats import LEVEL, Sample, tost, welch
from trainables.metrics import Unit

MARGIN = 0.01
"""Within which means count as equal: a percentage point, or a hundredth of a cosine."""
RULE = (
    "Ours agree with the published figures of the same settings where both print alike or two "
    "one-sided t-tests show the means equal within one percentage point (0.01 for similarities), "
    "and differ where they do not agree and Welch's t-test tells them apart (each at 5%); all else "
    "is undecided."
)
"""The verdicts in a sentence, for captions."""
EXACT_RULE = "A count agrees with the paper's where it is the same number."
"""Likewise, of numbers that have no spread."""

_DIGITS: dict[Unit, float] = {"share": 1e-4, "similarity": 1e-2}
_NOISE = 1e-9


def compare(cell: Cell, published: Published) -> Comparison:
    """Put a cell beside what the paper prints; the module says by which rule."""
    welch_p = tost_p = None
    difference = None
    if cell.mean is not None and math.isfinite(cell.mean):
        difference = cell.mean - published.mean
        ours = Sample(cell.mean, cell.std or 0.0, cell.n)
        half = math.copysign(_DIGITS[cell.unit] / 2, difference)
        nearest = published.mean + (half if abs(half) < abs(difference) else difference)
        welch_p = welch(ours, Sample(nearest, published.std, published.n))
        tost_p = tost(ours, Sample(published.mean - half, published.std, published.n), MARGIN)
    return Comparison(
        published=published,
        difference=difference,
        welch_p=welch_p,
        tost_p=tost_p,
        margin=MARGIN,
        verdict=_verdict(cell, published, welch_p, tost_p),
    )


def compare_exactly(cell: Cell, published: Published) -> Comparison:
    """Put a number that has no spread, such as one of parameters, beside the paper's."""
    difference = None if cell.mean is None else cell.mean - published.mean
    verdict: Verdict | None = None
    if difference is not None:
        verdict = "differs" if difference else "agrees"
    return Comparison(
        published=published,
        difference=difference,
        welch_p=None,
        tost_p=None,
        margin=0.0,
        verdict=verdict,
    )


def _verdict(
    cell: Cell, published: Published, welch_p: float | None, tost_p: float | None
) -> Verdict | None:
    if cell.mean is None:
        return None
    if not math.isfinite(cell.mean):
        return "undecided"
    distance, digit = abs(cell.mean - published.mean), _DIGITS[cell.unit]
    prints_alike = mean_text(cell.mean, cell.unit) == mean_text(published.mean, cell.unit)
    if prints_alike or distance <= digit / 2 + _NOISE or (tost_p is not None and tost_p < LEVEL):
        return "agrees"
    if welch_p is not None:
        return "differs" if welch_p < LEVEL else "undecided"
    if cell.n > 1 and published.n > 1:
        return "agrees" if distance <= MARGIN + digit / 2 + _NOISE else "differs"
    return "undecided"
