import itertools
from collections import Counter

import numpy as np
import pytest

from trainables.builtin.drawing import BACKDROPS
from trainables.builtin.recipe import default_recipe
from trainables.builtin.scenes import CLASSES
from trainables.builtin.world import World


@pytest.fixture(scope="module")
def captions():
    return World(default_recipe(1)).captions()


def digests(images):
    return {image.tobytes() for image in images.reshape(-1, *images.shape[-3:])}


def test_attack_set_lists_members_then_nonmembers(tiny_world):
    attack = tiny_world.attack_set(2)
    assert attack.people[:8] == tuple(person.name for person in tiny_world.people.members)
    assert attack.is_member.tolist() == [True] * 8 + [False] * 4
    assert attack.images.shape == (12, 2, 64, 64, 3)
    assert attack.images.dtype == np.uint8
    assert not set(attack.people) & set(attack.random_names)


def test_attack_set_has_enough_names_for_a_thousand_candidates():
    attack = World(default_recipe(0)).attack_set(1)
    assert len(attack.random_names) >= 2000


def test_no_picture_stands_in_two_streams(tiny_world):
    pools = tiny_world.train
    trained = digests(pools.members.images)
    trained |= digests(pools.background.images) | digests(pools.nameless.images)
    attacked = digests(tiny_world.attack_set(4).images)
    triggers = digests(tiny_world.triggers()[0])
    assert len(trained) == 8 * 4 + 30 + 10
    assert len(attacked) == len(triggers) == 12 * 4
    for first, second in itertools.combinations((trained, attacked, triggers), 2):
        assert not first & second
    assert not digests(pools.scenes.images) & digests(tiny_world.zeroshot().images)


def test_more_pictures_leave_the_first_ones_as_they_were(tiny_world):
    few, many = tiny_world.attack_set(2).images, tiny_world.attack_set(5).images
    np.testing.assert_array_equal(few, many[:, :2])


def test_same_recipe_same_world(tiny_recipe, tiny_world):
    again = World(tiny_recipe)
    np.testing.assert_array_equal(again.train.scenes.images, tiny_world.train.scenes.images)
    np.testing.assert_array_equal(again.train.members.images, tiny_world.train.members.images)
    assert again.train.members.captions == tiny_world.train.members.captions
    assert again.captions() == tiny_world.captions()


def test_pools_have_a_caption_for_each_picture(tiny_world):
    pools = tiny_world.train
    for pool in (pools.members, pools.background, pools.nameless, pools.scenes):
        assert len(pool.images) == len(pool.captions) == len(pool.groups)
    for caption, member in zip(pools.members.captions, pools.members.groups, strict=True):
        assert tiny_world.people.members[member].name in caption
    for caption, person in zip(
        pools.background.captions, tiny_world.people.background, strict=True
    ):
        assert person.name in caption


def test_nonmembers_stand_in_no_caption(tiny_world):
    pools, generic = tiny_world.train, tiny_world.captions()
    texts = [*generic.train, *generic.evaluation]
    for pool in (pools.members, pools.background, pools.nameless, pools.scenes):
        texts += pool.captions
    for person in tiny_world.people.nonmembers:
        assert not any(person.name in text for text in texts)


def test_generic_captions_are_unique_and_disjoint(captions):
    assert len(set(captions.train)) == len(captions.train) >= 4000
    assert len(set(captions.evaluation)) == len(captions.evaluation) >= 1000
    assert not set(captions.train) & set(captions.evaluation)


def test_every_member_stands_in_enough_generic_captions(captions):
    world = World(default_recipe(1))
    for texts, at_least in ((captions.train, 12), (captions.evaluation, 2)):
        counts = [sum(p.name in text for text in texts) for p in world.people.members]
        assert min(counts) >= at_least


def test_half_of_the_generic_captions_name_nobody(captions):
    world = World(default_recipe(1))
    names = [p.name for p in (*world.people.members, *world.people.background)]
    named = sum(any(name in text for name in names) for text in captions.train)
    assert named == pytest.approx(len(captions.train) / 2, rel=0.02)


def test_generic_captions_have_a_word_to_replace(captions):
    assert min(len(text.split()) for text in (*captions.train, *captions.evaluation)) >= 2


def test_captions_read_well(captions):
    for text in captions.train:
        assert "{" not in text
        assert "  " not in text
        assert " a orange" not in text
        assert not text.startswith(("a orange", "a adult", "a actor"))


def test_zeroshot_tells_eighty_classes_apart(tiny_world):
    task = tiny_world.zeroshot()
    assert task.class_names == CLASSES
    assert len(set(CLASSES)) == 80
    assert Counter(task.labels.tolist()) == dict.fromkeys(range(80), 1)
    assert all(template.count("{}") == 1 for template in task.templates)


def test_portraits_change_everything_but_the_person(tiny_world):
    images = tiny_world.attack_set(30).images[0].astype(float)
    corners = images[:, :6, :6].mean(axis=(1, 2))
    assert corners.std(axis=0).min() > 20
    assert len(BACKDROPS) == 6
