import pytest

from trainables.builtin.recipe import Recipe
from trainables.builtin.world import World


@pytest.fixture(scope="session")
def tiny_recipe():
    return Recipe(
        world_seed=3, num_members=8, num_nonmembers=4, portraits_per_member=4, num_background=30,
        num_nameless=10, num_scenes=80, num_train_captions=200, num_eval_captions=60,
        num_train_images=40, num_eval_images=20, triggers_per_person=4, num_random_names=50,
        zeroshot_per_class=1, embed_dim=16, vision_width=8, text_width=16,
        text_layers=1, text_heads=2, num_steps=4, batch_members=4, batch_background=3,
        batch_nameless=2, batch_scenes=7,
    )  # fmt: skip


@pytest.fixture(scope="session")
def tiny_world(tiny_recipe):
    return World(tiny_recipe)
