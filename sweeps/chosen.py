"""The chosen candidate of a search as a sweep, on seeds that the search did not use."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from analysis.files import write_file
from analysis.front.rules import Choice
from analysis.front.view import FrontView, seeds_text
from sweeps.checks import axis_of, check_name
from sweeps.searching.candidates import trials_of
from sweeps.searching.spec import Search
from sweeps.spec import DEFAULTS, Sweep
from trainables.config import GROWTH_FIELDS, IMAGE_PREFIX, PROCEDURE_FIELDS, TrialConfig
from trainables.errors import UserError
from trainables.presets import preset_fields


def emit_chosen(search: Search, view: FrontView, path: Path) -> str:
    """Write the spec of a sweep that runs the chosen candidate.

    Args:
        search: whose candidate it is.
        view: in which it was chosen.
        path: a YAML file; the sweep has its name.

    Returns:
        What to tell the user.

    Raises:
        UserError: nothing could be chosen, the file's name is none for a sweep, or it cannot be
            written.
    """
    if path.suffix != ".yaml":
        raise UserError(f"--emit {path}: a sweep is a .yaml file.")
    if view.choice is None:
        raise UserError(
            f"--emit {path}: no candidate of {search.name} is complete and feasible, so that none "
            "can be chosen."
        )
    sweep = sweep_of(search, view.choice, check_name(path.stem, f"--emit {path}"))
    content = {key: value for key, value in sweep.to_dict().items() if value}
    content["fixed"] = {name: _written(value) for name, value in sweep.fixed.items()}
    content["axes"] = {axis_of("seed"): _seeds(search.confirmation_seeds)}
    write_file(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))
    return f"wrote {path}: candidate {view.choice.candidate.number} on fresh seeds"


def sweep_of(search: Search, choice: Choice, name: str) -> Sweep:
    """Give the sweep that runs a chosen candidate on the seeds kept for confirmation.

    Args:
        search: whose candidate it is.
        choice: the candidate and the rule that chose it.
        name: of the sweep.
    """
    fresh = dataclasses.replace(search, seeds=search.confirmation_seeds)
    trials = trials_of(fresh, choice.candidate.params)
    description = (
        f"Candidate {choice.candidate.number} of the search {search.name}, chosen on seeds "
        f"{seeds_text(search.seeds)} by the rule {choice.rule}, on seeds that the search did not "
        "use."
    )
    sweep = Sweep(
        name=name,
        description=description,
        preset=search.preset,
        fixed=_decided(search, trials[0]),
        axes={"seed": search.confirmation_seeds},
        source=name,
    )
    assert set(sweep.trials()) == set(trials)
    return sweep


def _decided(search: Search, config: TrialConfig) -> dict[str, Any]:
    """Give the settings that the preset does not decide alike, and those that the search names."""
    fields = config.model_dump(exclude_none=True, exclude={"seed"})
    known = dict(DEFAULTS)
    if search.preset:
        known |= preset_fields(search.preset, config.encoder, config.model)
    named = {*search.fixed, *search.space}
    if config.encoder == "both":
        # What is said of one encoder would hold for both, unless the other one says its own.
        named |= {*PROCEDURE_FIELDS, *(IMAGE_PREFIX + name for name in PROCEDURE_FIELDS)}
        fields = dict.fromkeys(GROWTH_FIELDS, 1.0) | fields
    return {
        name: value
        for name, value in fields.items()
        if name in named or name not in known or known[name] != value
    }


def _written(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _seeds(seeds: Sequence[int]) -> str | list[int]:
    text = seeds_text(seeds)
    return text if "-" in text and "," not in text else list(seeds)
