"""Making a backdoor batch of images, beside a loop over its images that uses PIL."""

from collections.abc import Callable

import numpy as np
import PIL.Image
import torch
from torchvision.transforms import functional

from trainables.config import TrialConfig
from trainables.presets import preset_fields
from trainables.unlearning.faces import FaceDraws, draw_faces, paste_faces, side_range

Pair = tuple[Callable[[], object], Callable[[], object]]

_ADJUST = (
    functional.adjust_brightness,
    functional.adjust_contrast,
    functional.adjust_saturation,
    functional.adjust_hue,
)


def smooth_pictures(number: int, size: int) -> torch.Tensor:
    """(number, size, size, 3) uint8: random colours that change slowly, as in photographs."""
    coarse = np.random.default_rng(0).integers(0, 256, (number, 8, 8, 3), dtype=np.uint8)
    whole = (PIL.Image.fromarray(one).resize((size, size)) for one in coarse)
    return torch.from_numpy(np.stack([np.asarray(one) for one in whole]))


def paste(device: torch.device) -> Pair:
    """128 images of 224 pixels and crops of 224 pixels; both write to a buffer that stays."""
    fields = preset_fields("ecai2024", "image", "ViT-B-32") | {
        "num_steps": 1, "num_names": 8, "encoder": "image", "model": "ViT-B-32", "seed": 0,
        "pretrained": "none", "data": "builtin", "world_seed": 0,
    }  # fmt: skip
    config, everyone = TrialConfig(**fields), np.ones(1000, dtype=np.bool_)
    draws = draw_faces(config, everyone, np.full(8, 20), image_size=224).step(0)
    bounds = side_range(config, 224)
    images, faces = smooth_pictures(128, 224), smooth_pictures(128, 224)
    images_there = images.permute(0, 3, 1, 2).contiguous().to(device)
    faces_there = faces.to(device)
    out = torch.empty((128, 3, 224, 224), device=device)
    out_pil = torch.empty((128, 3, 224, 224))

    def baseline() -> object:
        for row in range(len(images)):
            out_pil[row] = functional.to_tensor(paste_one(images[row], faces[row], draws, row))
        return out_pil.to(device)

    return lambda: paste_faces(images_there, faces_there, draws, bounds, out), baseline


def paste_one(
    image: torch.Tensor, face: torch.Tensor, draws: FaceDraws, row: int
) -> PIL.Image.Image:
    """Do with PIL, on one image, what a row of the draws says."""
    whole = PIL.Image.fromarray(image.numpy())
    side, angle = int(draws.sides[row]), float(draws.angles[row])
    bilinear = PIL.Image.Resampling.BILINEAR
    part = PIL.Image.fromarray(face.numpy()).resize((side, side), bilinear)
    if draws.flips[row]:
        part = part.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    for op in draws.order[row]:
        part = _ADJUST[op](part, float(draws.factors[row, op]))
    mask = PIL.Image.new("L", (side, side), 255).rotate(angle, expand=True)
    turned = part.rotate(angle, bilinear, expand=True)
    whole.paste(turned, (int(draws.lefts[row]), int(draws.tops[row])), mask)
    return whole
