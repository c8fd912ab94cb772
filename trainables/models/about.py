"""What the files beside a CLIP's weights say of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainables.errors import UserError
from trainables.models.files import OPEN_CLIP, ClipFolder, read_json

_QUICK_GELU = {"gelu": False, "quick_gelu": True}
# As in transformers where the file says nothing.
_NUM_HEADS = {"text": 8, "vision": 12}


@dataclass(frozen=True)
class About:
    """A model beside its weights; what is not said is what the architecture says.

    Attributes:
        quick_gelu: whether it computes with QuickGELU.
        pixels: `mean` and `std` of each channel.
        num_heads: of the attention, of the `text` and the `vision` encoder.
    """

    quick_gelu: bool | None = None
    pixels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    num_heads: Mapping[str, int] = field(default_factory=dict)


def read_about(folder: ClipFolder, what: str) -> About:
    """Read the configuration of a folder that open_clip or transformers saved.

    Args:
        folder: where it is.
        what: the setting that names it, for messages.

    Raises:
        UserError: it is none of a CLIP, or of one that open_clip does not have.
    """
    config = read_json(folder.config, what)
    if folder.form is OPEN_CLIP:
        return _of_open_clip(config, f"{what}: {folder.config}")
    pixels: dict[str, tuple[float, ...]] = {}
    for path in folder.extras:
        content = read_json(path, what)
        inner = content.get("image_processor")
        said = inner if isinstance(inner, dict) else content
        pixels |= _pixels(said, "image_", f"{what}: {path}")
    return _of_transformers(config, pixels, f"{what}: {folder.config}")


def _of_open_clip(config: Mapping[str, Any], source: str) -> About:
    model, preprocess = config.get("model_cfg"), config.get("preprocess_cfg", {})
    if not isinstance(model, dict) or not isinstance(preprocess, dict):
        raise UserError(f"{source} has no model_cfg; save the model again.")
    return About(bool(model.get("quick_gelu", False)), _pixels(preprocess, "", source))


def _of_transformers(
    config: Mapping[str, Any], pixels: Mapping[str, tuple[float, ...]], source: str
) -> About:
    if config.get("model_type") != "clip":
        raise UserError(
            f"{source} is of a model of type {config.get('model_type')!r}; a whole CLIP (type "
            "'clip') is expected."
        )
    towers = {name: _tower(config, name) for name in _NUM_HEADS}
    acts = {str(tower.get("hidden_act", "quick_gelu")) for tower in towers.values()}
    if len(acts) != 1 or not acts <= set(_QUICK_GELU):
        raise UserError(
            f"{source} has the hidden_act {' and '.join(sorted(acts))}; gelu or quick_gelu for "
            "both encoders is expected."
        )
    num_heads = {
        name: tower.get("num_attention_heads", _NUM_HEADS[name]) for name, tower in towers.items()
    }
    return About(_QUICK_GELU[acts.pop()], pixels, num_heads)


def _tower(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    # Old files say it twice, and transformers then goes by the second.
    for key in (f"{name}_config_dict", f"{name}_config"):
        if isinstance(config.get(key), dict):
            tower: dict[str, Any] = config[key]
            return tower
    return {}


def _pixels(said: Mapping[str, Any], prefix: str, source: str) -> dict[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    for name in ("mean", "std"):
        values = said.get(prefix + name)
        if values is None:
            continue
        if not _are_channels(values) or (name == "std" and min(values) <= 0):
            raise UserError(
                f"{source} has the {prefix}{name} {values!r}; three numbers, one for each channel, "
                "are expected."
            )
        found[name] = tuple(values)
    return found


def _are_channels(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == 3
        and all(isinstance(value, int | float) and math.isfinite(value) for value in values)
    )
