"""Models small enough to be made anew in every test."""

import open_clip
import torch

VISION = open_clip.CLIPVisionCfg(layers=1, width=32, head_width=16, image_size=32, patch_size=16)


def tiny_clip(seed: int = 0, **text: object) -> open_clip.CLIP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_config = open_clip.CLIPTextCfg(**{"width": 32, "heads": 2, "layers": 2, **text})
        return open_clip.CLIP(16, VISION, text_config).eval()


def tiny_custom_text_clip(seed: int = 0) -> open_clip.CustomTextCLIP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_config = open_clip.CLIPTextCfg(width=32, heads=2, layers=2, proj_bias=True)
        return open_clip.CustomTextCLIP(16, VISION, text_config).eval()
