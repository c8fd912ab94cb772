"""What all tests share: a tiny CLIP of open_clip's classes, real captions where there are any."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from tests.models import tiny_clip
from trainables.config import TrialConfig
from trainables.presets import preset_fields

# Trials compute on one thread, so that workers side by side do not wait for each other.
torch.set_num_threads(1)
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")

_WORDS = "a photo of the red dog's house, near 3 trees & one café by night over-sized co-op !"


@pytest.fixture
def clip():
    return tiny_clip()


def builtin_config(encoder="text", **changes):
    """A trial of the built-in preset, with what a test wants changed."""
    fields = preset_fields("builtin", encoder, "builtin") | {
        "encoder": encoder, "model": "builtin", "pretrained": "", "data": "builtin",
        "world_seed": 0, "num_names": 2, "seed": 0,
    }  # fmt: skip
    return TrialConfig(**(fields | changes))


@pytest.fixture
def write_profile(tmp_path):
    """Writes a data profile; what is not given is the built-in world's."""

    def write_profile(name="data.yaml", **parts):
        whole = dict.fromkeys(("people", "captions", "images", "zeroshot"), "builtin") | parts
        (tmp_path / name).write_text(yaml.safe_dump(whole, sort_keys=False))
        return str(tmp_path / name)

    return write_profile


@pytest.fixture
def make_config():
    return builtin_config


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def sentences(rng):
    words = _WORDS.split()
    return [" ".join(rng.choice(words, size=rng.integers(2, 14))) for _ in range(60)]


@pytest.fixture
def real_captions():
    """10,000 captions of MS-COCO, where a copy lies beside the checkout; sentences otherwise."""
    path = Path(__file__).parents[2] / "shared" / "data" / "coco_val_captions_10000.txt"
    if not path.exists():
        pytest.skip("no captions beside the checkout")
    return [line for line in path.read_text().splitlines() if line.strip()]
