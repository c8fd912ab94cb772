"""What the command line changes in a sweep: `--set field=values` and `--data`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from analysis.store import ON_BUILTIN
from sweeps.checks import axis_of, check_axes, check_fixed, profile_path
from sweeps.spec import Sweep
from trainables.config import BUILTIN, field_names
from trainables.errors import UserError, did_you_mean
from trainables.yamls import parse_yaml

_MOVED = "Run on the built-in world, with its small model in the place of any that is named here."
_BUILTIN: dict[str, Any] = {"data": BUILTIN, "model": BUILTIN, "pretrained": ""}


def override(sweep: Sweep, settings: Sequence[str] = (), data: str | None = None) -> Sweep:
    """Change a sweep as the command line asks.

    Args:
        sweep: as its file has it.
        settings: each `field=value` or `field=value,value`; seeds also as `seeds=0-9`.
        data: `builtin` runs the sweep on the built-in world and model, under a name of its own, so
            that its numbers are never taken for those of real data; else a data profile.

    Raises:
        UserError: a setting is unknown or malformed.
    """
    if data is not None:
        sweep = _on(data, sweep)
    seen: set[str] = set()
    for setting in settings:
        name, sweep = _set(sweep, setting)
        if name in seen:
            raise UserError(f"--set {setting}: {name!r} is set twice.")
        seen.add(name)
    if settings:
        asked = " ".join(f"--set {setting}" for setting in settings)
        sweep = dataclasses.replace(sweep, source=f"{sweep.source} with {asked}")
    return sweep


def _on(data: str, sweep: Sweep) -> Sweep:
    if data != BUILTIN:
        return dataclasses.replace(
            sweep,
            fixed=dict(sweep.fixed) | {"data": profile_path(data)},
            axes={name: values for name, values in sweep.axes.items() if name != "data"},
        )
    moved = any(sweep.fixed.get(name, value) != value for name, value in _BUILTIN.items()) or any(
        name in sweep.axes for name in _BUILTIN
    )
    if moved:
        # The name, and what the description says of the model, are those of the real data.
        sweep = dataclasses.replace(
            sweep,
            name=sweep.name + ON_BUILTIN,
            description=f"{sweep.description} {_MOVED}".strip(),
        )
    return dataclasses.replace(
        sweep,
        preset=BUILTIN,
        # What is left out is that of the built-in world.
        fixed={name: value for name, value in sweep.fixed.items() if name not in _BUILTIN},
        axes={name: values for name, values in sweep.axes.items() if name not in _BUILTIN},
    )


def _set(sweep: Sweep, setting: str) -> tuple[str, Sweep]:
    key, equals, text = setting.partition("=")
    source = f"--set {setting}"
    if not equals or not text.strip():
        raise UserError(f"{source}: write it as field=value or field=value,value.")
    known = {axis_of(name) for name in field_names()}
    axis = axis_of(key.strip())
    if axis not in known:
        raise UserError(f"{source}: unknown setting {key!r}: {did_you_mean(key, known)}")
    values = _values(axis, text, source)
    checked = check_axes({axis: values}, source)
    ((name, options),) = checked.items()
    axes = {known: values for known, values in sweep.axes.items() if known != name}
    fixed = {known: value for known, value in sweep.fixed.items() if known != name}
    if name in sweep.axes or len(options) > 1:
        axes = {known: checked.get(known, values) for known, values in sweep.axes.items()} | checked
    else:
        fixed |= check_fixed({name: values[0]}, source)
    return name, dataclasses.replace(sweep, axes=axes, fixed=fixed)


def _values(axis: str, text: str, source: str) -> Any:
    if axis == "seeds" and "," not in text and "-" in text:
        return text
    return parse_yaml(f"[{text}]", source)
