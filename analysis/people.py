"""What means hide: which people the attack still infers, by which templates, and how often."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.concentration import Concentration, concentration
from analysis.experiment import Experiment
from analysis.layout import Interval, Key
from analysis.runs import finished
from analysis.settings import betas_of, setting_title, varying_settings, wanted_trials
from analysis.stats import wilson
from trainables.evaluation.templates import TEMPLATES

MOST_COUNTED = 3
"""Templates that give a person away are counted as 0, 1, 2 and so many or more."""

Bits = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Person:
    """What became of a person in the trials of a setting that unlearned them.

    Attributes:
        label: a pseudonym, or the name.
        num_trials: that unlearned the person.
        num_inferred: of those, after which the attack still infers the person.
        interval: Wilson's, of the share of the one in the other.
        templates_before: mean number that give the name on the original model.
        templates_after: likewise on the defended one.
        leaks: (num_templates,) in how many trials each template still gives the name.
    """

    label: str
    num_trials: int
    num_inferred: int
    interval: Interval
    templates_before: float
    templates_after: float
    leaks: tuple[int, ...]

    @property
    def share(self) -> float:
        """Share of trials after which the attack still infers the person."""
        return self.num_inferred / self.num_trials


@dataclass(frozen=True, kw_only=True)
class Template:
    """How well a template gives people away.

    Attributes:
        prompt: with `{0}` in the place of the name.
        before: share of cases, each a person in a trial, in which it gives the name on the
            original model.
        after: likewise on the defended one.
    """

    prompt: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The people of all trials of a setting.

    Attributes:
        title: what sets it apart.
        keys: the same, as data.
        num_trials: finished ones.
        people: worst first, by the lower end of the interval.
        templates: in the order of `TEMPLATES`.
        by_count: (1 + MOST_COUNTED,) cases by the number of templates that still give the name.
        concentration: of the cases in which any does.
    """

    title: str
    keys: dict[str, Key]
    num_trials: int
    people: tuple[Person, ...]
    templates: tuple[Template, ...]
    by_count: tuple[int, ...]
    concentration: Concentration

    @property
    def num_cases(self) -> int:
        """How many pairs of a trial and a person it unlearned there are."""
        return sum(self.by_count)

    @property
    def num_never(self) -> int:
        """How many people the attack infers after no trial."""
        return sum(person.num_inferred == 0 for person in self.people)

    @property
    def num_always(self) -> int:
        """How many people the attack infers after each trial that unlearned them."""
        return sum(person.num_inferred == person.num_trials for person in self.people)


@dataclass(frozen=True, kw_only=True)
class PeopleView:
    """The per-person view of an experiment.

    Attributes:
        name: of the experiment.
        title: a heading.
        settings: in the order of a table's panels; none where no trial tells of people.
        notes: what is left out or missing.
    """

    name: str
    title: str
    settings: tuple[Setting, ...]
    notes: tuple[str, ...]


def build_people(
    experiment: Experiment, clear_names: Mapping[str, str] | None = None
) -> PeopleView:
    """Follow each unlearned person through the finished trials of each setting.

    A setting is what tables have a panel for: what varies beside the seed and the number of names.

    Args:
        experiment: its trials and their runs.
        clear_names: names to show in the place of pseudonyms.
    """
    wanted = wanted_trials(experiment.frame, experiment.expected)
    keys = [*varying_settings(wanted), *betas_of(wanted)]
    runs = finished(experiment.frame).select("trial_key", "outcomes")
    done = wanted.select("trial_key", *keys).join(runs, "trial_key", maintain_order="left")
    told = done.filter(pl.col("outcomes").list.len() > 0)
    settings = told.select(keys).unique().sort(keys).rows(named=True)
    return PeopleView(
        name=experiment.name,
        title=experiment.title,
        settings=tuple(_setting(told, setting, clear_names or {}) for setting in settings),
        notes=tuple(_notes(len(wanted), len(done), len(told))),
    )


def _notes(num_wanted: int, num_done: int, num_told: int) -> Iterator[str]:
    if num_done < num_wanted:
        yield f"Of {num_wanted} trials, {num_done} finished; the others do not count."
    if num_told < num_done:
        yield (
            f"Left out: {num_done - num_told} of {num_done} finished trials, recorded by an "
            "earlier version, which did not keep who was unlearned."
        )


def _setting(told: pl.DataFrame, keys: dict[str, Key], clear_names: Mapping[str, str]) -> Setting:
    is_here = [pl.col(name).eq_missing(pl.lit(value)) for name, value in keys.items()]
    cases = told.filter(*is_here).select("trial_key", "outcomes").explode("outcomes")
    cases = cases.unnest("outcomes").with_columns(pl.col("person").replace(clear_names))
    labels, people = np.unique(cases["person"].to_numpy(), return_inverse=True)
    before, after = (_bits(cases[name].to_numpy()) for name in ("before", "after"))
    num_giving = after.sum(axis=1)
    counted = np.bincount(num_giving.clip(max=MOST_COUNTED), minlength=MOST_COUNTED + 1)
    prompts = zip(TEMPLATES, before.mean(axis=0), after.mean(axis=0), strict=True)
    return Setting(
        title=setting_title(keys),
        keys=keys,
        num_trials=cases["trial_key"].n_unique(),
        people=_people(labels.tolist(), people, before, after),
        templates=tuple(
            Template(prompt=prompt, before=float(b), after=float(a)) for prompt, b, a in prompts
        ),
        by_count=tuple(counted.tolist()),
        concentration=concentration(cases["trial_key"].rle_id().to_numpy(), people, num_giving > 0),
    )


def _bits(hits: Counts) -> Bits:
    """Unpack hits as `PersonOutcome` has them: (num_cases,) -> (num_cases, num_templates)."""
    return (hits[:, None] >> np.arange(len(TEMPLATES)) & 1).astype(np.bool_)


def _people(labels: Sequence[str], people: Counts, before: Bits, after: Bits) -> tuple[Person, ...]:
    num_trials = np.bincount(people)
    num_inferred = np.bincount(people, weights=after.any(axis=1))
    leaks_before, leaks = np.zeros((2, len(labels), len(TEMPLATES)), dtype=np.int64)
    np.add.at(leaks_before, people, before)
    np.add.at(leaks, people, after)
    intervals = wilson(num_inferred.astype(np.float64), num_trials.astype(np.float64))
    found = [
        Person(
            label=label,
            num_trials=int(num_trials[i]),
            num_inferred=int(num_inferred[i]),
            interval=Interval(
                low=float(intervals[i, 0]), high=float(intervals[i, 1]), method="wilson"
            ),
            templates_before=float(leaks_before[i].sum() / num_trials[i]),
            templates_after=float(leaks[i].sum() / num_trials[i]),
            leaks=tuple(leaks[i].tolist()),
        )
        for i, label in enumerate(labels)
    ]
    return tuple(sorted(found, key=_badness))


def _badness(person: Person) -> tuple[float, float, float, str]:
    # The lower end: 9 of 10 trials say more than the only one.
    return -person.interval.low, person.interval.high, -person.templates_after, person.label
