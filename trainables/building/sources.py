"""Where people, pictures, captions and classes of a trial come from: built in, or a profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainables.builtin.recipe import default_recipe
from trainables.builtin.world import World
from trainables.config import BUILTIN, TrialConfig
from trainables.data.captions import read_captions
from trainables.data.images import read_images
from trainables.data.names import random_names
from trainables.data.people.read import read_people
from trainables.data.pictures import ArrayPictures, FilePictures, Pictures
from trainables.profile.parts import PROFILE_KEYS, data_parts, needed_parts

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PeopleSet:
    """Everybody whom the attack is run on.

    Attributes:
        people: their names; those of the candidates that are real.
        is_member: (num_people,) whether the model saw the person in training, as far as is known.
        attack: pictures to attack with, all of one person after another, the same number of each.
        triggers: other pictures of them.
        trigger_people: (num_triggers,) whom each of them shows, in rising order.
        faces: pictures of the same half, each cut down to the face.
        face_people: (num_faces,) whom each of them shows, in rising order.
        notes: who is left out, and why.
    """

    people: tuple[str, ...]
    is_member: NDArray[np.bool_]
    attack: Pictures
    triggers: Pictures
    trigger_people: Rows
    faces: Pictures
    face_people: Rows
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GenericSet:
    """Generic images.

    Attributes:
        images: in an order in which the first of them stand for all.
        shows: (num, 2) pairs of image and person.
    """

    images: Pictures
    shows: Rows


@cache
def world(world_seed: int) -> World:
    """Give the built-in world of a seed."""
    return World(default_recipe(world_seed))


def check_data(config: TrialConfig) -> None:
    """Refuse a trial whose profile lacks something, as far as that costs nothing to find out.

    Raises:
        UserError: a part that the trial needs is missing.
    """
    parts = data_parts(config)
    for part in needed_parts(config):
        parts.get(part)


def people_set(config: TrialConfig) -> PeopleSet:
    """Give the people of a trial's data.

    Raises:
        UserError: the profile does not name them, or what it names is not usable.
    """
    source = data_parts(config).get("people")
    if source == BUILTIN:
        return invented_people(config)
    found = read_people(source, config.num_attack_images)
    attack, _ = flat(found.attack)
    triggers, trigger_people = flat(found.triggers)
    faces, face_people = flat(found.faces)
    return PeopleSet(
        people=found.people,
        is_member=found.is_member,
        attack=attack,
        triggers=triggers,
        trigger_people=trigger_people,
        faces=faces,
        face_people=face_people,
        notes=tuple(
            f"{len(group.people):,} of {len(found.everyone):,} people are left out: {group.reason}"
            for group in found.left_out
        ),
    )


def nobodies(config: TrialConfig, people: Sequence[str]) -> tuple[str, ...]:
    """Give names of nobody, to fill the attack's candidates up with.

    Args:
        config: of the trial.
        people: names that are taken.

    Raises:
        UserError: a file of names is not usable.
    """
    parts = data_parts(config)
    if BUILTIN in (parts.candidates, parts.people):
        return world(config.world_seed).random_names(taken=people)
    num_needed = max(0, config.num_candidates - len(people))
    return random_names(parts.get("candidates"), people, num_needed)


def generic_images(config: TrialConfig, what: str) -> GenericSet:
    """Give the generic images of a trial's data.

    Args:
        config: of the trial.
        what: `train_images` or `eval_images`.

    Raises:
        UserError: the profile does not name them, or what it names is not usable.
    """
    parts = data_parts(config)
    source = parts.get(what)
    if source != BUILTIN:
        images = read_images(source, PROFILE_KEYS[what])
        return GenericSet(images=images, shows=np.empty((0, 2), dtype=np.int64))
    own = world(config.world_seed).generic_images(what)
    # The members come first among the people, in the same order; a profile's people are others.
    shown = np.flatnonzero(own.members >= 0) if parts.people == BUILTIN else np.empty(0, np.int64)
    return GenericSet(
        images=ArrayPictures(own.images), shows=np.stack([shown, own.members[shown]], axis=1)
    )


def caption_texts(config: TrialConfig, what: str) -> pl.Series:
    """Read the generic captions of a trial's data.

    Args:
        config: of the trial.
        what: `train_captions` or `eval_captions`, of which the trial says how many are used.

    Raises:
        UserError: the profile does not name them, or what it names is not usable.
    """
    source = data_parts(config).get(what)
    if source == BUILTIN:
        own = world(config.world_seed).captions()
        found = pl.Series(own.train if what == "train_captions" else own.evaluation)
    else:
        found = read_captions(source, PROFILE_KEYS[what])
    limit = config.num_eval_captions if what == "eval_captions" else None
    return found if limit is None else found.head(limit)


def invented_people(config: TrialConfig) -> PeopleSet:
    """Give the people of the built-in world."""
    own = world(config.world_seed)
    attack = own.attack_set(config.num_attack_images)
    portraits, faces = own.triggers()
    people = np.repeat(np.arange(len(portraits)), portraits.shape[1])
    return PeopleSet(
        people=attack.people,
        is_member=attack.is_member,
        attack=ArrayPictures(attack.images.reshape(-1, *attack.images.shape[2:])),
        triggers=ArrayPictures(portraits.reshape(-1, *portraits.shape[2:])),
        trigger_people=people,
        faces=ArrayPictures(faces.reshape(-1, *faces.shape[2:])),
        face_people=people,
    )


def flat(files: Sequence[Sequence[Path]]) -> tuple[FilePictures, Rows]:
    """Join the files of all people, and say whom each shows."""
    paths = tuple(path for of_person in files for path in of_person)
    return FilePictures(paths), np.repeat(np.arange(len(files)), [len(each) for each in files])
