"""Pictures with their captions, drawn from streams that never meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.builtin import captions
from trainables.builtin.objects import OBJECTS
from trainables.builtin.people import People, Person
from trainables.builtin.portraits import draw_portrait, sample_pose
from trainables.builtin.recipe import Recipe
from trainables.builtin.scenes import CLASSES, draw_scene, sample_scene
from trainables.builtin.streams import Stream, generator
from trainables.data.source import Images


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pictures to train on.

    Attributes:
        images: (num_pictures, height, width, 3).
        captions: one of each picture.
        groups: (num_pictures,) the member, or the colour of a scene's first object; else 0.
    """

    images: Images
    captions: tuple[str, ...]
    groups: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TrainPools:
    """Everything that a model is pre-trained on."""

    members: Pool
    background: Pool
    nameless: Pool
    scenes: Pool


def draw_train_pools(recipe: Recipe, people: People) -> TrainPools:
    """Draw all pictures that a model is pre-trained on, and write their captions."""
    return TrainPools(
        members=_member_pool(recipe, people.members),
        background=_stranger_pool(recipe, people.background, 0, _with_a_name),
        nameless=_stranger_pool(
            recipe, people.nameless, len(people.background), captions.describe_person
        ),
        scenes=_scene_pool(recipe),
    )


def draw_portraits(recipe: Recipe, people: Sequence[Person], stream: Stream, number: int) -> Images:
    """Draw `number` portraits of each person: (num_people, number, height, width, 3).

    A portrait is decided by the stream, the person's place in `people` and its own number alone.
    """
    images = np.empty((len(people), number, recipe.image_size, recipe.image_size, 3), np.uint8)
    for i, person in enumerate(people):
        for j in range(number):
            rng = generator(recipe.world_seed, stream, i, j)
            images[i, j] = draw_portrait(person, sample_pose(rng), recipe.image_size, rng)
    return images


def draw_test_scenes(recipe: Recipe) -> tuple[Images, NDArray[np.int64]]:
    """Draw scenes of one object each, and give the index of its class."""
    labels = np.repeat(np.arange(len(CLASSES), dtype=np.int64), recipe.zeroshot_per_class)
    images = np.empty((len(labels), recipe.image_size, recipe.image_size, 3), np.uint8)
    for i, label in enumerate(labels.tolist()):
        rng = generator(recipe.world_seed, Stream.TEST_SCENES, i)
        images[i] = draw_scene(sample_scene(rng, label), recipe.image_size, rng)
    return images, labels


def _member_pool(recipe: Recipe, members: Sequence[Person]) -> Pool:
    number = recipe.portraits_per_member
    images = draw_portraits(recipe, members, Stream.TRAIN_PORTRAITS, number)
    texts = []
    for i, member in enumerate(members):
        rng = generator(recipe.world_seed, Stream.PORTRAIT_CAPTIONS, i)
        order = np.resize(rng.permutation(len(captions.NAMED)), number)
        for j in range(number):
            # The same generator as the picture's: the pose comes first, so this is its backdrop.
            pose = sample_pose(generator(recipe.world_seed, Stream.TRAIN_PORTRAITS, i, j))
            template = captions.NAMED[order[j]]
            texts.append(captions.name_person(member, pose.backdrop, template, rng))
    return Pool(
        images=images.reshape(-1, *images.shape[2:]),
        captions=tuple(texts),
        groups=np.repeat(np.arange(len(members), dtype=np.int64), number),
    )


def _stranger_pool(
    recipe: Recipe,
    people: Sequence[Person],
    start: int,
    describe: Callable[[Person, str, np.random.Generator], str],
) -> Pool:
    images = np.empty((len(people), recipe.image_size, recipe.image_size, 3), np.uint8)
    texts = []
    for i, person in enumerate(people):
        rng = generator(recipe.world_seed, Stream.BACKGROUND_PORTRAITS, start + i)
        pose = sample_pose(rng)
        images[i] = draw_portrait(person, pose, recipe.image_size, rng)
        texts.append(describe(person, pose.backdrop, rng))
    return Pool(images=images, captions=tuple(texts), groups=np.zeros(len(people), dtype=np.int64))


def _with_a_name(person: Person, backdrop: str, rng: np.random.Generator) -> str:
    template = captions.NAMED[rng.integers(len(captions.NAMED))]
    return captions.name_person(person, backdrop, template, rng)


def _scene_pool(recipe: Recipe) -> Pool:
    size = recipe.image_size
    images = np.empty((recipe.num_scenes, size, size, 3), np.uint8)
    groups = np.empty(recipe.num_scenes, dtype=np.int64)
    texts = []
    for i in range(recipe.num_scenes):
        rng = generator(recipe.world_seed, Stream.TRAIN_SCENES, i)
        scene = sample_scene(rng)
        images[i] = draw_scene(scene, size, rng)
        groups[i] = scene.classes[0] // len(OBJECTS)
        texts.append(captions.describe_scene(scene, rng))
    return Pool(images=images, captions=tuple(texts), groups=groups)
