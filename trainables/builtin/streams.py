"""Random numbers from named parts, so that every picture can be drawn again on its own."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are for; the values are part of the recipe, never renumber them."""

    IDENTITIES = 1
    NAMES = 2
    BACKGROUND_PEOPLE = 3
    TRAIN_PORTRAITS = 4
    ATTACK_PORTRAITS = 5
    TRIGGER_PORTRAITS = 6
    BACKGROUND_PORTRAITS = 7
    TRAIN_SCENES = 8
    TEST_SCENES = 9
    PORTRAIT_CAPTIONS = 10
    GENERIC_CAPTIONS = 11
    RANDOM_NAMES = 12
    BATCHES = 13
    WEIGHTS = 14
    SHEET = 15
    NOISE = 16
    GENERIC_IMAGES = 17


def generator(world_seed: int, stream: Stream, *parts: int) -> np.random.Generator:
    """Derive the generator of one part of one world.

    Args:
        world_seed: of the world.
        stream: what the numbers are for.
        parts: such as the person and the number of the picture.
    """
    return np.random.default_rng([world_seed, int(stream), *parts])
