"""A CLIP as open_clip keeps it: `open_clip.create_model("local-dir:PATH")` loads the folder."""

from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import Tensor

from trainables.errors import UserError
from trainables.export.architecture import model_config
from trainables.export.folder import write_json, write_weights

_TOLERANCE = 1e-5


def write_open_clip(clip: Any, name: str, folder: Path) -> None:
    """Write a CLIP, and make sure that open_clip reads it back as it is.

    Args:
        clip: of open_clip's classes, on the CPU, in evaluation mode.
        name: of its architecture, as a trial has it.
        folder: there already.

    Raises:
        UserError: open_clip has no configuration that describes it.
    """
    config = {"model_cfg": model_config(clip, name), "preprocess_cfg": _preprocessing(clip.visual)}
    write_json(folder / "open_clip_config.json", config)
    write_weights(folder / "open_clip_model.safetensors", clip.state_dict())
    _check(clip, name, folder)


def _preprocessing(visual: Any) -> dict[str, Any]:
    known = getattr(visual, "preprocess_cfg", {})
    kept = {key: known[key] for key in ("interpolation", "resize_mode") if key in known}
    return {"mean": list(visual.image_mean), "std": list(visual.image_std)} | kept


def _check(clip: Any, name: str, folder: Path) -> None:
    try:
        again = open_clip.create_model(f"local-dir:{folder}").eval()
        same = all(
            torch.allclose(old, new, rtol=_TOLERANCE, atol=_TOLERANCE * float(old.abs().max()))
            for old, new in zip(_samples(clip), _samples(again), strict=True)
        )
    except (RuntimeError, ValueError, TypeError):
        same = False
    if not same:
        raise UserError(
            f"{name} cannot be described to open_clip in a file: what it reads back is another "
            "model."
        )


@torch.no_grad()
def _samples(clip: Any) -> tuple[Tensor, Tensor]:
    """Embed a caption and an image that only the arithmetic cares about."""
    ids = torch.zeros(1, clip.context_length, dtype=torch.int64)
    ids[0, :5] = torch.tensor([clip.vocab_size - 2, 320, 1125, 539, clip.vocab_size - 1])
    size = clip.visual.image_size
    height, width = (size, size) if isinstance(size, int) else size
    pixels = torch.linspace(-2, 2, 3 * height * width).view(1, 3, height, width)
    return clip.encode_text(ids), clip.encode_image(pixels)
