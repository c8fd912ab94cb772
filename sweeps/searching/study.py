"""The study of a search: what was asked, what came out, kept so that optuna-dashboard opens it."""

import math
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

import optuna
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from analysis.front.candidates import Candidate, State
from analysis.front.searched import Bound
from sweeps.searching.candidates import Params, trials_of
from sweeps.searching.goals import read_constraints
from sweeps.searching.samplers import sampler_of
from sweeps.searching.space import Param, Parameter
from sweeps.searching.spec import Search
from sweeps.searching.storage import SEARCH_ATTR, check_same, open_storage
from trainables.errors import UserError

Outcome = Mapping[int, Mapping[str, float]] | Literal["failed", "pruned"]
"""How a candidate ended: the metrics of all seeds by their seed, or not so well."""

_SEEDS, _ERROR, _INVALID = "seeds", "error", "invalid"
# An attribute for each metric: a dashboard shows and sorts them.
_MEAN, _STD = "mean ", "std "
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.FAIL: "failed",
    TrialState.PRUNED: "pruned",
    TrialState.RUNNING: "running",
}
_DIRECTIONS = {False: StudyDirection.MINIMIZE, True: StudyDirection.MAXIMIZE}
_MAX_DRAWS = 1_000
_NOISE_DIGITS = 9
"""A mean that misses a bound by less than the noise of a sum keeps it."""


def open_study(
    search: Search,
    storage: str | BaseStorage,
    warm_starts: Sequence[Params] = (),
    claim: Callable[[optuna.Study], None] = lambda study: None,
) -> optuna.Study:
    """Open the study of a search; a new one is given the warm starts as its first candidates.

    A search may go on with another sampler, seed or number of candidates. Candidates that a killed
    driver left running are running still, under their numbers and with all their parameters: who
    opens the study takes them up.

    With one candidate at a time, the same spec and the same outcomes give the same candidates,
    also where the study was opened anew in between. With several, what is proposed depends on
    which have ended.

    Args:
        search: what to look for.
        storage: address of a database, see `sweeps.searching.storage.storage_url`; or a storage.
        warm_starts: parameters to try first, see `sweeps.searching.warm.warm_starts`.
        claim: called before anything in the study changes; refuses what another driver runs.

    Raises:
        UserError: the database cannot be opened, or its study of this name is of another search.
    """
    where = storage if isinstance(storage, str) else "the storage"
    database = open_storage(storage) if isinstance(storage, str) else storage
    directions = [_DIRECTIONS[goal.maximize] for goal in search.objectives]
    # Otherwise it tells of each step on the terminal, and which package would make it faster.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=database,
        study_name=search.name,
        directions=directions,
        sampler=sampler_of(search, 0),
        load_if_exists=True,
    )
    kept = study.user_attrs.get(SEARCH_ATTR)
    if kept is not None:
        check_same(search, kept, where)
    elif study.directions != directions:
        raise UserError(
            f"the study {search.name!r} in {where} is of another program: rename the search."
        )
    claim(study)
    if kept is None:
        _set_up(study, search, warm_starts)
    study.set_user_attr(SEARCH_ATTR, search.to_dict())
    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        _suggest(study, search, Trial(study, frozen._trial_id))
    return study


def ask(study: optuna.Study, search: Search) -> tuple[int, dict[str, Param]]:
    """Ask for the next candidate.

    Draws whose settings do not fit each other are marked as failed and not counted.

    Returns:
        Its number, and its parameters without those whose condition does not hold.

    Raises:
        UserError: hardly any draw makes a trial.
    """
    for _ in range(_MAX_DRAWS):
        trial = study.ask()
        params = _suggest(study, search, trial)
        try:
            trials_of(search, params)
        except UserError as error:
            reason = error
            trial.set_user_attr(_INVALID, str(error))
            study.tell(trial, state=TrialState.FAIL)
        else:
            return trial.number, params
    raise UserError(
        f"{search.source}: of {_MAX_DRAWS:,} candidates in a row no trial could be made: {reason}"
    )


def tell(study: optuna.Study, number: int, outcome: Outcome, reason: str = "") -> None:
    """Tell a study how a candidate ended.

    Objectives and constraints are of the means over the seeds; means and sample standard
    deviations of all metrics are kept beside them. A candidate of which one of them was not
    measured has failed.

    Args:
        study: that asked for it.
        number: of the candidate.
        outcome: see `Outcome`.
        reason: why it failed.
    """
    trial = Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)
    if outcome == "pruned":
        study.tell(trial, state=TrialState.PRUNED)
        return
    names = study.metric_names or []
    bounds = read_constraints(study.user_attrs[SEARCH_ATTR]["constraints"], study.study_name)
    if not isinstance(outcome, str):
        mean, std = _summary(list(outcome.values()))
        for prefix, values in ((_MEAN, mean), (_STD, std)):
            for name, value in values.items():
                trial.set_user_attr(prefix + name, value)
        trial.set_user_attr(_SEEDS, list(outcome))
        missing = [name for name in (*names, *(b.metric for b in bounds)) if name not in mean]
        if not missing:
            for key, excess in _excesses(bounds, mean).items():
                trial.set_constraint(key, excess)
            study.tell(trial, [mean[name] for name in names])
            return
        reason = f"{missing[0]} was not measured on all seeds"
    trial.set_user_attr(_ERROR, reason)
    study.tell(trial, state=TrialState.FAIL)


def candidates_of(study: optuna.Study) -> list[Candidate]:
    """List what a search has tried, by number; draws that made no trial are left out."""
    return [
        _candidate(frozen)
        for frozen in study.get_trials(deepcopy=False, states=tuple(_STATES))
        if _INVALID not in frozen.user_attrs
    ]


def _set_up(study: optuna.Study, search: Search, warm_starts: Sequence[Params]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([goal.metric for goal in search.objectives])
    for params in warm_starts:
        study.enqueue_trial(dict(params), skip_if_exists=True)


def _suggest(study: optuna.Study, search: Search, trial: Trial) -> dict[str, Param]:
    """Draw the parameters of a candidate that it does not have yet, those of conditions first."""
    study.sampler = sampler_of(search, trial.number)
    if search.sampler.startswith("nsga"):
        # Only then is a candidate whose parameters are given taken into a generation.
        _ = trial.relative_params
    params: dict[str, Param] = {}
    for name, parameter in search.space.items():
        if parameter.is_active(params):
            params[name] = _drawn(trial, parameter)
    return params


def _drawn(trial: Trial, parameter: Parameter) -> Param:
    name, values = parameter.name, parameter.distribution
    if isinstance(values, FloatDistribution):
        return trial.suggest_float(name, values.low, values.high, step=values.step, log=values.log)
    if isinstance(values, IntDistribution):
        return trial.suggest_int(name, values.low, values.high, step=values.step, log=values.log)
    return cast(Param, trial.suggest_categorical(name, values.choices))


def _summary(
    outcomes: Sequence[Mapping[str, float]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Give mean and sample standard deviation of each metric that all seeds have."""
    shared = set.intersection(*(set(outcome) for outcome in outcomes))
    values = {name: [outcome[name] for outcome in outcomes] for name in sorted(shared)}
    values = {name: each for name, each in values.items() if all(map(math.isfinite, each))}
    mean = {name: statistics.fmean(each) for name, each in values.items()}
    if len(outcomes) == 1:
        return mean, {}
    return mean, {name: statistics.stdev(each) for name, each in values.items()}


def _excesses(bounds: Sequence[Bound], mean: Mapping[str, float]) -> dict[str, float]:
    """Say by how much means miss their bounds; what is feasible is at most zero."""
    excesses = {}
    for bound in bounds:
        value = mean[bound.metric]
        if bound.low is not None:
            excesses[f"{bound.metric} min"] = round(bound.low - value, _NOISE_DIGITS)
        if bound.high is not None:
            excesses[f"{bound.metric} max"] = round(value - bound.high, _NOISE_DIGITS)
    return excesses


def _candidate(frozen: FrozenTrial) -> Candidate:
    state = _STATES[frozen.state]
    if state != "complete":
        return Candidate(number=frozen.number, params=dict(frozen.params), state=state)
    return Candidate(
        number=frozen.number,
        params=dict(frozen.params),
        mean=_values(frozen, _MEAN),
        std=_values(frozen, _STD),
        n=len(frozen.user_attrs[_SEEDS]),
        feasible=all(excess <= 0 for excess in frozen.constraints.values()),
    )


def _values(frozen: FrozenTrial, prefix: str) -> dict[str, float]:
    """Read the metrics that a candidate has under a prefix."""
    return {
        name.removeprefix(prefix): value
        for name, value in frozen.user_attrs.items()
        if name.startswith(prefix)
    }
