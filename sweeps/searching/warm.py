"""Warm starts: settings that a search tries first, since something is known of them."""

from collections.abc import Iterator

from sweeps.experiments import known_sweep
from sweeps.searching.candidates import params_of
from sweeps.searching.space import Param
from sweeps.searching.spec import Search
from sweeps.spec import PRESET_VALUE, Sweep
from sweeps.standing import Record
from trainables.config import TrialConfig, parse
from trainables.errors import UserError, did_you_mean


def warm_starts(search: Search, record: Record) -> list[dict[str, Param]]:
    """List the parameters that a search starts with, each once, in the order of its warm starts.

    Args:
        search: names the preset and the sweeps.
        record: which trials of the sweeps are finished.

    Raises:
        UserError: there is no such sweep, the preset lies outside of the space, or there are more
            than the candidates that are asked for.
    """
    found: list[dict[str, Param]] = []
    for name in search.warm_start:
        params = [params_of(search, config) for config in _configs(search, name, record)]
        if name == PRESET_VALUE and None in params:
            raise UserError(
                f"{search.source}: warm start 'preset' lies outside of the space: widen a range, "
                "or leave it out."
            )
        found += [each for each in params if each is not None]
    unique = [params for number, params in enumerate(found) if params not in found[:number]]
    if len(unique) > search.num_candidates:
        raise UserError(
            f"{search.source}: num_candidates {search.num_candidates} is less than the "
            f"{len(unique)} warm starts: ask for more."
        )
    return unique


def _configs(search: Search, name: str, record: Record) -> Iterator[TrialConfig]:
    if name == PRESET_VALUE:
        yield _preset(search)
        return
    if known_sweep(name, record) is None:
        raise UserError(
            f"{search.source}: warm start {name!r} is neither `preset` nor a sweep of the project "
            f"or of the journal: {did_you_mean(name, [PRESET_VALUE, *record.sweeps])}"
        )
    for standing in record.trials.values():
        if standing.kind == "finished" and name in standing.sweeps:
            yield parse(standing.config)


def _preset(search: Search) -> TrialConfig:
    """Give the trial that the preset and the fixed settings make."""
    if not search.preset:
        raise UserError(f"{search.source}: warm start 'preset', but the search has no preset.")
    (first, *_) = search.seeds
    sweep = Sweep(
        name=search.name,
        preset=search.preset,
        fixed={**search.fixed, "seed": first},
        source=search.source,
    )
    (config,) = sweep.trials()
    return config
