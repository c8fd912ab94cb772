"""Where people, pictures and captions of a trial come from: the built-in world, or files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.builtin.recipe import default_recipe
from trainables.builtin.world import World
from trainables.config import TrialConfig
from trainables.data.captions import read_captions
from trainables.data.folders import find_pictures, read_people_folder
from trainables.data.pictures import ArrayPictures, FilePictures, Pictures
from trainables.data.source import Captions


@dataclass(frozen=True, kw_only=True)
class PeopleSet:
    """Everybody whom the attack is run on.

    Attributes:
        people: their names; those of the candidates that are real.
        is_member: (num_people,) whether the model saw the person in training, as far as is known.
        random_names: names of nobody, to fill the candidates up with.
        attack: pictures to attack with, all of one person after another, the same number of each.
        triggers: other pictures of them.
        faces: the same pictures, each cut down to the face.
        trigger_people: (num_triggers,) whom each of them shows, in rising order.
    """

    people: tuple[str, ...]
    is_member: NDArray[np.bool_]
    random_names: tuple[str, ...]
    attack: Pictures
    triggers: Pictures
    faces: Pictures
    trigger_people: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class GenericSet:
    """Generic images.

    Attributes:
        images: in an order in which the first of them stand for all.
        shows: (num, 2) pairs of image and person.
    """

    images: Pictures
    shows: NDArray[np.int64]


@cache
def world(world_seed: int) -> World:
    """Give the built-in world of a seed."""
    return World(default_recipe(world_seed))


def check_files(config: TrialConfig) -> None:
    """Refuse files that a trial cannot use, as far as that costs nothing to find out.

    Raises:
        UserError: one is missing or holds nothing.
    """
    for path in (config.train_captions, config.eval_captions):
        if path:
            read_captions(Path(path))
    for what in ("train_images", "eval_images"):
        if getattr(config, what):
            find_pictures(Path(getattr(config, what)), what)
    if config.people_images:
        read_people_folder(Path(config.people_images), config.num_attack_images)


def people_set(config: TrialConfig) -> PeopleSet:
    """Give the people of a trial's data.

    Raises:
        UserError: the folder that should hold them does not.
    """
    own = world(config.world_seed)
    if not config.people_images:
        attack = own.attack_set(config.num_attack_images)
        portraits, faces = own.triggers()
        return PeopleSet(
            people=attack.people,
            is_member=attack.is_member,
            random_names=attack.random_names,
            attack=ArrayPictures(attack.images.reshape(-1, *attack.images.shape[2:])),
            triggers=ArrayPictures(portraits.reshape(-1, *portraits.shape[2:])),
            faces=ArrayPictures(faces.reshape(-1, *faces.shape[2:])),
            trigger_people=np.repeat(np.arange(len(portraits)), portraits.shape[1]),
        )
    found = read_people_folder(Path(config.people_images), config.num_attack_images)
    triggers = FilePictures(tuple(path for paths in found.triggers for path in paths))
    counts = [len(paths) for paths in found.triggers]
    return PeopleSet(
        people=found.people,
        is_member=np.ones(len(found.people), dtype=np.bool_),
        random_names=own.random_names(taken=found.people),
        attack=FilePictures(tuple(path for paths in found.attack for path in paths)),
        triggers=triggers,
        faces=triggers,
        trigger_people=np.repeat(np.arange(len(counts)), counts),
    )


def generic_images(config: TrialConfig, what: str) -> GenericSet:
    """Give the generic images of a trial's data.

    Args:
        config: of the trial.
        what: `train_images` or `eval_images`.

    Raises:
        UserError: the folder that should hold them does not.
    """
    path = getattr(config, what)
    if path:
        images = FilePictures(find_pictures(Path(path), what))
        return GenericSet(images=images, shows=np.empty((0, 2), dtype=np.int64))
    own = world(config.world_seed).generic_images(what)
    # The members come first among the people, in the same order; a folder's people are others.
    shown = np.flatnonzero(own.members >= 0) if not config.people_images else np.empty(0, np.int64)
    return GenericSet(
        images=ArrayPictures(own.images), shows=np.stack([shown, own.members[shown]], axis=1)
    )


def caption_texts(config: TrialConfig) -> Captions:
    """Read a trial's captions from its files, or take those of the built-in world."""
    given = config.train_captions and config.eval_captions
    own = None if given else world(config.world_seed).captions()
    train: Sequence[str] = own.train if own else ()
    evaluation: Sequence[str] = own.evaluation if own else ()
    if config.train_captions:
        train = read_captions(Path(config.train_captions))
    if config.eval_captions:
        evaluation = read_captions(Path(config.eval_captions))
    return Captions(train=tuple(train), evaluation=tuple(evaluation[: config.num_eval_captions]))
