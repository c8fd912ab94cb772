"""What the command line changes in a search: `--set` and `--data`."""

from collections.abc import Sequence
from typing import Any

from sweeps.overrides import override
from sweeps.searching.spec import Search, search_from
from sweeps.spec import Sweep
from trainables.errors import UserError
from trainables.yamls import parse_yaml

_OWN = ("num_candidates", "sampler", "sampler_seed", "confirmation_seeds", "name")
"""Keys of a search with one value. The first hides the setting of trials that has its name."""


def override_search(
    search: Search, settings: Sequence[str] = (), data: str | None = None
) -> Search:
    """Change a search as the command line asks.

    Args:
        search: as its file has it.
        settings: each `field=value`, which fixes a setting of trials; `field=value,value`, which
            makes them its choices; `seeds=0-2`; or a key of the search: `num_candidates=20`.
        data: see `sweeps.overrides.override`.

    Raises:
        UserError: a setting is unknown or malformed.
    """
    if not settings and data is None:
        return search
    own = [setting for setting in settings if setting.partition("=")[0].strip() in _OWN]
    before = _as_sweep(search)
    after = override(before, [setting for setting in settings if setting not in own], data)
    asked = " ".join(f"--set {setting}" for setting in settings)
    content = search.to_dict() | {
        "name": after.name,
        "description": after.description,
        "preset": after.preset,
        "fixed": {k: list(v) if isinstance(v, tuple) else v for k, v in after.fixed.items()},
        "space": _space(search, before, after),
        "seeds": list(after.axes["seed"]),
    }
    return search_from(
        content | dict(map(_own, own)), f"{search.source} with {asked}" if asked else search.source
    )


def _as_sweep(search: Search) -> Sweep:
    """Give what a search has in common with a sweep: it is changed in the same way."""
    choices = {
        name: tuple(parameter.setting(choice) for choice in parameter.choices)
        for name, parameter in search.space.items()
        if parameter.is_setting and parameter.choices
    }
    return Sweep(
        name=search.name,
        description=search.description,
        preset=search.preset,
        fixed=search.fixed,
        axes={"seed": search.seeds, **choices},
        source=search.source,
    )


def _space(search: Search, before: Sweep, after: Sweep) -> dict[str, Any]:
    space = {
        name: parameter.to_dict()
        for name, parameter in search.space.items()
        if name not in after.fixed and (name in after.axes or name not in before.axes)
    }
    for name, values in after.axes.items():
        if name != "seed" and values != before.axes.get(name):
            kept = {key: value for key, value in space.get(name, {}).items() if key == "when"}
            space[name] = kept | {"choices": list(values)}
    return space


def _own(setting: str) -> tuple[str, Any]:
    key, _, text = setting.partition("=")
    if not text.strip():
        raise UserError(f"--set {setting}: write it as {key}=value.")
    return key.strip(), parse_yaml(text, f"--set {setting}")
