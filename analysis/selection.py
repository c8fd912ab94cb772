"""Which of several settings a table shows: by a rule with a name, printed in its caption."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from analysis.settings import setting_title
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS

PRESET = "preset"
"""The rule that selects nothing: all settings are shown as they are."""
NOTHING_SELECTED = "Settings are fixed: nothing is selected (rule preset)."
"""What that rule's captions say."""

_TPR = "idia_tpr"
_DONE = "_done"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a setting is chosen at each number of names.

    Attributes:
        best: the metrics that decide, in order, by their means over seeds; each in its direction.
        tpr_is_0: whether only settings whose mean IDIA TPR is 0 can be chosen.
        help: what is chosen, in words.
    """

    best: tuple[str, ...]
    tpr_is_0: bool
    help: str


RULES: dict[str, Rule] = {
    "sim-clean-at-tpr-0": Rule(
        best=("sim_clean",),
        tpr_is_0=True,
        help="the best mean Sim Clean among those whose mean IDIA TPR is 0",
    ),
    "top1-at-tpr-0": Rule(
        best=("zeroshot_top1",),
        tpr_is_0=True,
        help="the best mean Top-1 among those whose mean IDIA TPR is 0",
    ),
    "least-tpr": Rule(
        best=(_TPR, "sim_clean"),
        tpr_is_0=False,
        help="the least mean IDIA TPR, and of equal ones the best mean Sim Clean",
    ),
}
"""The rules that select, by name."""


@dataclass(frozen=True, kw_only=True)
class Selected:
    """What a rule chose.

    Attributes:
        trials: those of the chosen settings, on the seeds that are reported.
        num_names: all that there are, chosen for or not.
        num_expected: how many trials a chosen setting should have.
        title: of the panel that shows them.
        caption: the rule in a sentence, and on which seeds it chose.
        notes: which settings it chose, and where it found none.
    """

    trials: pl.DataFrame
    num_names: list[int]
    num_expected: int
    title: str
    caption: str
    notes: tuple[str, ...]


def check_selection(rule: str, seeds: Sequence[int]) -> None:
    """Refuse a rule that there is not, and seeds for one that selects nothing.

    Raises:
        UserError: see above.
    """
    if rule != PRESET and rule not in RULES:
        hint = did_you_mean(rule, [PRESET, *RULES])
        raise UserError(f"unknown selection rule {rule!r}: {hint}")
    if rule == PRESET and seeds:
        raise UserError(
            f"selection seeds mean nothing to the rule {PRESET!r}, which selects nothing: "
            f"choose from {', '.join(RULES)}."
        )


def select(trials: pl.DataFrame, keys: Sequence[str], rule: str, seeds: Sequence[int]) -> Selected:
    """Choose a setting for each number of names.

    Settings with fewer finished trials than another at the same number of names are not chosen:
    the less is known of one, the luckier it can be.

    Args:
        trials: one row for each expected trial: settings, metrics, and whether it is finished.
        keys: the settings that tell the candidates apart.
        rule: a name of `RULES`.
        seeds: on which it chooses, the others being reported; none of them takes all for both.

    Raises:
        UserError: no trial has one of the seeds, or none has another.
    """
    candidates, reported = _split(trials, seeds)
    by = [*keys, "num_names"]
    chosen = _chosen(candidates, by, RULES[rule])
    shown = reported.join(chosen.select(by), by, how="semi", nulls_equal=True)
    sizes = reported.group_by(by).len()["len"]
    return Selected(
        trials=shown,
        num_names=sorted(set(trials["num_names"])),
        num_expected=max(sizes),
        title=f"selected by {rule}",
        caption=_caption(rule, seeds),
        notes=tuple(_notes(trials, chosen, keys, rule)),
    )


def _split(trials: pl.DataFrame, seeds: Sequence[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not seeds:
        return trials, trials
    is_chosen_on = pl.col("seed").is_in(list(seeds))
    candidates, reported = trials.filter(is_chosen_on), trials.filter(~is_chosen_on)
    for part, which in ((candidates, "one of"), (reported, "another seed than")):
        if part.is_empty():
            found = ", ".join(map(str, sorted(set(trials["seed"]))))
            raise UserError(
                f"no trial has {which} the selection seeds {', '.join(map(str, seeds))}: "
                f"the seeds of the sweep are {found}."
            )
    return candidates, reported


def _chosen(candidates: pl.DataFrame, by: Sequence[str], rule: Rule) -> pl.DataFrame:
    """Give the best setting at each number of names that has one."""
    metrics = {_TPR, *rule.best}
    means = candidates.group_by(by).agg(
        pl.col(_DONE).sum().alias("_num_done"), *(pl.col(name).mean() for name in metrics)
    )
    is_complete = pl.col("_num_done") == pl.col("_num_done").max().over("num_names")
    known = pl.all_horizontal(pl.col(name).is_finite() for name in metrics)
    feasible = pl.col(_TPR) == 0 if rule.tpr_is_0 else pl.lit(True)
    descending = [bool(METRICS[name].higher_is_better) for name in rule.best]
    return (
        means.filter(is_complete & known & feasible)
        .sort(["num_names", *rule.best, *by[:-1]],
              descending=[False, *descending, *([False] * (len(by) - 1))])
        .unique("num_names", keep="first", maintain_order=True)
    )  # fmt: skip


def _caption(rule: str, seeds: Sequence[int]) -> str:
    shown = ", ".join(map(str, seeds))
    where = (
        f"chosen on seeds {shown} and reported on the others"
        if seeds
        else "chosen and reported on the same seeds, which flatters it"
    )
    return f"At each n the setting with {RULES[rule].help} (rule {rule}), {where}."


def _notes(trials: pl.DataFrame, chosen: pl.DataFrame, keys: Sequence[str], rule: str) -> list[str]:
    found = {
        num_names: setting_title(dict(zip(keys, setting, strict=True)))
        for num_names, *setting in chosen.select("num_names", *keys).iter_rows()
    }
    notes = []
    if found:
        shown = "; ".join(f"at n = {num_names} {title}" for num_names, title in found.items())
        notes.append(f"Selected: {shown}.")
    without = sorted(set(trials["num_names"]) - set(found))
    if without:
        counts = ", ".join(map(str, without))
        notes.append(f"At n = {counts} no setting with all its trials fulfils the rule {rule}.")
    return notes
