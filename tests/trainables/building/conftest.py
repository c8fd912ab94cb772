"""A world so small that all that trials share is built in a second."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import builtin_config
from trainables.building import sources
from trainables.building.assets import build_assets
from trainables.builtin.recipe import Recipe

RECIPE = Recipe(
    world_seed=3, num_members=5, num_nonmembers=2, portraits_per_member=2, num_background=12,
    num_nameless=4, num_scenes=20, num_train_captions=60, num_eval_captions=20,
    num_train_images=30, num_eval_images=14, triggers_per_person=3, num_random_names=30,
    zeroshot_per_class=1, embed_dim=16, vision_width=8, text_width=16, text_layers=1, text_heads=2,
    num_steps=2, batch_members=3, batch_background=3, batch_nameless=2, batch_scenes=6,
)  # fmt: skip
SIZES = {
    "num_eval_captions": 15, "num_train_images": 20, "num_eval_images": 10, "num_attack_images": 2,
    "num_candidates": 12,
}  # fmt: skip
OF_TEXT, OF_IMAGES = {"num_eval_captions"}, {"num_train_images", "num_eval_images"}


@pytest.fixture(autouse=True)
def tiny_world(monkeypatch, tmp_path):
    """The tiny world in the place of the built-in one, and a cache that is empty."""
    for module in ("building.sources", "models.load", "fingerprints"):
        monkeypatch.setattr(f"trainables.{module}.default_recipe", lambda world_seed: RECIPE)
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    sources.world.cache_clear()
    yield sources.world(0)
    sources.world.cache_clear()


@pytest.fixture
def config_of():
    def config_of(encoder, **changes):
        left_out = {"text": OF_IMAGES, "image": OF_TEXT, "both": set()}[encoder]
        sizes = {name: value for name, value in SIZES.items() if name not in left_out}
        return builtin_config(encoder, **(sizes | {"people": "all", "world_seed": 3} | changes))

    return config_of


@pytest.fixture
def build(config_of):
    def build(encoder, progress=None, **changes):
        return build_assets(config_of(encoder, **changes), torch.device("cpu"), progress)

    return build


@pytest.fixture
def write_pictures(tmp_path):
    """Writes so many pictures, all different, of several sizes."""

    def write_pictures(folder, number, seed=0):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([seed, *folder.encode()])
        for n in range(number):
            coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
            coarse.resize((40 + 7 * n, 66)).save(tmp_path / folder / f"{n:02}.png")
        return tmp_path / folder

    return write_pictures
