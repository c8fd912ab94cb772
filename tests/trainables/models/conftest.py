"""Small architectures under names of their own, as open_clip knows ViT-B-32."""

import open_clip
import pytest
import torch
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import save_file

from tests.models import TIMM, VISION
from trainables.models.load import load_weights

TEXT = {"width": 32, "heads": 2, "layers": 2, "vocab_size": 100, "context_length": 16}
TINY = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": TEXT}
ARCHITECTURES = {
    "tiny": TINY,
    "tiny-quickgelu": TINY | {"quick_gelu": True},
    "tiny-custom": TINY | {"custom_text": True},
    "tiny-timm": TINY | {"vision_cfg": TIMM},
    "tiny-deep": TINY | {"text_cfg": TEXT | {"layers": 3}},
    "tiny-heads": TINY | {"text_cfg": TEXT | {"heads": 4}},
    "tiny-wide": TINY | {"embed_dim": 24},
}


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (open, (str(self.canary), "w"))


@pytest.fixture
def canary(tmp_path):
    """A file that comes to be if a checkpoint runs code."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists()


@pytest.fixture(autouse=True)
def architectures(monkeypatch):
    known = open_clip.factory._MODEL_CONFIGS
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", known | ARCHITECTURES)


@pytest.fixture
def make():
    """Makes a model of an architecture with weights that a training could have left."""

    def make(name="tiny", seed=0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = open_clip.create_model(name).eval().requires_grad_(False)
            for value in model.parameters():
                value.add_(torch.randn_like(value) * 0.1)
        return model

    return make


@pytest.fixture
def load():
    def load(model, pretrained=""):
        return load_weights(model, str(pretrained)).eval()

    return load


@pytest.fixture
def pixels():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def ids():
    """Captions, in which the end is the greatest id as it is for CLIP's tokenizer."""
    ids = torch.randint(1, 98, (3, 16), generator=torch.Generator().manual_seed(2))
    ids[:, 0], ids[:, -1] = 98, 99
    return ids


@pytest.fixture
def same(pixels, ids):
    """Tells whether two models of open_clip compute the same."""

    def same(first, second):
        with torch.no_grad():
            # Weights that lie elsewhere in memory are added up in another order.
            return torch.allclose(
                first.encode_image(pixels), second.encode_image(pixels), atol=1e-6
            ) and torch.allclose(first.encode_text(ids), second.encode_text(ids), atol=1e-6)

    return same


@pytest.fixture
def save_open_clip():
    """Saves a model in open_clip's form."""

    def save_open_clip(model, folder, name="tiny"):
        folder.mkdir(parents=True, exist_ok=True)
        save_config_for_hf(model, folder / "open_clip_config.json", ARCHITECTURES[name])
        save_file(model.state_dict(), folder / "open_clip_model.safetensors")
        return folder

    return save_open_clip


@pytest.fixture
def folder(make, save_open_clip, tmp_path):
    """A folder in open_clip's form."""
    return save_open_clip(make(), tmp_path / "clip")
