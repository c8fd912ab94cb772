"""Which trials are there: number of names x seed for each setting, a mark for each trial."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from analysis.layout import Key
from analysis.report.trials import State
from analysis.settings import betas_of, setting_title, varying_settings

Marks = tuple[State | None, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The trials of one setting.

    Attributes:
        title: of the setting, as tables have it.
        seeds: one for each column.
        rows: the number of names, and by seed the state of its trial; None where none was asked
            for. Of several trials with one seed, on other weights or data, the least advanced.
    """

    title: str
    seeds: tuple[int, ...]
    rows: tuple[tuple[int, Marks], ...]


_WORST_FIRST = ("failed", "missing", "running", "finished")


def grids_of(trials: pl.DataFrame) -> tuple[Grid, ...]:
    """Lay the trials of `trials_of` out, a grid for each setting, as tables have panels."""
    keys = [*varying_settings(trials), *betas_of(trials)]
    settings = trials.select(keys).unique().sort(keys).rows(named=True)
    return tuple(_grid(trials, setting) for setting in settings)


def _grid(trials: pl.DataFrame, setting: dict[str, Key]) -> Grid:
    of_panel = trials.filter(
        pl.all_horizontal(pl.col(name).eq_missing(value) for name, value in setting.items())
    )
    seeds = tuple(sorted(set(of_panel["seed"].drop_nulls())))
    places = of_panel.select("num_names", "seed", "state")
    states: dict[tuple[int, int], State] = {}
    for num_names, seed, state in places.iter_rows():
        states[num_names, seed] = _worse(state, states.get((num_names, seed)))
    names = sorted({num_names for num_names, _ in states})
    return Grid(
        title=setting_title(setting),
        seeds=seeds,
        rows=tuple((n, _marks(states, n, seeds)) for n in names),
    )


def _marks(states: dict[tuple[int, int], State], num_names: int, seeds: Sequence[int]) -> Marks:
    return tuple(states.get((num_names, seed)) for seed in seeds)


def _worse(state: State, other: State | None) -> State:
    return state if other is None else min(state, other, key=_WORST_FIRST.index)
