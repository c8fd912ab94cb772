"""A training step of an image encoder, beside open_clip's own tower trained as the papers do."""

import copy
from collections.abc import Callable

import numpy as np
import open_clip
import torch

from tests.benchmarks.augment import smooth_pictures
from tests.plain import plain_image_training
from trainables.builtin.model import build_model
from trainables.builtin.recipe import default_recipe
from trainables.config import TrialConfig
from trainables.image_encoder import encode_images, take_image_encoder
from trainables.presets import preset_fields
from trainables.unlearning.faces import draw_clean_images, draw_faces, side_range
from trainables.unlearning.image_training import ImageBatches, unlearn_faces

Pair = tuple[Callable[[], object], Callable[[], object]]

_NUM_IMAGES = 256


def image_step(device: torch.device) -> Pair:
    """Three steps of 64 + 64: RN50 on a GPU; where that would take minutes, the built-in one."""
    torch.manual_seed(0)
    on_gpu = device.type == "cuda"
    clip = open_clip.create_model("RN50") if on_gpu else build_model(default_recipe(0))
    clip = clip.eval().to(device)
    fields = preset_fields("builtin", "image", "builtin") | {
        "num_steps": 3, "lr_milestones": (2,), "num_names": 8, "encoder": "image", "seed": 0,
        "model": "builtin", "pretrained": "", "data": "builtin", "world_seed": 0, "beta": 0.005,
    }  # fmt: skip
    config = TrialConfig(**fields)
    teacher = take_image_encoder(clip)
    batches = _batches(teacher, config)

    def ours() -> object:
        return list(unlearn_faces(copy.deepcopy(teacher), batches, config, report_every=3))

    return ours, lambda: plain_image_training(copy.deepcopy(clip), batches, config)


def _batches(teacher: torch.nn.Module, config: TrialConfig) -> ImageBatches:
    size, everyone = teacher.image_size, np.ones(_NUM_IMAGES, dtype=np.bool_)
    images, faces = smooth_pictures(_NUM_IMAGES, size).numpy(), smooth_pictures(64, size).numpy()
    draws = draw_faces(config, everyone, np.full(8, 8), size)
    embeddings = encode_images(teacher, images)
    return ImageBatches(
        images=images,
        teacher=embeddings,
        clean=draw_clean_images(config, everyone),
        faces=faces,
        face_rows=8 * draws.people + draws.faces,
        draws=draws,
        bounds=side_range(config, size),
        target=embeddings.mean(dim=0),
    )
