"""Models small enough to be made anew in every test."""

import open_clip
import torch
from torch import nn

VISION = {"layers": 1, "width": 32, "head_width": 16, "image_size": 32, "patch_size": 16}
RESNET = {"layers": (1, 1, 1, 1), "width": 8, "image_size": 64}
# Of timm, made for its own tests; no weights are downloaded.
TIMM = {
    "timm_model_name": "test_resnet", "timm_model_pretrained": False, "timm_pool": "avg",
    "timm_proj": "linear", "image_size": 64,
}  # fmt: skip


def tiny_clip(seed: int = 0, vision: object = VISION, **text: object) -> open_clip.CLIP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_config = open_clip.CLIPTextCfg(**{"width": 32, "heads": 2, "layers": 2, **text})
        model = open_clip.CLIP(16, open_clip.CLIPVisionCfg(**vision), text_config).eval()
        _stir_norms(model.visual)
    # As `open_clip.create_model` leaves them.
    model.visual.image_mean = open_clip.OPENAI_DATASET_MEAN
    model.visual.image_std = open_clip.OPENAI_DATASET_STD
    return model


def tiny_custom_text_clip(seed: int = 0) -> open_clip.CustomTextCLIP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_config = open_clip.CLIPTextCfg(width=32, heads=2, layers=2, proj_bias=True)
        return open_clip.CustomTextCLIP(16, open_clip.CLIPVisionCfg(**VISION), text_config).eval()


@torch.no_grad()
def _stir_norms(tower: nn.Module) -> None:
    """Give BatchNorms weights and statistics as a training would, not the zeros and ones."""
    norms = [module for module in tower.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = None  # The mean over all batches seen.
    if norms:
        tower.train()
        tower(colourful(16, tower.image_size).add(torch.randn(16, 3, 1, 1)))
        tower.eval()


def colourful(number: int, size: int | tuple[int, int]) -> torch.Tensor:
    """(number, 3, size, size) in 0..1: large patches of random colours."""
    generator = torch.Generator().manual_seed(number)
    patches = torch.rand(number, 3, 4, 4, generator=generator)
    return nn.functional.interpolate(patches, size)
