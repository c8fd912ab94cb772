"""A CLIP's weights under open_clip's names and under those of transformers.

Both libraries hold the same numbers: transformers keeps query, key and value apart and its
projections transposed.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from trainables.errors import UserError

# open_clip's name -> that of transformers; of those with a dot at the end, what follows is kept.
_NAMES = {
    "logit_scale": "logit_scale",
    "token_embedding.": "text_model.embeddings.token_embedding.",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.": "text_model.final_layer_norm.",
    "text_projection": "text_projection.weight",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.": "vision_model.embeddings.patch_embedding.",
    "visual.ln_pre.": "vision_model.pre_layrnorm.",
    "visual.ln_post.": "vision_model.post_layernorm.",
    "visual.proj": "visual_projection.weight",
}
_TRANSPOSED = frozenset({"text_projection", "visual.proj"})
_BLOCKS = {
    "transformer.resblocks": "text_model.encoder.layers",
    "visual.transformer.resblocks": "vision_model.encoder.layers",
}
_LAYERS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_THIRDS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
_OPEN_CLIP_BLOCK = re.compile(
    r"((?:visual\.)?transformer\.resblocks)\.(\d+)\.(.+?)[._](weight|bias)"
)
_TRANSFORMERS_BLOCK = re.compile(
    r"((?:text|vision)_model\.encoder\.layers)\.(\d+)\.(.+)\.(weight|bias)"
)


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of an open_clip `CLIP`, or of some of its parts.

    Args:
        state: by open_clip's names.

    Returns:
        By the names of transformers' `CLIPModel`; no two share memory.

    Raises:
        UserError: there is a weight that transformers' CLIP does not have.
    """
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        block = _OPEN_CLIP_BLOCK.fullmatch(name)
        if block is None:
            found[_renamed(name, _NAMES)] = value.t() if name in _TRANSPOSED else value
            continue
        tower, number, part, kind = block.groups()
        prefix = f"{_BLOCKS[tower]}.{number}."
        if part == "attn.in_proj":
            for third, numbers in zip(_THIRDS, value.chunk(3), strict=True):
                found[f"{prefix}{third}.{kind}"] = numbers
        else:
            found[f"{prefix}{_layer(name, part, _LAYERS)}.{kind}"] = value
    return {
        name: value.clone(memory_format=torch.contiguous_format) for name, value in found.items()
    }


def to_open_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a CLIP of transformers.

    Args:
        state: by the names of transformers' `CLIPModel`.

    Returns:
        By the names of open_clip's `CLIP`.

    Raises:
        UserError: there is a weight that open_clip's CLIP does not have, or a query, key or value
            is missing.
    """
    names = {theirs: ours for ours, theirs in _NAMES.items()}
    layers = {theirs: ours for ours, theirs in _LAYERS.items()}
    towers = {theirs: ours for ours, theirs in _BLOCKS.items()}
    found: dict[str, Tensor] = {}
    thirds: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        block = _TRANSFORMERS_BLOCK.fullmatch(name)
        if block is None:
            # Numbers from 0 on, which old versions saved beside the weights.
            if not name.endswith(".position_ids"):
                new = _renamed(name, names)
                found[new] = value.t() if new in _TRANSPOSED else value
            continue
        tower, number, part, kind = block.groups()
        prefix = f"{towers[tower]}.{number}."
        if part in _THIRDS:
            thirds.setdefault(f"{prefix}attn.in_proj_{kind}", {})[part] = value
        else:
            found[f"{prefix}{_layer(name, part, layers)}.{kind}"] = value
    return found | {name: _stacked(name, parts) for name, parts in thirds.items()}


def _stacked(name: str, parts: Mapping[str, Tensor]) -> Tensor:
    missing = [part for part in _THIRDS if part not in parts]
    if missing:
        raise UserError(f"of {name} the part {missing[0]} is missing; save the model again.")
    return torch.cat([parts[part] for part in _THIRDS])


def _renamed(name: str, names: Mapping[str, str]) -> str:
    if name in names:
        return names[name]
    stem, _, end = name.rpartition(".")
    if f"{stem}." in names:
        return names[f"{stem}."] + end
    raise UserError(_strange(name))


def _layer(name: str, part: str, layers: Mapping[str, str]) -> str:
    if part not in layers:
        raise UserError(_strange(name))
    return layers[part]


def _strange(name: str) -> str:
    return (
        f"{name} has no counterpart: only a CLIP whose encoders are both plain transformers, such "
        "as ViT-B-32, has the same weights in open_clip and in transformers."
    )
