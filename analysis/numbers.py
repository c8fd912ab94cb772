"""How numbers are shown: two decimals, as in the paper, without claiming more than was found.

Rounding must not hide a difference that matters: a share is shown as 0.00% or 100.00%, and a
similarity as 1.00, only when it is that. A similarity of 0.9996 is shown as 0.99, as the paper
does, and an accuracy of 0.99999 as 99.99%. All else is rounded to the nearest. Counts are whole
where they are whole: 37,828,608 parameters, but 3.50 templates in the mean.
"""

import math

from trainables.metrics import Unit

MISSING = "\N{EN DASH}"
_SINGLE_PRECISION = 1e-6
"""A cosine computed in 32 bits that differs from 1 by less is 1."""
_BOUNDS: dict[str, tuple[tuple[float, float], ...]] = {
    "share": ((0.0, 1e-9), (1.0, 1e-9)),
    "similarity": ((1.0, _SINGLE_PRECISION), (-1.0, _SINGLE_PRECISION)),
}
_DECIMALS: dict[str, int] = {"seconds": 1, "loss": 4, "joules": 0}
_FINE_DECIMALS: dict[str, int] = _DECIMALS | {"similarity": 4}
_SUFFIXES: dict[str, str] = {"share": "%", "seconds": " s", "joules": " J"}


def mean_text(value: float, unit: Unit, *, finely: bool = False) -> str:
    """Show a mean, such as `97.50%`, `0.99` or `12.3 s`.

    Args:
        value: the mean.
        unit: of the metric.
        finely: with four decimals of similarities, for what two would not tell apart.
    """
    for bound, tolerance in _BOUNDS.get(unit, ()):
        text = _text(value, unit, finely)
        if text == _text(bound, unit, finely) and abs(value - bound) > tolerance:
            step = 0.01 if unit == "similarity" and not finely else 0.0001
            return _text(bound + math.copysign(step, value - bound), unit, finely)
    return _text(value, unit, finely)


def std_text(value: float, unit: Unit, *, finely: bool = False) -> str:
    """Show a standard deviation, which is rounded to the nearest; see `mean_text`."""
    return _text(value, unit, finely)


def difference_text(value: float, unit: Unit) -> str:
    """Show a difference with its sign, such as `+0.12 pp` (percentage points) or `-0.01`."""
    number, decimals = _rounded(value, unit)
    suffix = " pp" if unit == "share" else _SUFFIXES.get(unit, "")
    return f"{number:{'+' if number else ''},.{decimals}f}{suffix}"


def rounds_to_zero(value: float, unit: Unit) -> bool:
    """Say whether a standard deviation would be shown as zero."""
    return math.isfinite(value) and _rounded(value, unit)[0] == 0.0


def _text(value: float, unit: Unit, finely: bool) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    number, decimals = _rounded(value, unit, finely)
    return f"{number:,.{decimals}f}{_SUFFIXES.get(unit, '')}"


def _rounded(value: float, unit: Unit, finely: bool = False) -> tuple[float, int]:
    """Round to what is shown, and say how many decimals that has."""
    # First off with what is only the noise of a sum, so that a mean of equal values is shown as
    # each of them is. Adding zero turns a negative zero that rounding left into a positive one.
    exact = round(value * (100.0 if unit == "share" else 1.0), 9)
    decimals = (_FINE_DECIMALS if finely else _DECIMALS).get(unit, 2)
    if unit == "count" and exact == round(exact):
        decimals = 0
    return round(exact, decimals) + 0.0, decimals
