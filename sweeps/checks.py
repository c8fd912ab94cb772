"""What a spec may say: its keys, settings and axes, and one sentence for each mistake."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

from trainables.config import BUILTIN, field_names
from trainables.errors import UserError, did_you_mean
from trainables.models.names import is_local
from trainables.paths import PROFILE, default_profile
from trainables.presets import PRESETS

MAX_TRIALS = 100_000
Keep = Literal["none", "best", "all"]
"""Which trained encoders of a sweep stay on disk, in rising order."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")


def axis_of(name: str) -> str:
    """Name the axis of a trial's field."""
    return "seeds" if name == "seed" else name


def check_name(name: Any, source: str) -> str:
    """Check a sweep's name, which is part of tags, paths and commands."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(
            f"{source}: name {name!r} is not a name: use small letters, digits and dashes."
        )
    return name


def check_fixed(fixed: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Check the settings that have one value."""
    for name in fixed:
        if name not in field_names():
            raise UserError(
                f"{source}: unknown setting {name!r} under fixed: "
                f"{did_you_mean(str(name), field_names())}"
            )
    return {name: _value(name, value) for name, value in fixed.items()}


def check_axes(axes: Mapping[str, Any], source: str) -> dict[str, tuple[Any, ...]]:
    """Check the settings that have several values."""
    known = {axis_of(name): name for name in field_names()}
    checked: dict[str, tuple[Any, ...]] = {}
    for axis, given in axes.items():
        if axis not in known:
            raise UserError(f"{source}: unknown axis {axis!r}: {did_you_mean(str(axis), known)}")
        values = _seeds(given, source) if axis == "seeds" else given
        if not isinstance(values, list) or not values:
            raise UserError(
                f"{source}: axis {axis!r} is {given!r}: give a list of values, such as [0, 1]."
            )
        name = known[axis]
        checked[name] = tuple(_value(name, value) for value in values)
        seen: list[Any] = []
        for value in checked[name]:
            if value in seen:
                raise UserError(f"{source}: axis {axis!r} holds {value!r} twice.")
            seen.append(value)
    return checked


def _seeds(given: Any, source: str) -> Any:
    if not isinstance(given, str):
        return given
    match = _RANGE.fullmatch(given)
    if not match or int(match[1]) > int(match[2]):
        raise UserError(f"{source}: axis 'seeds' is {given!r}: give a range such as 0-9 or a list.")
    first, last = int(match[1]), int(match[2])
    if last - first >= MAX_TRIALS:
        raise UserError(f"{source}: axis 'seeds' is {given!r}: more than {MAX_TRIALS:,} seeds.")
    return list(range(first, last + 1))


def _value(name: str, value: Any) -> Any:
    if name == "data" and isinstance(value, str):
        return profile_path(value)
    if name == "pretrained" and isinstance(value, str) and is_local(expand(value)):
        return str(Path(expand(value)).absolute())
    return tuple(value) if isinstance(value, list) else value


def profile_path(value: str) -> str:
    """Give the path of the data that a sweep names.

    Args:
        value: a path; `builtin`, which stays; or `profile` for the user's own, which
            UNREMEMBER_PROFILE names or which lies in the folder for settings.

    Raises:
        UserError: it is neither, nor a path.
    """
    if value == BUILTIN:
        return value
    path = default_profile() if value == PROFILE else Path(expand(value))
    if path == Path(path.name) and not path.suffix and not path.exists():
        raise UserError(f"no data profile {value!r}: {did_you_mean(value, [BUILTIN, PROFILE])}")
    return str(path.absolute())


def expand(path: str) -> str:
    """Put the home folder and environment variables into a path."""
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - "" must stay ""


def text_at(content: Mapping[str, Any], key: str, source: str) -> str:
    """Read a text out of a spec; empty where there is none."""
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise UserError(f"{source}: {key} is {value!r}: give text.")
    return (value or "").strip()


def check_preset(preset: str, source: str) -> str:
    """Check a preset's name; an empty one stands for none."""
    if preset and preset not in PRESETS:
        raise UserError(f"{source}: unknown preset {preset!r}: {did_you_mean(preset, PRESETS)}")
    return preset


def check_keep(keep: str, source: str) -> Keep:
    """Check which trained encoders are to stay on disk; an empty text stands for none."""
    for known in get_args(Keep):
        if keep in (known, ""):
            return cast(Keep, known)
    raise UserError(f"{source}: keep is {keep!r}: {did_you_mean(keep, get_args(Keep))}")


def mapping_at(content: Mapping[str, Any], key: str, source: str) -> dict[str, Any]:
    """Read a mapping out of a spec; empty where there is none."""
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{source}: {key} is {value!r}: give a mapping of settings.")
    return value
