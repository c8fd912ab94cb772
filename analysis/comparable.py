"""Which of our rows the paper prints as well: those of exactly its settings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from analysis.compare import compare
from analysis.layout import Cell, State
from analysis.published import (
    IDENTITIES,
    published_cell,
    published_counts,
    published_metrics,
    published_models,
)
from trainables.config import BUILTIN, GROWTH_FIELDS
from trainables.metrics import Metric, of_task
from trainables.presets import PRESETS

Settings = Mapping[str, Any]
"""The fields of a trial: of its configuration, or of a frame, where lists are text."""
Where = tuple[Any, ...]

_PAPER = "ecai2024"
_WORKSHOP = "neurips2023"
_ACTIVATION = "-quickgelu"
_WEIGHTS = {"RN50": "openai"}
_USUAL_WEIGHTS = "laion400m_e32"
_TOP1, _TOP5 = "zeroshot_top1", "zeroshot_top5"
_IMAGENET = of_task("imagenet-v2", _TOP1)
_OTHER_TASK = (
    "Top-1 and Top-5 are not compared with the paper's, which are of ImageNet-V2: other images "
    "were classified here."
)
_WHICH_PEOPLE = (
    "The paper does not say which of FaceScrub's people it classifies, nor with which prompts: "
    "ours are all people of the data with the attack's pictures and prompts."
)
_WHICH_VARIANT = (
    "The paper does not say whether the defended models of Tables 2 and 3 are regularized: they "
    "stand beside ours that are."
)


class Comparable:
    """The rows of a table that can stand beside printed ones.

    Args:
        trials: one row for each expected trial: settings and metrics.
        by: the columns that tell the rows of the table apart; the settings but the seed are the
            same within each.
    """

    def __init__(self, trials: pl.DataFrame, by: Sequence[str]) -> None:
        shows = pl.col(_IMAGENET) if _IMAGENET in trials.columns else pl.lit(None, pl.Float64)
        has_other = (pl.col(_TOP1).is_not_null() & shows.is_null()).any()
        firsts = trials.group_by(by, maintain_order=True).agg(
            pl.struct(pl.all().first()).alias("_settings"), has_other.alias("_has_other")
        )
        self._rows: dict[Where, Settings] = {}
        self._reasons: dict[str, None] = {}
        self._has_other: set[Where] = set()
        for *at, settings, other in firsts.iter_rows():
            row = settings | dict(zip(by, at, strict=True))
            reason = why_not_comparable(row)
            if reason:
                self._reasons[reason] = None
                continue
            self._rows[tuple(at)] = row
            if other:
                self._has_other.add(tuple(at))

    def __contains__(self, at: Where) -> bool:
        """Say whether a row has the paper's settings."""
        return at in self._rows

    def beside(self, cell: Cell, at: Where, metric: str, state: State = "unlearned") -> Cell:
        """Put what the paper prints beside a cell, where it does.

        Args:
            cell: ours.
            at: the row, by the columns that tell rows apart; of the original model, any of its
                panel.
            metric: of the cell.
            state: of the model.
        """
        settings = self._rows.get(at)
        if settings is None or (metric in (_TOP1, _TOP5) and at in self._has_other):
            return cell
        found = published_cell(
            settings["encoder"],
            settings["model"],
            metric,
            state=state,
            regularized=settings["beta"] > 0,
            num_names=settings["num_names"],
        )
        return replace(cell, comparison=compare(cell, found)) if found else cell

    def notes(self, columns: Sequence[Metric]) -> Iterator[str]:
        """Say why rows stand alone, and what a comparison takes for granted."""
        names = {column.name for column in columns}
        if not names & published_metrics():
            return
        for reason in self._reasons:
            yield f"Not compared: {reason}."
        if names & {_TOP1, _TOP5} and self._has_other:
            yield _OTHER_TASK
        if self._rows and of_task(IDENTITIES, _TOP1) in names:
            yield _WHICH_PEOPLE
        other_tasks = {name for name in names & published_metrics() if "/" in name}
        if other_tasks and any(row["num_names"] == 64 for row in self._rows.values()):
            yield _WHICH_VARIANT


def why_not_comparable(settings: Settings) -> str:
    """Say why trials are not those of the paper's tables; empty where they are."""
    encoder, model = settings["encoder"], settings["model"]
    if BUILTIN in (model, settings["data"]):
        return "runs on the built-in world are never compared with the papers"
    if encoder == "both":
        return "the papers print no table of both encoders at once"
    if model.endswith(_ACTIVATION):
        return (
            f"the paper's accuracies are those of {model.removesuffix(_ACTIVATION)} with GELU, not "
            f"of {model}"
        )
    if _is_workshop(settings):
        return "the workshop paper prints its results as figures only"
    if model not in published_models(encoder):
        return f"the paper has no table of the {encoder} encoder of {model}"
    return _other_settings(settings, encoder, model)


def _is_workshop(settings: Settings) -> bool:
    preset = PRESETS[_WORKSHOP].get((settings["encoder"], settings["model"]))
    return preset is not None and not _differing(settings, preset)


def _other_settings(settings: Settings, encoder: str, model: str) -> str:
    """Say which settings are not the paper's, with theirs."""
    weights = _WEIGHTS.get(model, _USUAL_WEIGHTS)
    wanted = {"pretrained": weights} | dict(PRESETS[_PAPER][encoder, model])
    differing = _differing(settings, wanted)
    counts = published_counts(encoder, model)
    if settings["num_names"] not in counts:
        differing["num_names"] = ", ".join(map(str, counts))
    if not differing:
        return ""
    shown = [
        f"{name.replace('_', ' ')} {_text(settings[name])} (the paper's: {theirs})"
        for name, theirs in differing.items()
    ]
    return f"other settings than the paper's: {', '.join(shown)}"


def _differing(settings: Settings, preset: Settings) -> dict[str, str]:
    """Name the settings that differ from a preset's, without regularization or with it."""
    theirs = {**preset, **dict.fromkeys(GROWTH_FIELDS)}  # the papers' weights of the loss stay
    found = {name: _text(value) for name, value in theirs.items()
             if _text(settings[name]) != _text(value)}  # fmt: skip
    if settings["beta"] == 0:
        found.pop("beta", None)
    return found


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
