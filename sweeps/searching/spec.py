"""A search: a space, objectives and constraints; what it does not know, it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.front.searched import Bound, Goal
from sweeps.checks import check_axes, check_fixed, check_name, check_preset, mapping_at, text_at
from sweeps.searching.candidates import check_trials
from sweeps.searching.conditions import ordered, required
from sweeps.searching.goals import (
    Prune,
    check_measured,
    read_constraints,
    read_objectives,
    read_prune,
)
from sweeps.searching.samplers import check_sampler
from sweeps.searching.space import Parameter, read_parameter
from sweeps.spec import DEFAULTS, find_spec
from trainables.config import applies_to
from trainables.errors import UserError, did_you_mean
from trainables.yamls import parse_yaml, read_text

NUM_CONFIRMATION_SEEDS = 10
"""How many seeds are kept for the confirmation, unless a spec names them."""

_KEYS = (
    "name", "description", "preset", "fixed", "space", "objectives", "constraints", "sampler",
    "sampler_seed", "num_candidates", "seeds", "confirmation_seeds", "warm_start", "prune",
)  # fmt: skip
_SWEEP_KEYS = ("axes", "keep")
_SHIPPED = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What to search for.

    Attributes:
        name: of letters, digits and dashes; the study's as well.
        description: one sentence.
        preset: whose settings hold where the search says nothing; empty for none.
        fixed: settings with one value; milestones also as shares of the steps.
        space: the parameters by their names, none before one that its condition is on.
        objectives: what is best; with several, no weights but a front.
        constraints: what is feasible, by the means over the seeds.
        sampler: who proposes candidates, see `sweeps.searching.samplers`.
        sampler_seed: what makes its draws.
        num_candidates: how many are asked for, those of `warm_start` included.
        seeds: of a trial; each candidate runs on all of them.
        confirmation_seeds: kept for the chosen candidate: the search never runs on them.
        warm_start: what is tried first: `preset`, and names of sweeps, of which all finished
            settings count that lie in the space.
        prune: when a trial is stopped; None for never.
        source: what errors call it.
    """

    name: str
    description: str = ""
    preset: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Parameter]
    objectives: tuple[Goal, ...]
    constraints: tuple[Bound, ...] = ()
    sampler: str = "tpe"
    sampler_seed: int = 0
    num_candidates: int
    seeds: tuple[int, ...]
    confirmation_seeds: tuple[int, ...]
    warm_start: tuple[str, ...] = ()
    prune: Prune | None = None
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the search in the form of a spec, with all that it left open filled in."""
        prune = {"metric": self.prune.metric, "by": self.prune.by} if self.prune else None
        return {
            "name": self.name,
            "description": self.description,
            "preset": self.preset,
            "fixed": {k: list(v) if isinstance(v, tuple) else v for k, v in self.fixed.items()},
            "space": {name: parameter.to_dict() for name, parameter in self.space.items()},
            "objectives": [
                {"metric": goal.metric, "direction": "maximize" if goal.maximize else "minimize"}
                for goal in self.objectives
            ],
            "constraints": {
                bound.metric: {
                    end: value
                    for end, value in (("min", bound.low), ("max", bound.high))
                    if value is not None
                }
                for bound in self.constraints
            },
            "sampler": self.sampler,
            "sampler_seed": self.sampler_seed,
            "num_candidates": self.num_candidates,
            "seeds": list(self.seeds),
            "confirmation_seeds": list(self.confirmation_seeds),
            "warm_start": list(self.warm_start),
        } | ({"prune": prune} if prune else {})

    def encoders_of(self, name: str = "") -> tuple[str, ...]:
        """List the encoders of the candidates, or of those in which a parameter has a meaning."""
        if "encoder" not in self.space:
            return (str(self.fixed.get("encoder", DEFAULTS["encoder"])),)
        options = self.space["encoder"].choices
        if name in self.space:
            options = required(name, self.space).get("encoder", options)
        return tuple(map(str, options))


def load_search(spec: str) -> Search:
    """Read a spec.

    Args:
        spec: a path, or the name of a search that comes with the project, such as `text-tradeoff`.

    Raises:
        UserError: it is not there or not a search.
    """
    try:
        path = find_spec(spec)
    except UserError as error:
        shipped = [path.stem for path in _SHIPPED.glob("search/*.yaml")]
        raise UserError(
            f"no search {spec!r}, neither as a file nor among those of the project: "
            f"{did_you_mean(Path(spec).stem, shipped)}"
        ) from error
    is_shipped = path.is_relative_to(_SHIPPED)
    source = str(path.relative_to(_SHIPPED.parent)) if is_shipped else str(path)
    return search_from(parse_yaml(read_text(path), source), source)


def search_from(content: Any, source: str) -> Search:
    """Check a spec: its keys and forms, and that each value in its space can make a trial.

    Raises:
        UserError: a key is unknown or missing, a form or a value is wrong.
    """
    _check_keys(content, source)
    fixed = check_fixed(mapping_at(content, "fixed", source), source)
    if "seed" in fixed:
        raise UserError(f"{source}: 'seed' stands under fixed: give seeds, a list or a range.")
    objectives = read_objectives(content.get("objectives"), source)
    seeds, confirmation_seeds = _seeds(content, source)
    search = Search(
        name=check_name(content.get("name"), source),
        description=text_at(content, "description", source),
        preset=check_preset(text_at(content, "preset", source), source),
        fixed=fixed,
        space=_space(mapping_at(content, "space", source), fixed, source),
        objectives=objectives,
        constraints=read_constraints(mapping_at(content, "constraints", source), source),
        sampler=text_at(content, "sampler", source) or Search.sampler,
        sampler_seed=_whole(content.get("sampler_seed", 0), "sampler_seed", 0, source),
        num_candidates=_whole(content.get("num_candidates"), "num_candidates", 1, source),
        seeds=seeds,
        confirmation_seeds=confirmation_seeds,
        warm_start=_warm_start(content.get("warm_start"), source),
        prune=read_prune(content.get("prune"), len(objectives), source),
        source=source,
    )
    check_sampler(search.sampler, search.space, source)
    _check_encoders(search)
    check_trials(search)
    return search


def _check_keys(content: Any, source: str) -> None:
    if not isinstance(content, dict):
        raise UserError(f"{source}: a search is a mapping with the keys {', '.join(_KEYS)}.")
    if "space" not in content and any(key in content for key in _SWEEP_KEYS):
        raise UserError(
            f"{source} is a sweep and not a search, which has a space: `unremember run` runs it."
        )
    for key in content:
        if key not in _KEYS:
            raise UserError(f"{source}: unknown key {key!r}: {did_you_mean(str(key), _KEYS)}")


def _space(given: Mapping[str, Any], fixed: Mapping[str, Any], source: str) -> dict[str, Parameter]:
    if not given:
        raise UserError(f"{source}: space is missing: give at least one parameter and its range.")
    for name in given:
        if name in fixed:
            raise UserError(f"{source}: {name!r} stands under both space and fixed: choose one.")
    space = {str(name): read_parameter(str(name), given[name], source) for name in given}
    return ordered(space, fixed, source)


def _seeds(content: Mapping[str, Any], source: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read the seeds of the search and those that are kept from it."""
    seeds = _seeds_at("seeds", content, source)
    if content.get("confirmation_seeds") is None:
        first = max(seeds) + 1
        return seeds, tuple(range(first, first + NUM_CONFIRMATION_SEEDS))
    kept = _seeds_at("confirmation_seeds", content, source)
    for seed in seeds:
        if seed in kept:
            raise UserError(
                f"{source}: seed {seed} stands under both seeds and confirmation_seeds: "
                "what is confirmed on the seeds that chose it is flattered."
            )
    return seeds, kept


def _seeds_at(key: str, content: Mapping[str, Any], source: str) -> tuple[int, ...]:
    if content.get(key) is None:
        raise UserError(f"{source}: {key} is missing: give a list, or a range such as 0-2.")
    (seeds,) = check_axes({"seeds": content[key]}, f"{source}: {key}").values()
    return tuple(_whole(seed, key, 0, source) for seed in seeds)


def _whole(value: Any, key: str, least: int, source: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(f"{source}: {key} {value!r} is wrong: give a whole number from {least} on.")
    return value


def _warm_start(given: Any, source: str) -> tuple[str, ...]:
    if given is not None and not isinstance(given, list):
        raise UserError(
            f"{source}: warm_start is {given!r}: give a list of `preset` and names of sweeps."
        )
    return tuple(check_name(name, f"{source}: warm_start") for name in given or ())


def _check_encoders(search: Search) -> None:
    """Refuse settings and metrics that mean nothing to the encoders of the candidates."""
    for name in (*search.fixed, *search.space):
        encoders = search.encoders_of(name)
        # A fixed setting counts for those it applies to, while a parameter would be drawn in vain.
        enough = any if name in search.fixed else all
        if not enough(applies_to(name, encoder) for encoder in encoders):
            (one, *_) = (each for each in encoders if not applies_to(name, each))
            raise UserError(
                f"{search.source}: {name!r} does not apply when encoder is {one}: leave it out"
                + (", or give it a condition." if len(search.encoders_of()) > 1 else ".")
            )
    metrics = [goal.metric for goal in search.objectives]
    metrics += [bound.metric for bound in search.constraints]
    check_measured(metrics, search.prune, search.encoders_of(), search.source)
