"""How numbers are shown: two decimals, as in the paper, without claiming more than was found.

Rounding must not hide a difference that matters: a share is shown as 0.00% or 100.00%, and a
similarity as 1.00, only when it is that. A similarity of 0.9996 is shown as 0.99, as the paper
does, and an accuracy of 0.99999 as 99.99%. All else is rounded to the nearest.
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
_DECIMALS: dict[str, int] = {"seconds": 1, "loss": 4}


def mean_text(value: float, unit: Unit) -> str:
    """Show a mean, such as `97.50%`, `0.99` or `12.3 s`."""
    for bound, tolerance in _BOUNDS.get(unit, ()):
        text = _text(value, unit)
        if text == _text(bound, unit) and abs(value - bound) > tolerance:
            step = 0.01 if unit == "similarity" else 0.0001
            return _text(bound + math.copysign(step, value - bound), unit)
    return _text(value, unit)


def std_text(value: float, unit: Unit) -> str:
    """Show a standard deviation, which is rounded to the nearest."""
    return _text(value, unit)


def rounds_to_zero(value: float, unit: Unit) -> bool:
    """Say whether a standard deviation would be shown as zero."""
    return _text(value, unit) == _text(0.0, unit)


def _text(value: float, unit: Unit) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    scale = 100.0 if unit == "share" else 1.0
    # First off with what is only the noise of a sum, so that a mean of equal values is shown as
    # each of them is. Adding zero turns a negative zero that rounding left into a positive one.
    number = round(round(value * scale, 9), _DECIMALS.get(unit, 2)) + 0.0
    suffix = {"share": "%", "seconds": " s"}.get(unit, "")
    return f"{number:.{_DECIMALS.get(unit, 2)}f}{suffix}"
