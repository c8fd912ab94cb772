"""The space of a search: what each parameter may be, and one sentence for each mistake."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweeps.checks import check_fixed
from trainables.config import TrialConfig, field_names
from trainables.errors import UserError, did_you_mean

Param = bool | int | float | str
"""A parameter's value as the study keeps it; a list stands there as a text such as `0.6, 0.85`."""
Distribution = FloatDistribution | IntDistribution | CategoricalDistribution

_RANGE_KEYS = ("low", "high", "log", "step")
_KEYS = (*_RANGE_KEYS, "choices", "when")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What a search varies.

    Attributes:
        name: a field of a trial, or a name that only conditions speak of.
        distribution: its values as the study keeps them.
        when: by another parameter, the values of that one at which this one has a meaning.
        lists: of choices that are lists, each by its text.
    """

    name: str
    distribution: Distribution
    when: Mapping[str, tuple[Param, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def is_setting(self) -> bool:
        """Tell a field of a trial from a name that only conditions speak of."""
        return self.name in field_names()

    @property
    def choices(self) -> tuple[Param, ...]:
        """List the choices; none of a range."""
        if isinstance(self.distribution, CategoricalDistribution):
            return tuple(choice for choice in self.distribution.choices if choice is not None)
        return ()

    @property
    def extremes(self) -> tuple[Param, ...]:
        """List the choices, or the ends of a range."""
        if isinstance(self.distribution, CategoricalDistribution):
            return self.choices
        return self.distribution.low, self.distribution.high

    def setting(self, param: Param) -> Any:
        """Give the setting that a value of the parameter stands for."""
        return self.lists.get(param, param) if isinstance(param, str) else param

    def is_active(self, params: Mapping[str, Param]) -> bool:
        """Tell whether its condition holds."""
        return all(
            parent in params and params[parent] in values for parent, values in self.when.items()
        )

    def spans(self, value: Any) -> bool:
        """Tell whether a number is one of a range; choices span nothing."""
        if isinstance(self.distribution, CategoricalDistribution):
            return False
        low, high, step = self.distribution.low, self.distribution.high, self.distribution.step
        if not low <= value <= high:
            return False
        return step is None or not _rest(low, value, step)

    def to_dict(self) -> dict[str, Any]:
        """Give it in the form of a spec."""
        when = {parent: list(values) for parent, values in self.when.items()}
        return _written(self) | ({"when": when} if when else {})


def read_parameter(name: str, given: Any, source: str) -> Parameter:
    """Read a parameter of a spec; whether its condition can hold is checked with all of them.

    Args:
        name: a field of a trial, or a name for conditions.
        given: a range (`low`, `high`, with `log` or `step`) or `choices`; and `when`.
        source: what errors call the spec.

    Raises:
        UserError: a key is unknown, a range is empty, or choices are not of one type.
    """
    where = f"{source}: {name!r} under space"
    if not isinstance(given, dict):
        raise UserError(f"{where} is {given!r}: give low and high, or choices.")
    for key in given:
        if key not in _KEYS:
            raise UserError(f"{where} has an unknown key {key!r}: {did_you_mean(str(key), _KEYS)}")
    if name in ("seed", "seeds"):
        raise UserError(f"{where} is no parameter: each candidate runs on all of the key seeds.")
    when = _when(given.get("when"), where)
    if "choices" not in given:
        return Parameter(name=name, distribution=_range(name, given, where), when=when)
    for key in _RANGE_KEYS:
        if key in given:
            raise UserError(f"{where} has both choices and {key}: choose one.")
    choices, lists = _choices(name, given["choices"], where, source)
    distribution = CategoricalDistribution(choices)
    return Parameter(name=name, distribution=distribution, when=when, lists=lists)


def _when(given: Any, where: str) -> dict[str, tuple[Param, ...]]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not given:
        raise UserError(f"{where} has the condition {given!r}: give a parameter and its value.")
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    for name, values in lists.items():
        if not values or not all(isinstance(value, Param) for value in values):
            raise UserError(f"{where} has the condition {name!r}: {given[name]!r}: give its value.")
    return {str(name): tuple(values) for name, values in lists.items()}


def _range(name: str, given: Mapping[str, Any], where: str) -> FloatDistribution | IntDistribution:
    kind = _kind_of_field(name)
    if kind in ("string", "array"):
        what = {"string": "a word", "array": "a list"}[kind]
        raise UserError(f"{where} is a range, but {name} is {what}: give choices.")
    low, high = (_number(key, given, kind, where) for key in ("low", "high"))
    log = given.get("log", False)
    if not isinstance(log, bool):
        raise UserError(f"{where} has log {log!r}: give true or false.")
    if low >= high:
        raise UserError(f"{where} is an empty range: low {low:g} is not below high {high:g}.")
    if log and low <= 0:
        raise UserError(f"{where} has no logarithm at low {low:g}: give one above 0, or no log.")
    step = _step(given, low, high, kind, where) if given.get("step") is not None else None
    if log and step is not None:
        raise UserError(f"{where} has both log and step: choose one.")
    if kind == "integer":
        return IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return FloatDistribution(low, high, log=log, step=step)


def _number(key: str, given: Mapping[str, Any], kind: str, where: str) -> float:
    value = given.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise UserError(f"{where} has {key} {value!r}: give a number.")
    if kind == "integer" and not isinstance(value, int):
        raise UserError(f"{where} has {key} {value!r}: give a whole number.")
    return value


def _step(given: Mapping[str, Any], low: float, high: float, kind: str, where: str) -> float:
    step = _number("step", given, kind, where)
    if step <= 0 or _rest(low, high, step):
        raise UserError(
            f"{where} has step {step:g}, which does not lead from low {low:g} to high {high:g}."
        )
    return step


def _rest(low: float, value: float, step: float) -> Decimal:
    """Say what is left between steps and a value, as people count: three steps of 0.1 are 0.3."""
    return (Decimal(str(value)) - Decimal(str(low))) % Decimal(str(step))


def _choices(
    name: str, given: Any, where: str, source: str
) -> tuple[tuple[Param, ...], dict[str, tuple[float, ...]]]:
    """Give the choices as the study keeps them, and the lists among them by their texts."""
    if not isinstance(given, list) or not given:
        raise UserError(f"{where} has choices {given!r}: give a list of values.")
    kinds = dict.fromkeys(_kind_of(value, where) for value in given)
    if len(kinds) > 1:
        raise UserError(f"{where} has choices of mixed types, {' and '.join(kinds)}: give one.")
    for number, value in enumerate(given):
        if value in given[:number]:
            raise UserError(f"{where} has the choice {value!r} twice.")
    if "lists" in kinds:
        lists = {_text(value): tuple(_item(item, where) for item in value) for value in given}
        return tuple(lists), lists
    if name in field_names():
        given = [check_fixed({name: value}, source)[name] for value in given]
    is_float = _kind_of_field(name) == "number" or any(isinstance(value, float) for value in given)
    return tuple(float(value) if is_float else value for value in given), {}


def _kind_of(value: Any, where: str) -> str:
    for type_, kind in (
        (bool, "truths"),
        (int | float, "numbers"),
        (str, "words"),
        (list, "lists"),
    ):
        if isinstance(value, type_):
            return kind
    raise UserError(f"{where} has the choice {value!r}: give numbers, words or lists of numbers.")


def _item(item: Any, where: str) -> float:
    if not isinstance(item, int | float) or isinstance(item, bool):
        raise UserError(f"{where} has {item!r} in a list: give numbers.")
    return item


def _text(values: list[Any]) -> str:
    return ", ".join(map(str, values)) or "none"


@cache
def _kinds_of_fields() -> dict[str, str]:
    fields = TrialConfig.model_json_schema()["properties"]
    return {name: fields[name].get("anyOf", [fields[name]])[0]["type"] for name in field_names()}


def _kind_of_field(name: str) -> str:
    """Say what a field of a trial is: integer, number, string or array; empty of other names."""
    return _kinds_of_fields().get(name, "")


def _written(parameter: Parameter) -> dict[str, Any]:
    distribution = parameter.distribution
    if isinstance(distribution, CategoricalDistribution):
        settings = (parameter.setting(choice) for choice in parameter.choices)
        return {"choices": [list(s) if isinstance(s, tuple) else s for s in settings]}
    written: dict[str, Any] = {"low": distribution.low, "high": distribution.high}
    if distribution.log:
        return written | {"log": True}
    is_default = distribution.step is None or distribution.step == (
        1 if isinstance(distribution, IntDistribution) else None
    )
    return written if is_default else written | {"step": distribution.step}
