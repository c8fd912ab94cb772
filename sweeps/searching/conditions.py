"""Conditions in a search's space: which parameters have a meaning, given the others."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sweeps.searching.space import Param, Parameter
from trainables.config import field_names
from trainables.errors import UserError, did_you_mean

Space = Mapping[str, Parameter]


def ordered(space: Space, fixed: Mapping[str, Any], source: str) -> dict[str, Parameter]:
    """Check the conditions of a space and give its parameters so that none stands before its own.

    Raises:
        UserError: a condition is on an unknown parameter or on a range, can never hold or stands in
            a circle; or a name is neither a field of a trial nor spoken of by a condition.
    """
    for parameter in space.values():
        for parent, values in parameter.when.items():
            _check_condition(parameter.name, parent, values, space, fixed, source)
    order = _order(space, source)
    spoken_of = {parent for parameter in space.values() for parent in parameter.when}
    for name in order:
        if not space[name].is_setting and name not in spoken_of:
            raise UserError(
                f"{source}: unknown setting {name!r} under space, which no condition names either: "
                f"{did_you_mean(name, field_names())}"
            )
        for parent, values in required(name, space).items():
            if not values:
                raise UserError(
                    f"{source}: the conditions of {name!r} under space can never hold at once: "
                    f"they ask for different values of {parent!r}."
                )
    return {name: space[name] for name in order}


def required(name: str, space: Space) -> dict[str, tuple[Param, ...]]:
    """Say which values of others a parameter needs to have a meaning, those of its own included.

    All conditions are joined by `and`, so that they can hold if no other parameter is left without
    a value.
    """
    found: dict[str, tuple[Param, ...]] = {}
    for parent, values in space[name].when.items():
        for other, allowed in ({parent: values} | required(parent, space)).items():
            found[other] = tuple(value for value in found.get(other, allowed) if value in allowed)
    return found


def _check_condition(
    name: str,
    parent: str,
    values: tuple[Param, ...],
    space: Space,
    fixed: Mapping[str, Any],
    source: str,
) -> None:
    where = f"{source}: the condition of {name!r} under space"
    if parent in fixed:
        raise UserError(f"{where} is on {parent!r}, which is fixed to {fixed[parent]!r}.")
    if parent not in space:
        raise UserError(f"{where} is on {parent!r}, no parameter: {did_you_mean(parent, space)}")
    choices = space[parent].choices
    if not choices:
        raise UserError(f"{where} is on {parent!r}, a range: conditions are on choices.")
    for value in values:
        if value not in choices:
            raise UserError(
                f"{where} can never hold: {parent!r} is never {value!r}: "
                f"{did_you_mean(str(value), map(str, choices))}"
            )


def _order(space: Space, source: str) -> list[str]:
    try:
        return list(TopologicalSorter({name: space[name].when for name in space}).static_order())
    except CycleError as error:
        circle = " on ".join(repr(name) for name in reversed(error.args[1]))
        raise UserError(
            f"{source}: conditions under space go in a circle: {circle}: leave one out."
        ) from error
