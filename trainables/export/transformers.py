"""A CLIP as transformers keeps it, and its text encoder as diffusers' pipelines take it.

Nothing here imports transformers: its files are JSON and tensors, and a test reads them with it.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from open_clip.tokenizer import SimpleTokenizer
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn

from trainables.config import SingleEncoder
from trainables.errors import UserError
from trainables.export.architecture import Blocks, blocks_of
from trainables.export.folder import write_json, write_weights
from trainables.export.tokenizer import write_tokenizer
from trainables.models.transformers_names import to_transformers

_RESAMPLE = {"bilinear": 2, "bicubic": 3, "random": 3}


def holds_images(clip: Any) -> bool:
    """Tell whether the image encoder has a place in transformers' CLIP."""
    visual = clip.visual
    # Not isinstance: a subclass may compute something else.
    return (
        type(visual) is VisionTransformer
        and visual.attn_pool is None
        and visual.pool_type == "tok"
        and visual.proj is not None
        and isinstance(visual.ln_pre, nn.LayerNorm)
    )


def check_transformers(clip: Any, encoders: Collection[SingleEncoder]) -> None:
    """Refuse a CLIP whose defended encoders transformers has no place for.

    Raises:
        UserError: one of them is no plain transformer.
    """
    if "image" in encoders and not holds_images(clip):
        raise UserError(
            f"the image encoder {type(clip.visual).__name__} has no place in transformers' CLIP, "
            "which holds plain vision transformers only: use --to open_clip."
        )
    text = getattr(clip, "text", clip)
    if not isinstance(text.text_projection, nn.Parameter):
        raise UserError(
            "the text encoder has no plain projection, as transformers' CLIP must have: use "
            "--to open_clip."
        )
    blocks_of(text, "text")
    if holds_images(clip):
        blocks_of(clip.visual, "image")


def write_transformers(clip: Any, folder: Path, encoders: Collection[SingleEncoder]) -> None:
    """Write a CLIP, or its text encoder alone where there is no place for the other.

    A defended text encoder is also written apart, as Stable Diffusion pipelines take it.

    Args:
        clip: of open_clip's classes, on the CPU.
        folder: there already.
        encoders: those that were defended.

    Raises:
        UserError: as `check_transformers`.
    """
    check_transformers(clip, encoders)
    text = getattr(clip, "text", clip)
    weights = _weights(clip, whole=holds_images(clip))
    text_config = _text_config(text)
    if holds_images(clip):
        write_json(folder / "config.json", _config(clip, text_config))
        write_json(folder / "preprocessor_config.json", _preprocessing(clip.visual))
    else:
        architecture = {"architectures": ["CLIPTextModelWithProjection"]}
        write_json(folder / "config.json", architecture | text_config)
    write_weights(folder / "model.safetensors", weights)
    write_tokenizer(folder, text.context_length)
    if "text" in encoders:
        alone = {name: value for name, value in weights.items() if name.startswith("text_model.")}
        config = {"architectures": ["CLIPTextModel"]} | text_config
        write_json(folder / "text_encoder" / "config.json", config)
        write_weights(folder / "text_encoder" / "model.safetensors", alone)
        write_tokenizer(folder / "tokenizer", text.context_length)


def _weights(clip: nn.Module, *, whole: bool) -> dict[str, Tensor]:
    state: Mapping[str, Tensor] = {
        name.removeprefix("text."): value
        for name, value in clip.state_dict().items()
        if whole or not name.startswith(("visual.", "logit_"))
    }
    found = to_transformers(state)
    if whole:
        found["logit_scale"] = found["logit_scale"].reshape(())
    return found


def _config(clip: Any, text_config: dict[str, Any]) -> dict[str, Any]:
    visual = clip.visual
    vision_config = {
        "model_type": "clip_vision_model",
        "image_size": visual.image_size[0],
        "patch_size": visual.patch_size[0],
        "num_channels": 3,
        "projection_dim": visual.output_dim,
    } | _blocks_config(blocks_of(visual, "image"))
    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": visual.output_dim,
        "text_config": text_config,
        "vision_config": vision_config,
    }


def _text_config(text: Any) -> dict[str, Any]:
    tokenizer = SimpleTokenizer()
    return {
        "model_type": "clip_text_model",
        "vocab_size": text.vocab_size,
        "max_position_embeddings": text.context_length,
        "projection_dim": text.text_projection.shape[1],
        # The end token is where transformers pools; a wrong number there pools elsewhere.
        "bos_token_id": tokenizer.sot_token_id,
        "eos_token_id": tokenizer.eot_token_id,
        "pad_token_id": tokenizer.eot_token_id,
    } | _blocks_config(blocks_of(text, "text"))


def _blocks_config(blocks: Blocks) -> dict[str, Any]:
    return {
        "hidden_size": blocks.width,
        "intermediate_size": blocks.mlp_width,
        "num_hidden_layers": blocks.num_layers,
        "num_attention_heads": blocks.num_heads,
        "hidden_act": blocks.activation,
        "layer_norm_eps": blocks.eps,
    }


def _preprocessing(visual: Any) -> dict[str, Any]:
    known, size = getattr(visual, "preprocess_cfg", {}), visual.image_size[0]
    square = {"height": size, "width": size}
    squash = known.get("resize_mode") == "squash"
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": square if squash else {"shortest_edge": size},
        "resample": _RESAMPLE[known.get("interpolation", "bicubic")],
        "do_center_crop": not squash,
        "crop_size": square,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(visual.image_mean),
        "image_std": list(visual.image_std),
    }
