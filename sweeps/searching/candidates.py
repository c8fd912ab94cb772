"""Candidates: what a search's parameters come to as trials, and which parameters trials have."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sweeps.searching.conditions import required
from sweeps.searching.space import Param, Parameter
from sweeps.spec import Sweep
from trainables.config import GROWTH_FIELDS, IMAGE_PREFIX, TrialConfig, applies_to
from trainables.errors import UserError
from trainables.seeding import generator

if TYPE_CHECKING:
    from sweeps.searching.spec import Search

Params = Mapping[str, Param]

_MILESTONES, _STEPS = "lr_milestones", "num_steps"
# What a schedule comes to where its condition does not hold.
_CONSTANT: dict[str, Any] = {_MILESTONES: (), "lr_factor": 1.0}
_NUM_TRIES = 200


def trials_of(search: "Search", params: Params) -> list[TrialConfig]:
    """List the trials of a candidate, one for each seed of the search, in their order.

    A setting whose condition does not hold is the preset's, but for the schedule of the learning
    rate, which is then constant. Milestones between 0 and 1 are shares of the steps.

    Args:
        search: what the candidate is of.
        params: its parameters; those whose condition does not hold are not looked at.

    Raises:
        UserError: the settings do not fit each other.
    """
    settings = dict(search.fixed)
    for name, parameter in search.space.items():
        if not parameter.is_setting:
            continue
        if parameter.is_active(params):
            settings[name] = parameter.setting(params[name])
        elif (base := name.removeprefix(IMAGE_PREFIX)) in _CONSTANT:
            settings[name] = _CONSTANT[base]
    if "encoder" in search.space:
        encoder = settings["encoder"]
        settings = {name: value for name, value in settings.items() if applies_to(name, encoder)}
    return _sweep(search, _in_steps(search, settings)).trials()


def params_of(search: "Search", config: TrialConfig) -> dict[str, Param] | None:
    """Give the parameters that a trial has; None if it lies outside of the search's space."""
    switches = [parameter for parameter in search.space.values() if not parameter.is_setting]
    for chosen in itertools.product(*(switch.choices for switch in switches)):
        given = dict(zip((switch.name for switch in switches), chosen, strict=True))
        params = _params(search, config, given)
        if params is not None and _comes_to(search, params, config):
            return params
    return None


def check_trials(search: "Search") -> None:
    """Refuse a space in which a choice, or an end of a range, can make no trial.

    Whether a value can is told by trying it with others at random.

    Raises:
        UserError: see above.
    """
    find_trials(search, {})
    for name, parameter in search.space.items():
        for value in parameter.extremes:
            try:
                find_trials(search, required(name, search.space) | {name: (value,)})
            except UserError as error:
                reason = str(error).removeprefix(f"{search.source}: ")
                raise UserError(
                    f"{search.source}: {name!r} under space can be {value!r}, of which no trial "
                    f"can be made: {reason}"
                ) from error


def find_trials(search: "Search", among: Mapping[str, tuple[Param, ...]]) -> list[TrialConfig]:
    """Find a candidate with some of its parameters as they are given, and list its trials.

    Args:
        search: what the candidate is of.
        among: values of parameters; the others are choices and ends of ranges at random.

    Raises:
        UserError: none is found.
    """
    rng = generator("probes", search.name)
    reason = UserError()
    for _ in range(_NUM_TRIES):
        try:
            return trials_of(search, _draw(search.space, among, rng))
        except UserError as error:
            reason = error
    raise reason


def _draw(
    space: Mapping[str, Parameter],
    among: Mapping[str, tuple[Param, ...]],
    rng: np.random.Generator,
) -> dict[str, Param]:
    params: dict[str, Param] = {}
    for name, parameter in space.items():
        if parameter.is_active(params):
            values = among.get(name, parameter.extremes)
            params[name] = values[rng.integers(len(values))]
    return params


def _sweep(search: "Search", settings: Mapping[str, Any]) -> Sweep:
    """Give the trials of a setting as a sweep, so that presets and checks are the same."""
    return Sweep(
        name=search.name,
        preset=search.preset,
        fixed=settings,
        axes={"seed": search.seeds},
        source=search.source,
    )


def _in_steps(search: "Search", settings: dict[str, Any]) -> dict[str, Any]:
    """Turn milestones that are shares into steps, of each encoder by its own number of steps."""
    shares = {name: value for name, value in settings.items() if _are_shares(name, value)}
    if not shares:
        return settings
    (draft, *_) = _sweep(search, settings | dict.fromkeys(shares, ())).trials()
    of_image = IMAGE_PREFIX + _MILESTONES
    if draft.encoder == "both" and _MILESTONES in shares and of_image not in settings:
        shares[of_image] = shares[_MILESTONES]
    for name, value in shares.items():
        if not all(0 < share < 1 for share in value):
            raise UserError(
                f"{search.source}: {name} {list(value)} are no shares of the steps: give numbers "
                "between 0 and 1, or whole steps."
            )
    return settings | {name: _steps(name, value, draft) for name, value in shares.items()}


def _are_shares(name: str, value: Any) -> bool:
    is_list = isinstance(value, tuple) and name.endswith(_MILESTONES)
    return is_list and any(isinstance(each, float) for each in value)


def _steps(name: str, shares: tuple[float, ...], config: TrialConfig) -> tuple[int, ...]:
    num_steps = getattr(config, name.replace(_MILESTONES, _STEPS))
    return tuple(max(1, round(share * num_steps)) for share in shares)


def _params(
    search: "Search", config: TrialConfig, given: dict[str, Param]
) -> dict[str, Param] | None:
    """Read the parameters off a trial; None if the value of one is not in its range."""
    params: dict[str, Param] = {}
    for name, parameter in search.space.items():
        if not parameter.is_active(params):
            continue
        value = given[name] if name in given else _param(parameter, config)
        if value is None:
            return None
        params[name] = value
    return params


def _param(parameter: Parameter, config: TrialConfig) -> Param | None:
    """Give the value of a parameter that comes to what a trial has; None if there is none."""
    value = getattr(config, parameter.name)
    if value is None and parameter.name in GROWTH_FIELDS:
        value = 1.0
    if value is not None and parameter.spans(value):
        return cast(Param, value)
    for choice in parameter.choices:
        setting = parameter.setting(choice)
        if _are_shares(parameter.name, setting):
            setting = _steps(parameter.name, setting, config)
        if setting == value:
            return choice
    return None


def _comes_to(search: "Search", params: Params, config: TrialConfig) -> bool:
    try:
        (trial, *_) = trials_of(search, params)
    except UserError:
        return False
    return trial.model_copy(update={"seed": config.seed}) == config
