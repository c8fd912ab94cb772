"""What a CLIP is made of, read off the model itself, for the configurations of other libraries."""

from dataclasses import dataclass
from typing import Any

import open_clip
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import QuickGELU, ResidualAttentionBlock, VisionTransformer
from torch import nn

from trainables.errors import UserError
from trainables.models.files import OPEN_CLIP, find_clip, read_json
from trainables.models.hub import fetch
from trainables.models.names import brings_weights, hub_name, local_path

DEFAULT_EPS = 1e-5
"""Of LayerNorms, in open_clip and in transformers."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The blocks of a transformer, all alike.

    Attributes:
        num_layers: how many there are.
        width: of the stream between them.
        num_heads: of the attention.
        mlp_width: of the hidden layer.
        activation: of the hidden layer, by its name in transformers.
        eps: of the LayerNorms.
    """

    num_layers: int
    width: int
    num_heads: int
    mlp_width: int
    activation: str
    eps: float


def blocks_of(tower: Any, what: str) -> Blocks:
    """Describe the blocks of a tower.

    Args:
        tower: with a `transformer`.
        what: the encoder, for messages.

    Raises:
        UserError: they are no plain transformer blocks.
    """
    blocks = list(tower.transformer.resblocks)
    first = blocks[0]
    for block in blocks:
        # Not isinstance: a subclass may compute something else.
        if type(block) is not ResidualAttentionBlock or not isinstance(block.ls_1, nn.Identity):
            raise UserError(f"the {what} encoder is no plain transformer: it cannot be described.")
    return Blocks(
        num_layers=len(blocks),
        width=first.mlp.c_fc.in_features,
        num_heads=first.attn.num_heads,
        mlp_width=first.mlp.c_fc.out_features,
        activation=_activation(first.mlp.gelu),
        eps=first.ln_1.eps,
    )


def _activation(layer: nn.Module) -> str:
    if isinstance(layer, QuickGELU):
        return "quick_gelu"
    assert isinstance(layer, nn.GELU), layer
    return "gelu_pytorch_tanh" if layer.approximate == "tanh" else "gelu"


def model_config(clip: Any, name: str) -> dict[str, Any]:
    """Give the `model_cfg` from which open_clip makes a model like this one.

    Args:
        clip: of open_clip's classes.
        name: of its architecture, as a trial has it.

    Raises:
        UserError: it is of none that open_clip knows, and cannot be described.
    """
    known = _known_config(name)
    # Weights may have been trained with another activation than the architecture's usual one.
    quick = any(isinstance(module, QuickGELU) for module in clip.modules())
    return _described(clip) if known is None else known | {"quick_gelu": quick}


def _known_config(name: str) -> dict[str, Any] | None:
    if name in open_clip.list_models():
        return dict(open_clip.get_model_config(name))
    if not brings_weights(name):
        return None
    hub = hub_name(name, "model")
    folder = local_path(name) if hub is None else fetch(hub, "model", (OPEN_CLIP,))
    assert folder is not None
    config: dict[str, Any] = read_json(find_clip(folder, "model", (OPEN_CLIP,)).config, "model")
    known: dict[str, Any] = config["model_cfg"]
    tokenizer = known["text_cfg"].get("hf_tokenizer_name", "")
    if str(tokenizer).startswith(("/", "~", ".")):
        # A place on this machine means nothing elsewhere, and may tell whose machine it is.
        del known["text_cfg"]["hf_tokenizer_name"]
    return known


def _described(clip: Any) -> dict[str, Any]:
    text = getattr(clip, "text", clip)
    blocks = blocks_of(text, "text")
    projection = text.text_projection
    text_config = {
        "context_length": text.context_length,
        "vocab_size": text.vocab_size,
        "heads": blocks.num_heads,
        "proj_bias": isinstance(projection, nn.Linear),
        "proj_type": "none" if projection is None else "linear",
    } | _blocks_config(blocks)
    config: dict[str, Any] = {
        "vision_cfg": _vision_config(clip.visual),
        "embed_dim": clip.visual.output_dim,
        "text_cfg": text_config,
        "quick_gelu": blocks.activation == "quick_gelu",
        "custom_text": text is not clip,
    }
    return config if clip.logit_bias is None else config | {"init_logit_bias": 0.0}


def _vision_config(visual: Any) -> dict[str, Any]:
    if type(visual) is ModifiedResNet:
        stages = (visual.layer1, visual.layer2, visual.layer3, visual.layer4)
        width = visual.conv3.out_channels
        return {
            "layers": [len(stage) for stage in stages],
            "width": width,
            "head_width": width * 32 // visual.attnpool.num_heads,
            "image_size": visual.image_size,
        }
    if type(visual) is not VisionTransformer:
        raise UserError(
            f"the image encoder {type(visual).__name__} is of no architecture that open_clip has a "
            "name for: it cannot be described."
        )
    blocks = blocks_of(visual, "image")
    return {
        "image_size": visual.image_size[0],
        "patch_size": visual.patch_size[0],
        "head_width": blocks.width // blocks.num_heads,
        "no_ln_pre": isinstance(visual.ln_pre, nn.Identity),
        "pool_type": visual.pool_type,
    } | _blocks_config(blocks)


def _blocks_config(blocks: Blocks) -> dict[str, Any]:
    config: dict[str, Any] = {
        "layers": blocks.num_layers,
        "width": blocks.width,
        "mlp_ratio": blocks.mlp_width / blocks.width,
    }
    if blocks.activation == "gelu_pytorch_tanh":
        config["act_kwargs"] = {"approximate": "tanh"}
    if blocks.eps != DEFAULT_EPS:
        config["norm_kwargs"] = {"eps": blocks.eps}
    return config
