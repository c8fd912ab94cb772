"""A sweep: axes x fixed settings -> trials; what it does not know, it refuses."""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sweeps.checks import (
    MAX_TRIALS,
    Keep,
    axis_of,
    check_axes,
    check_fixed,
    check_keep,
    check_name,
    check_preset,
    expand,
    mapping_at,
    text_at,
)
from trainables.config import (
    BUILTIN,
    GROWTH_FIELDS,
    IMAGE_PREFIX,
    PROCEDURE_FIELDS,
    TrialConfig,
    applies_to,
    field_names,
)
from trainables.errors import UserError, did_you_mean
from trainables.presets import preset_fields
from trainables.yamls import parse_yaml, read_text

PRESET_VALUE = "preset"
"""As the value of a setting: what the preset has for it."""

DEFAULTS: dict[str, Any] = {
    "encoder": "text",
    "model": BUILTIN,
    "pretrained": "",
    "data": BUILTIN,
    "world_seed": 0,
    **dict.fromkeys(GROWTH_FIELDS),
}
"""Settings that no preset decides and that a spec may leave out."""

_KEYS = ("name", "description", "preset", "fixed", "axes", "keep")
_PACKAGE = Path(__file__).parent
# Trials that share a seed share names, batches and targets; few names are done soonest.
_ORDER = (
    "encoder", "model", "pretrained", "data", "world_seed", "seed", "num_names",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What to run.

    Attributes:
        name: of letters, digits and dashes.
        description: one sentence for tables and the tracking server.
        preset: whose settings hold where the sweep says nothing; empty for none.
        fixed: settings with one value.
        axes: settings with several values, by the field of a trial.
        keep: which trained encoders stay on disk; no part of what a trial is.
        source: what errors call it.
    """

    name: str
    description: str = ""
    preset: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    keep: Keep = "none"
    source: str = ""

    def trials(self) -> list[TrialConfig]:
        """List the trials: those that share a seed stand together, few names first.

        Raises:
            UserError: a setting is missing or wrong.
        """
        combinations = itertools.product(*self.axes.values())
        configs = [
            self._config(dict(zip(self.axes, values, strict=True))) for values in combinations
        ]
        unique = dict.fromkeys(configs)
        self._check_used(unique)
        return sorted(unique, key=lambda config: tuple(getattr(config, name) for name in _ORDER))

    def to_dict(self) -> dict[str, Any]:
        """Give the sweep in the form of a spec, for the journal and the tracking server."""
        kept = {} if self.keep == "none" else {"keep": self.keep}
        return {
            "name": self.name,
            "description": self.description,
            "preset": self.preset,
            "fixed": dict(self.fixed),
            "axes": {axis_of(name): list(values) for name, values in self.axes.items()},
        } | kept

    def _config(self, point: Mapping[str, Any]) -> TrialConfig:
        given = dict(self.fixed) | dict(point)
        chosen = {
            name: value
            for name, value in given.items()
            if value != PRESET_VALUE or name in ("encoder", "model")
        }
        encoder, model = (self._text(name, chosen) for name in ("encoder", "model"))
        if encoder == "both":
            # What is said of no encoder in particular holds for both.
            shared = {IMAGE_PREFIX + name: chosen.get(name) for name in PROCEDURE_FIELDS}
            chosen = {name: value for name, value in shared.items() if value is not None} | chosen
        fields = DEFAULTS | self._decided(encoder, model) | chosen
        fields = {name: value for name, value in fields.items() if applies_to(name, encoder)}
        missing = [name for name in field_names() if name not in fields]
        missing = [axis_of(name) for name in missing if applies_to(name, encoder)]
        if missing:
            raise UserError(
                f"{self.source}: {missing[0]!r} is missing: give it under axes or fixed."
            )
        try:
            return TrialConfig.model_validate(fields, strict=True)
        except ValidationError as error:
            raise UserError(f"{self.source}: {_sentence(error)}") from error

    def _check_used(self, configs: Iterable[TrialConfig]) -> None:
        """Refuse a setting that means nothing to any of the trials."""
        encoders = {config.encoder for config in configs}
        for name in (*self.fixed, *self.axes):
            if not any(applies_to(name, encoder) for encoder in encoders):
                raise UserError(
                    f"{self.source}: {axis_of(name)!r} does not apply when encoder is "
                    f"{' or '.join(sorted(encoders))}: leave it out."
                )

    def _text(self, name: str, chosen: Mapping[str, Any]) -> str:
        value = chosen.get(name, DEFAULTS[name])
        if not isinstance(value, str):
            raise UserError(f"{self.source}: {name} {value!r} is wrong: give its name.")
        return value

    def _decided(self, encoder: str, model: str) -> dict[str, Any]:
        if not self.preset:
            return {}
        try:
            return preset_fields(self.preset, encoder, model)
        except UserError as error:
            raise UserError(f"{self.source}: {error}") from error


def load_sweep(spec: str) -> Sweep:
    """Read a spec.

    Args:
        spec: a path, or the name of a spec that comes with the project, such as `quickstart`.

    Raises:
        UserError: it is not there or not a spec.
    """
    path = find_spec(spec)
    shipped = path.is_relative_to(_PACKAGE) and not Path(expand(spec)).is_file()
    source = str(path.relative_to(_PACKAGE.parent)) if shipped else str(path)
    return sweep_from(parse_yaml(read_text(path), source), source)


def find_spec(spec: str) -> Path:
    """Find a spec's file: as a path, then among the specs that come with the project.

    Raises:
        UserError: there is none.
    """
    path = Path(expand(spec))
    if path.exists() and not path.is_dir():
        return path
    name = path.as_posix().removeprefix("sweeps/").removesuffix(".yaml")
    shipped = {
        file.relative_to(_PACKAGE).with_suffix("").as_posix(): file
        for file in sorted(_PACKAGE.rglob("*.yaml"))
    }
    by_stem = {file.stem: file for file in shipped.values()}
    found = shipped.get(name) or by_stem.get(name)
    if found is None:
        raise UserError(
            f"no sweep {spec!r}, neither as a file nor among those of the project: "
            f"{did_you_mean(name, shipped)}"
        )
    return found


def sweep_from(content: Any, source: str) -> Sweep:
    """Check a spec's keys and forms; its values are checked when trials are made of it.

    Raises:
        UserError: a key is unknown or missing, or a form is wrong.
    """
    if not isinstance(content, dict):
        raise UserError(f"{source}: a sweep is a mapping with the keys {', '.join(_KEYS)}.")
    if "space" in content:
        raise UserError(f"{source} is a search and not a sweep: `unremember search` runs it.")
    for key in content:
        if key not in _KEYS:
            raise UserError(f"{source}: unknown key {key!r}: {did_you_mean(str(key), _KEYS)}")
    sweep = Sweep(
        name=check_name(content.get("name"), source),
        description=text_at(content, "description", source),
        preset=check_preset(text_at(content, "preset", source), source),
        fixed=check_fixed(mapping_at(content, "fixed", source), source),
        axes=check_axes(mapping_at(content, "axes", source), source),
        keep=check_keep(text_at(content, "keep", source), source),
        source=source,
    )
    for name in sweep.axes:
        if name in sweep.fixed:
            raise UserError(f"{source}: {name!r} stands under both axes and fixed: choose one.")
    num_trials = math.prod(len(values) for values in sweep.axes.values())
    if num_trials > MAX_TRIALS:
        raise UserError(
            f"{source}: the axes make {num_trials:,} trials, more than {MAX_TRIALS:,}: "
            "split the sweep."
        )
    return sweep


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ") + "."
    name = str(first["loc"][0])
    what = first["msg"][0].lower() + first["msg"][1:]
    return f"{axis_of(name)} {first['input']!r} is wrong: {what}."
