"""The built-in world: serves everything that real data sets serve."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from trainables.builtin import captions
from trainables.builtin.drawing import BACKDROPS
from trainables.builtin.generic_images import (
    GenericImages,
    draw_generic_images,
    draw_triggers,
)
from trainables.builtin.people import People, Person, invent_nobodies, invent_people
from trainables.builtin.pools import (
    TrainPools,
    draw_portraits,
    draw_test_scenes,
    draw_train_pools,
)
from trainables.builtin.recipe import Recipe
from trainables.builtin.scenes import CLASSES, sample_scene
from trainables.builtin.streams import Stream, generator
from trainables.data.source import AttackSet, Captions, Images, ZeroShotSet

_NAMELESS_SHARE = 0.15
_MAX_TRIES = 20


class World:
    """Invented people and scenes, all decided by a recipe.

    Attributes:
        recipe: all the numbers.
        people: members, non-members, and the strangers that the model sees once.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.people: People = invent_people(recipe)

    @cached_property
    def train(self) -> TrainPools:
        """Everything that the model is pre-trained on; drawn when first asked for."""
        return draw_train_pools(self.recipe, self.people)

    def attack_set(self, num_images: int) -> AttackSet:
        """Give members, then non-members, with fresh portraits of each."""
        everybody = [*self.people.members, *self.people.nonmembers]
        taken = {person.name for person in [*everybody, *self.people.background]}
        return AttackSet(
            people=tuple(person.name for person in everybody),
            is_member=np.arange(len(everybody)) < len(self.people.members),
            images=draw_portraits(self.recipe, everybody, Stream.ATTACK_PORTRAITS, num_images),
            random_names=invent_nobodies(self.recipe, taken),
        )

    def triggers(self) -> tuple[Images, Images]:
        """Give portraits that are neither trained on nor attacked with, and the faces cut out.

        Returns:
            (num_people, triggers_per_person, height, width, 3) of the people of `attack_set`, in
            its order; and the same of the faces, which are smaller.
        """
        return draw_triggers(self.recipe, [*self.people.members, *self.people.nonmembers])

    def generic_images(self, part: str) -> GenericImages:
        """Give scenes, portraits, and scenes with faces stuck on.

        Whoever unlearns a person leaves out the images that show the person.

        Args:
            part: `train_images` or `eval_images`; they are different images.
        """
        part_number = ("train_images", "eval_images").index(part)
        number = (self.recipe.num_train_images, self.recipe.num_eval_images)[part_number]
        return draw_generic_images(self.recipe, self.people, part_number, number)

    def random_names(self, taken: Sequence[str]) -> tuple[str, ...]:
        """Invent names of nobody that are not `taken`."""
        return invent_nobodies(self.recipe, set(taken))

    def captions(self) -> Captions:
        """Give generic captions; those that name somebody name members and strangers.

        Whoever unlearns a person leaves out the captions with the person's name.
        """
        seen: set[str] = set()
        train = self._generic_captions(0, self.recipe.num_train_captions, seen)
        evaluation = self._generic_captions(1, self.recipe.num_eval_captions, seen)
        return Captions(train=train, evaluation=evaluation)

    def zeroshot(self) -> ZeroShotSet:
        """Give fresh scenes of one object each, to be told apart by colour and object."""
        images, labels = draw_test_scenes(self.recipe)
        return ZeroShotSet(
            name="scenes",
            class_names=CLASSES,
            templates=captions.ZEROSHOT_TEMPLATES,
            images=images,
            labels=labels,
        )

    def _generic_captions(self, part: int, number: int, seen: set[str]) -> tuple[str, ...]:
        """Write captions that are not `seen` yet, in a random order."""
        rng = generator(self.recipe.world_seed, Stream.GENERIC_CAPTIONS, part)
        num_named = round(number * self.recipe.people_caption_share)
        num_members = round(num_named * self.recipe.member_caption_share)
        texts = [self._caption(None, rng, seen) for _ in range(number - num_named)]
        for people, count in (
            (self.people.members, num_members),
            (self.people.background, num_named - num_members),
        ):
            texts += [self._caption(person, rng, seen) for person in _in_turn(people, count, rng)]
        return tuple(texts[i] for i in rng.permutation(len(texts)))

    def _caption(self, person: Person | None, rng: np.random.Generator, seen: set[str]) -> str:
        for _ in range(_MAX_TRIES):
            text = self._draft(person, rng)
            if text not in seen:
                seen.add(text)
                return text
        raise ValueError("the world runs out of new captions: ask for fewer")

    def _draft(self, person: Person | None, rng: np.random.Generator) -> str:
        backdrop = BACKDROPS[rng.integers(len(BACKDROPS))]
        if person is not None:
            template = captions.NAMED[1 + rng.integers(len(captions.NAMED) - 1)]
            return captions.name_person(person, backdrop, template, rng)
        if rng.random() < _NAMELESS_SHARE:
            nameless = self.people.nameless
            return captions.describe_person(nameless[rng.integers(len(nameless))], backdrop, rng)
        return captions.describe_scene(sample_scene(rng), rng)


def _in_turn(people: Sequence[Person], count: int, rng: np.random.Generator) -> list[Person]:
    """Name everybody equally often, give or take one."""
    order = np.resize(rng.permutation(len(people)), count)
    return [people[i] for i in order.tolist()]
