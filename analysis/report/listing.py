"""The trials of a page one by one: all of them, and those that failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.numbers import MISSING, mean_text
from analysis.report.downloads import Download, csv_of
from analysis.report.machines import moment
from analysis.settings import betas_of, setting_title, value_text, varying_settings
from trainables.metrics import METRICS, Metric

Entry = tuple[str, str | float | None, str]
"""A text, what it is sorted by where that is not the text, and its class."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's heading, and whether it holds numbers."""

    label: str
    is_number: bool


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A table of trials, and the same with all that is known of each as a file."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[Entry, ...], ...]
    file: Download


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A trial that failed: which, when, why, and where its log is."""

    key: str
    setting: str
    num_names: int
    seed: int
    ended: str
    error: str
    log: str


def listing_of(stem: str, trials: pl.DataFrame, metrics: Sequence[Metric]) -> Listing:
    """List the trials of `trials_of`: what sets each apart, and its numbers.

    Args:
        stem: of the file's name.
        trials: a row each.
        metrics: those that the table of the page shows.
    """
    settings = _settings(trials)
    shown = [metric for metric in metrics if metric.name in trials.columns]
    heads = [
        Head(label="State", is_number=False),
        *(Head(label=_words(name), is_number=trials[name].dtype.is_numeric()) for name in settings),
        *(Head(label=metric.label, is_number=True) for metric in shown),
        Head(label="Duration", is_number=True),
        Head(label="Ended", is_number=False),
        Head(label="Trial", is_number=False),
    ]
    rows = [_row(trial, settings, shown) for trial in trials.iter_rows(named=True)]
    return Listing(heads=tuple(heads), rows=tuple(rows), file=csv_of(f"{stem}-trials", trials))


def failures_of(trials: pl.DataFrame, logs: Mapping[str, str]) -> tuple[Failure, ...]:
    """List the failed trials of `trials_of`; `logs` says where the log of a trial is."""
    keys = [*varying_settings(trials), *betas_of(trials)]
    failed = trials.filter(pl.col("state") == "failed")
    return tuple(
        Failure(
            key=trial["trial_key"],
            setting=setting_title({name: trial[name] for name in keys}),
            num_names=trial["num_names"],
            seed=trial["seed"],
            ended=moment(trial["end_time"]),
            error=trial["error"] or "the store does not say",
            log=logs.get(trial["trial_key"], "not on this machine"),
        )
        for trial in failed.iter_rows(named=True)
    )


def _settings(trials: pl.DataFrame) -> list[str]:
    return [*varying_settings(trials), "num_names", *betas_of(trials), "seed"]


def _words(setting: str) -> str:
    return setting.replace("_", " ").capitalize()


def _row(
    trial: Mapping[str, Any], settings: Sequence[str], metrics: Sequence[Metric]
) -> tuple[Entry, ...]:
    return (
        (trial["state"], None, f"is-{trial['state']}"),
        *(_setting(trial[name]) for name in settings),
        *(_number(trial[metric.name], metric) for metric in metrics),
        _number(trial["duration_s"], METRICS["trial_s"]),
        ("" if trial["end_time"] is None else moment(trial["end_time"]), None, "num"),
        (trial["trial_key"], None, "code"),
    )


def _setting(value: Any) -> Entry:
    if value is None:
        return "", None, ""
    is_number = isinstance(value, int | float)
    return value_text(value), None, "num" if is_number else ""


def _number(value: float | None, metric: Metric) -> Entry:
    if value is None:
        return MISSING, "", "num"
    return mean_text(value, metric.unit), value, "num"
