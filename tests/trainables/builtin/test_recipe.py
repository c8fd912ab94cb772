import dataclasses
import re

import pytest

from trainables.builtin import recipe as module
from trainables.builtin.recipe import Recipe, default_recipe


def test_fingerprint_is_sixteen_hexadecimal_digits():
    assert re.fullmatch("[0-9a-f]{16}", default_recipe(0).fingerprint)


def test_every_field_moves_the_fingerprint():
    recipe = default_recipe(0)
    for field in dataclasses.fields(Recipe):
        value = getattr(recipe, field.name)
        other = (2, 1, 1, 1) if isinstance(value, tuple) else value + 1
        changed = dataclasses.replace(recipe, **{field.name: other})
        assert changed.fingerprint != recipe.fingerprint, field.name


def test_version_and_name_tables_move_the_fingerprint(monkeypatch):
    before = default_recipe(0).fingerprint
    monkeypatch.setattr(module, "RECIPE_VERSION", -1)
    after = default_recipe(0).fingerprint
    assert after != before
    monkeypatch.setattr(module, "_names_digest", lambda: "other names")
    assert default_recipe(0).fingerprint != after


def test_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        default_recipe(0).world_seed = 1


def test_batch_size_is_the_sum_of_its_parts():
    assert default_recipe(0).batch_size == 128
