"""How long the defence takes, by the number of names or faces, and what each more adds (Fig. 5)."""

import math
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from analysis.figures.axes import PAD, axis_over
from analysis.figures.lines import dashed, look
from analysis.figures.points import Trials, setting_text
from analysis.figures.style import COLUMN_WIDTH
from analysis.published import facts
from analysis.settings import BETAS
from trainables.config import BUILTIN

SECONDS = ("prepare_s", "train_s")
"""The defence without its evaluation."""
UNKNOWN = "an unknown machine"
_PAPER_S = {"text": "seconds_per_additional_name", "image": "seconds_per_additional_face"}
_NOUNS = {"text": "name", "image": "face", "both": "person"}
_HEIGHT = 130
_AXIS_WIDTH = 38
_MOST_DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A least-squares line through run times.

    Attributes:
        slope: seconds for each more.
        error: its standard error, sqrt(sum of squared residuals / (n - 2) / sum of squared
            distances from the mean number); None below three measurements.
        at: the least and the most names measured.
        seconds: the line there.
    """

    slope: float
    error: float | None
    at: tuple[float, float]
    seconds: tuple[float, float]


def fit_line(numbers: list[float], seconds: list[float]) -> Fit | None:
    """Fit a line to run times; None where all are of one number."""
    x, y = np.array(numbers), np.array(seconds)
    if len(x) == 0 or x.min() == x.max():
        return None
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    residuals = y - y.mean() - slope * away
    num_free = len(x) - 2
    error = math.sqrt(residuals @ residuals / num_free / (away @ away)) if num_free > 0 else None
    ends = (float(x.min()), float(x.max()))
    low, high = (float(y.mean() + slope * (end - x.mean())) for end in ends)
    return Fit(slope=slope, error=error, at=ends, seconds=(low, high))


def data_of(trials: Trials) -> pl.DataFrame:
    """Give a row for each finished trial: its settings, machine, series, x (how many), seconds."""
    known = pl.all_horizontal(pl.col(name).is_finite() for name in SECONDS)
    rows = trials.rows.filter(pl.col("is_done"), known.fill_null(value=False))
    is_gpu = pl.col("device").str.starts_with("cuda")
    machine = pl.when(is_gpu).then("gpus").otherwise("cpu").fill_null(UNKNOWN)
    rows = rows.with_columns(seconds=pl.sum_horizontal(SECONDS), x="num_names", machine=machine)
    keys = _telling(rows, trials)
    names = [_name({key: row[key] for key in keys}, trials) for row in rows.rows(named=True)]
    shown = dict.fromkeys(["encoder", *trials.keys, "machine", "seed", "x", *SECONDS, "seconds"])
    return rows.select(*shown).with_columns(series=pl.Series(names, dtype=pl.String))


def _telling(rows: pl.DataFrame, trials: Trials) -> list[str]:
    """List the columns that tell series apart; a weight that follows from the rest is left out."""
    keys = [*trials.keys, "machine"]
    for beta in BETAS:
        rest = [key for key in keys if key != beta]
        if rows.select(rest).n_unique() == rows.select(keys).n_unique():
            keys = rest
    return [key for key in keys if rows[key].n_unique() > 1]


def _name(keys: dict[str, Any], trials: Trials) -> str:
    machine = keys.pop("machine", None)
    encoder = keys.pop("encoder", None)
    parts = [f"{encoder} encoder" if encoder else "", setting_text(keys), machine]
    return ", ".join(part for part in parts if part) or trials.noun


def run_time_chart(trials: Trials, data: pl.DataFrame) -> alt.LayerChart:
    """Draw single measurements and their lines.

    Raises:
        UserError: there are more series than one can tell apart.
    """
    groups = data.group_by("series", maintain_order=True)
    fits = {str(name): fit_line(rows["x"].to_list(), rows["seconds"].to_list())
            for (name,), rows in groups}  # fmt: skip
    labels = {name: _label(name, fit, data) for name, fit in fits.items()}
    named = data.with_columns(pl.col("series").replace_strict(labels, return_dtype=pl.String))
    legend = list(labels.values())
    y = axis_over("Run time (s)", named.select(mean="seconds"), bottom=0.0)
    x = _numbers_channel(data, trials)
    tips = ["series:N", alt.Tooltip("x:Q", title="number"), "seconds:Q", "seed:Q"]
    points = alt.Chart(named.select("series", "x", pl.col("seconds").round(6), "seed"))
    marks = points.mark_point(tooltip=True).encode(
        x=x, y=y.channel("seconds"), tooltip=tips, **look(legend, "color", "shape", columns=1)
    )
    ends = alt.Chart(_ends(fits, labels)).encode(x=x, y=y.channel("seconds"))
    layers = [*dashed(ends, legend, legend), marks]
    return alt.LayerChart(layer=layers, width=COLUMN_WIDTH - _AXIS_WIDTH, height=_HEIGHT)


def _numbers_channel(data: pl.DataFrame, trials: Trials) -> alt.X:
    axis: dict[str, Any] = {"title": f"Number of {trials.noun}", "format": "d", "tickMinStep": 1}
    scale: dict[str, Any] = {"domain": [0, max(data["x"])], "nice": False, "padding": PAD}
    return alt.X("x:Q", axis=axis, scale=scale)


def _ends(fits: dict[str, Fit | None], labels: dict[str, str]) -> pl.DataFrame:
    rows = [
        {"series": labels[name], "x": at, "seconds": round(seconds, 6)}
        for name, fit in fits.items()
        if fit
        for at, seconds in zip(fit.at, fit.seconds, strict=True)
    ]
    return pl.DataFrame(rows, schema={"series": pl.String, "x": pl.Float64, "seconds": pl.Float64})


def _label(name: str, fit: Fit | None, data: pl.DataFrame) -> str:
    if fit is None:
        return name
    encoder = data.filter(pl.col("series") == name)["encoder"][0]
    slope = f"{fit.slope:.3g}"
    if fit.error:
        decimals = min(_MOST_DECIMALS, max(0, 1 - math.floor(math.log10(fit.error))))
        slope = f"{fit.slope:.{decimals}f} ± {fit.error:.{decimals}f}"
    return f"{name}: {slope} s per {_NOUNS[encoder]}"


def machines_text(trials: Trials, data: pl.DataFrame) -> str:
    """Say on what was measured, and what the paper found on its own machine."""
    machines = data["machine"].unique(maintain_order=True).to_list()
    sentences = [f"Measured on {', '.join(machines)}."]
    is_real = not (trials.rows["data"] == BUILTIN).any()
    if is_real and UNKNOWN not in machines:
        for encoder in data["encoder"].unique(maintain_order=True):
            if encoder in _PAPER_S:
                fact = facts()[_PAPER_S[encoder]]
                sentences.append(f"In {fact.source}: {fact.value:g} s per {_NOUNS[encoder]}.")
    return " ".join(sentences)
