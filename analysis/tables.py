"""Trials -> a table in the paper's layout: rows by number of names, panels by regularization."""

from collections.abc import Sequence

import polars as pl

from analysis.experiment import Experiment
from analysis.layout import Table
from analysis.notes import caption_of, notes_of
from analysis.panels import DONE, Panels
from analysis.runs import finished
from analysis.selection import NOTHING_SELECTED, PRESET, Selected, check_selection, select
from analysis.settings import betas_of, varying_settings, wanted_trials
from trainables.config import TrialConfig
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS, Metric, find_metric, main_task

PAPER_METRICS = (
    "idia_tpr", "idia_fnr", "others_tpr", "sim_clean", "sim_backdoor", "sim_target",
    "zeroshot_top1", "zeroshot_top5",
)  # fmt: skip
"""The columns of the paper's tables 5 to 9, and beside them what becomes of everyone else."""
IMAGE_METRICS = ("image_sim_clean", "image_sim_backdoor", "image_sim_target")
"""The columns that come before the last two where both encoders are defended."""

_ROWS = {"text": "Names", "image": "Faces"}


def experiment_table(
    experiment: Experiment, selection: str = PRESET, selection_seeds: Sequence[int] = ()
) -> Table:
    """Lay an experiment out with all its settings, or with those that a rule selects.

    See `build_table`.
    """
    return build_table(
        experiment.frame,
        experiment.expected,
        experiment.name,
        experiment.description,
        title=experiment.title,
        selection=selection,
        selection_seeds=selection_seeds,
    )


def build_table(
    frame: pl.DataFrame,
    expected: Sequence[tuple[str, TrialConfig]] | None,
    name: str,
    description: str,
    metrics: Sequence[str] | None = None,
    *,
    title: str = "",
    selection: str = PRESET,
    selection_seeds: Sequence[int] = (),
) -> Table:
    """Lay trials out as the paper does.

    Only finished trials count. What is expected and not finished is shown as missing; without
    `expected`, what another row or panel has is expected of all.

    Args:
        frame: runs as `load_runs` gives them, of any status.
        expected: the trials that the sweep consists of, with their keys; None takes the frame's.
        name: of the sweep.
        description: what the sweep is, for the caption.
        metrics: the columns; by default those of the papers.
        title: the heading; by default the name.
        selection: which of several settings is shown at each number of names, by a rule of
            `analysis.selection`; by default all of them.
        selection_seeds: the seeds on which the rule chooses, so that the others are reported; by
            default all seeds serve for both.

    Raises:
        UserError: unknown metric or rule, no trial at all, or none on the seeds of the selection.
    """
    check_selection(selection, selection_seeds)
    wanted = wanted_trials(frame, expected)
    if wanted.is_empty():
        raise UserError(f"there is nothing to tabulate: the sweep {name!r} has no trials.")
    measured = finished(frame)
    columns = columns_of(_default_metrics(wanted, measured) if metrics is None else metrics)
    trials = _trials(wanted, measured, columns)
    keys = [*varying_settings(wanted), *betas_of(wanted)]
    chosen = None if selection == PRESET else select(trials, keys, selection, selection_seeds)
    if chosen:
        layout = _chosen_settings(chosen, columns)
    else:
        layout = _all_settings(trials, keys, columns, complete=expected is None)
    panels = layout.build()
    return Table(
        name=name,
        title=title or name,
        caption=caption_of(description, panels, chosen.caption if chosen else NOTHING_SELECTED),
        row_header=_ROWS.get("".join(set(wanted["encoder"])), "People"),
        columns=columns,
        panels=panels,
        notes=(
            *(chosen.notes if chosen else ()),
            *notes_of(frame, wanted, columns, panels, layout.num_pairs),
            *layout.comparable.notes(columns),
        ),
    )


def _trials(
    wanted: pl.DataFrame, measured: pl.DataFrame, columns: Sequence[Metric]
) -> pl.DataFrame:
    """Give each trial that should be there with its metrics, if it is finished."""
    known = [name for name in measured.columns if find_metric(name)]
    found = measured.select("trial_key", *known, pl.lit(True).alias(DONE))
    unknown = [column.name for column in columns if column.name not in known]
    none = [pl.lit(None, pl.Float64).alias(name) for name in unknown]
    return wanted.join(found, "trial_key", how="left").with_columns(none)


def _chosen_settings(chosen: Selected, columns: Sequence[Metric]) -> Panels:
    """Show in one panel what a rule chose for each row."""
    return Panels(
        chosen.trials,
        [],
        columns,
        title=chosen.title,
        num_names=chosen.num_names,
        num_expected=chosen.num_expected,
    )


def _all_settings(
    trials: pl.DataFrame, keys: Sequence[str], columns: Sequence[Metric], *, complete: bool
) -> Panels:
    """Show every setting; if `complete`, expect in each panel what any panel has."""
    if not complete:
        return Panels(trials, keys, columns)
    sizes = trials.group_by(*keys, "num_names").len()["len"]
    return Panels(
        trials,
        keys,
        columns,
        num_names=sorted(set(trials["num_names"])),
        num_expected=max(sizes),
    )


def _default_metrics(wanted: pl.DataFrame, measured: pl.DataFrame) -> tuple[str, ...]:
    *first, top1, top5 = PAPER_METRICS
    images = IMAGE_METRICS if "both" in wanted["encoder"] else ()
    return (*first, *images, top1, top5, *_other_tasks(wanted, measured))


def _other_tasks(wanted: pl.DataFrame, measured: pl.DataFrame) -> list[str]:
    """List the top-1 accuracies of zero-shot tasks beside the main one."""
    of_trials = measured.join(wanted.select("trial_key"), "trial_key", how="semi")
    names = [name for name in of_trials.columns if name.endswith("/zeroshot_top1")]
    tasks = [name.rpartition("/")[0] for name in names if of_trials[name].count()]
    main = main_task(tasks)
    return [f"{task}/zeroshot_top1" for task in tasks if task != main]


def columns_of(metrics: Sequence[str]) -> tuple[Metric, ...]:
    """Look metrics up by name.

    Raises:
        UserError: there is no such metric, or none is asked for.
    """
    if not metrics:
        raise UserError("a table needs at least one metric.")
    found = []
    for name in dict.fromkeys(metrics):
        metric = find_metric(name)
        if metric is None:
            raise UserError(f"unknown metric {name!r}: {did_you_mean(name, METRICS)}")
        found.append(metric)
    return tuple(found)
