import dataclasses
from collections import Counter

import numpy as np
import pytest

from trainables.builtin import generic_images as module
from trainables.builtin.generic_images import cut_face
from trainables.builtin.people import Person
from trainables.builtin.portraits import Pose
from trainables.builtin.world import World

PARTS = ("train_images", "eval_images")


def digests(images):
    return {image.tobytes() for image in images.reshape(-1, *images.shape[-3:])}


def world_of(recipe, **changes):
    return World(dataclasses.replace(recipe, **changes))


@pytest.mark.parametrize(("part", "number"), [("train_images", 40), ("eval_images", 20)])
def test_generic_images_are_as_many_as_the_recipe_says(tiny_world, part, number):
    generic = tiny_world.generic_images(part)
    assert generic.images.shape == (number, 64, 64, 3)
    assert generic.images.dtype == np.uint8
    assert generic.members.shape == (number,)
    assert generic.members.min() == -1
    assert len(digests(generic.images)) == number


def test_another_part_is_no_part(tiny_world):
    with pytest.raises(ValueError, match="not in tuple"):
        tiny_world.generic_images("test_images")


def test_images_to_train_on_and_to_measure_on_are_different_ones(tiny_world):
    first, second = (tiny_world.generic_images(part) for part in PARTS)
    assert not digests(first.images) & digests(second.images)


def test_no_generic_image_stands_in_another_pool(tiny_world):
    pools = tiny_world.train
    others = digests(tiny_world.attack_set(4).images) | digests(tiny_world.zeroshot().images)
    for pool in (pools.members, pools.background, pools.nameless, pools.scenes):
        others |= digests(pool.images)
    others |= digests(tiny_world.triggers()[0])
    for part in PARTS:
        assert not others & digests(tiny_world.generic_images(part).images)


@pytest.fixture
def drawn(monkeypatch):
    """Whom each portrait shows that is drawn, and by what it is told again."""
    seen: list[tuple[Person, np.ndarray]] = []
    draw = module.draw_portrait

    def recording(person, pose, size, rng):
        portrait = draw(person, pose, size, rng)
        seen.append((person, portrait))
        return portrait

    monkeypatch.setattr(module, "draw_portrait", recording)
    return seen


def test_what_images_show_has_the_shares_of_the_recipe(tiny_recipe, drawn):
    shares = {"portrait_image_share": 0.2, "poster_image_share": 0.5, "member_image_share": 0.6}
    world = world_of(tiny_recipe, num_train_images=400, **shares)
    generic = world.generic_images("train_images")
    num_portraits, num_posters = 80, 200
    assert len(drawn) == num_portraits + num_posters
    assert len(digests(generic.images) & {p.tobytes() for _, p in drawn}) == num_portraits
    shown = generic.members[generic.members >= 0]
    assert len(shown) / len(drawn) == pytest.approx(0.6, abs=0.1)
    counts = Counter(shown.tolist())
    assert set(counts) == set(range(tiny_recipe.num_members))


def test_an_image_shows_whom_it_says_and_never_a_nonmember(tiny_world, drawn):
    generic = tiny_world.generic_images("train_images")
    # All drawn of members, portraits and posters, in the order in which they are drawn.
    members = {person.name: i for i, person in enumerate(tiny_world.people.members)}
    of_portrait = {portrait.tobytes(): members.get(person.name, -1) for person, portrait in drawn}
    found = [
        (member, of_portrait[image.tobytes()])
        for image, member in zip(generic.images, generic.members, strict=True)
        if image.tobytes() in of_portrait
    ]
    assert found
    assert all(said == shown for said, shown in found)
    everyone = sorted(members[person.name] for person, _ in drawn if person.name in members)
    assert everyone == sorted(generic.members[generic.members >= 0].tolist())
    names = {person.name for person, _ in drawn}
    assert not names & {person.name for person in tiny_world.people.nonmembers}


def test_an_image_does_not_depend_on_whether_the_others_are_drawn(tiny_recipe):
    same = [World(tiny_recipe).generic_images("train_images") for _ in range(2)]
    np.testing.assert_array_equal(same[0].images, same[1].images)
    np.testing.assert_array_equal(same[0].members, same[1].members)
    other = world_of(tiny_recipe, world_seed=4).generic_images("train_images")
    assert not digests(other.images) & digests(same[0].images)


def test_triggers_are_portraits_and_their_faces_of_everybody(tiny_world, tiny_recipe):
    portraits, faces = tiny_world.triggers()
    assert portraits.shape == (12, 4, 64, 64, 3)
    assert faces.shape == (12, 4, tiny_recipe.face_size, tiny_recipe.face_size, 3)
    assert portraits.dtype == faces.dtype == np.uint8
    assert len(digests(portraits)) == len(digests(faces)) == 48
    again = World(tiny_recipe).triggers()
    np.testing.assert_array_equal(again[1], faces)


def test_more_triggers_leave_the_first_ones_as_they_were(tiny_recipe, tiny_world):
    more = world_of(tiny_recipe, triggers_per_person=6).triggers()
    for few, many in zip(tiny_world.triggers(), more, strict=True):
        np.testing.assert_array_equal(few, many[:, :4])


@pytest.mark.parametrize("centre", [(0.5, 0.5), (0.3, 0.62), (0.05, 0.95)])
def test_a_face_is_cut_out_around_the_head_and_never_outside(tiny_recipe, centre):
    # Rows and columns are told by their colours.
    across, down = np.meshgrid(np.arange(64), np.arange(64))
    portrait = np.stack([across * 4, down * 4, 0 * down], axis=-1).astype(np.uint8)
    fields = {field.name: 0.0 for field in dataclasses.fields(Pose)}
    pose = Pose(**(fields | {"centre": centre, "scale": 0.25}))
    face = np.asarray(cut_face(tiny_recipe, portrait, pose)).astype(float) / 4
    assert face.shape == (46, 46, 3)
    # 2 * 1.15 * 0.25 * 64 pixels, about the middle of the head where there is room.
    assert face[0, -1, 0] - face[0, 0, 0] == pytest.approx(36, abs=1.5)
    middle = np.array([face[..., 0].mean(), face[..., 1].mean()])
    wanted = np.clip((np.array(centre) - (0, 0.025)) * 64, 18.5, 64 - 18.5) - 0.5
    np.testing.assert_allclose(middle, wanted, atol=1)
