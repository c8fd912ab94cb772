"""What a search needs before it starts: trials that stand for all that its candidates share."""

import itertools
import math
from contextlib import suppress

from optuna.distributions import CategoricalDistribution, FloatDistribution

from sweeps.searching.candidates import find_trials
from sweeps.searching.conditions import required
from sweeps.searching.space import Param, Parameter
from sweeps.searching.spec import Search
from trainables.assets import ASSET_FIELDS, assets_key
from trainables.config import TrialConfig
from trainables.errors import UserError

MAX_ASSETS = 64
"""More sets of models, pictures and embeddings than anyone wants to wait for."""
_DECIDE_PEOPLE = ("num_names", "people")


def needed_trials(search: Search) -> list[TrialConfig]:
    """List trials with all the assets that candidates can need, each with all seeds.

    Those with the most people are among them, so that too many are refused before the start.

    Raises:
        UserError: candidates could need more sets of assets than can be built.
    """
    varied = [name for name in search.space if name in (*ASSET_FIELDS, *_DECIDE_PEOPLE)]
    parents = [parent for name in varied for parent in required(name, search.space)]
    options = {
        name: _values(search.space[name], search) for name in dict.fromkeys([*varied, *parents])
    }
    num_assets = math.prod(len(options[name]) for name in varied if name in ASSET_FIELDS)
    if num_assets > MAX_ASSETS:
        raise _too_many(search, [name for name in varied if name in ASSET_FIELDS])
    found: dict[tuple[str, int, int, str], TrialConfig] = {}
    for values in itertools.product(*options.values()):
        among = {name: (value,) for name, value in zip(options, values, strict=True)}
        with suppress(UserError):  # no candidate can be that
            for config in find_trials(search, among):
                key = assets_key(config), config.num_names, config.seed, config.people
                found.setdefault(key, config)
    return list(found.values())


def _values(parameter: Parameter, search: Search) -> tuple[Param, ...]:
    """List the values of a parameter that matter for what is shared."""
    distribution = parameter.distribution
    if isinstance(distribution, CategoricalDistribution) or parameter.name in _DECIDE_PEOPLE:
        return parameter.extremes
    if isinstance(distribution, FloatDistribution):
        raise _too_many(search, [parameter.name])
    return tuple(range(distribution.low, distribution.high + 1, distribution.step))


def _too_many(search: Search, names: list[str]) -> UserError:
    return UserError(
        f"{search.source}: {' and '.join(map(repr, names))} under space would need more than "
        f"{MAX_ASSETS} sets of what trials share, all built before the start: give fewer choices."
    )
