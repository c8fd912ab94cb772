import numpy as np
import pytest

from trainables.builtin import captions
from trainables.builtin.people import invent_people
from trainables.builtin.recipe import default_recipe
from trainables.builtin.scenes import sample_scene


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_there_are_many_templates_and_all_are_different():
    assert len(set(captions.NAMED)) == len(captions.NAMED) >= 60
    assert all("{name}" in template for template in captions.NAMED)


def test_every_named_caption_holds_the_full_name(rng):
    person = invent_people(default_recipe(0)).members[0]
    for template in captions.NAMED:
        text = captions.name_person(person, "beach", template, rng)
        assert person.name in text
        assert "{" not in text


def test_neutral_words_occur_so_that_names_can_be_mapped_to_them(rng):
    people = invent_people(default_recipe(0)).nameless
    words = {w for p in people for w in captions.describe_person(p, "plain", rng).split()}
    assert {"human", "person", "adult", "actor", "child"} <= words


def test_a_scene_of_one_class_is_described_by_it(rng):
    for _ in range(20):
        text = captions.describe_scene(sample_scene(rng, label=8), rng)
        assert "an orange ball" in text


def test_scenes_tell_counts_and_places(rng):
    texts = [captions.describe_scene(sample_scene(rng), rng) for _ in range(500)]
    words = {word for text in texts for word in text.split()}
    assert {"two", "three", "four", "left", "right", "above", "below", "boxes"} <= words
