"""Batches for pre-training: who and what stands in them, and how pictures are varied."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.builtin.model import IMAGE_MEAN, IMAGE_STD, build_tokenizer
from trainables.builtin.pools import TrainPools
from trainables.builtin.recipe import Recipe
from trainables.builtin.streams import Stream, generator


class TrainingData:
    """Pictures and token ids of a world, and the batches of each step.

    Attributes:
        used_tokens: (num_used_tokens,) ascending ids of the tokens that occur; batches count in it,
            so that a step does not move the other 48,000 rows of the token embedding.
    """

    def __init__(self, recipe: Recipe, pools: TrainPools) -> None:
        self._recipe = recipe
        parts = (pools.members, pools.background, pools.nameless, pools.scenes)
        self._images = [torch.from_numpy(pool.images) for pool in parts]
        self._starts = np.cumsum([0, *(len(pool.captions) for pool in parts)])
        texts = [caption for pool in parts for caption in pool.captions]
        tokens = build_tokenizer(recipe)(texts)
        self.used_tokens, self._tokens = torch.unique(tokens, return_inverse=True)
        self._lengths = tokens.argmax(dim=1) + 1
        numbers: dict[str, int] = {}
        self._texts = torch.tensor([numbers.setdefault(text, len(numbers)) for text in texts])
        self._num_members = recipe.num_members
        self._scene_colours = pools.scenes.groups
        self._mean = torch.tensor(IMAGE_MEAN).view(1, 3, 1, 1) * 255
        noise = generator(recipe.world_seed, Stream.NOISE)
        size = 2 * recipe.batch_size * recipe.image_size**2 * 3
        self._noise = torch.from_numpy(noise.normal(0, 0.08, size).astype(np.float32))
        self._std = torch.tensor(IMAGE_STD).view(1, 3, 1, 1) * 255

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Compose the batch of one step.

        Returns:
            pictures (batch, 3, height, width), tokens (batch, length), and (batch,) the number of
            each caption, the same for equal captions.
        """
        chosen = self.choose(step)
        pictures = torch.cat([images[i] for images, i in zip(self._images, chosen, strict=True)])
        num_people = sum(len(part) for part in chosen[:3])
        rows = np.concatenate([s + i for s, i in zip(self._starts[:-1], chosen, strict=True)])
        length = int(self._lengths[rows].max())
        return (
            self._augment(pictures.permute(0, 3, 1, 2), num_people, step),
            self._tokens[rows, :length],
            self._texts[rows],
        )

    def choose(self, step: int) -> list[NDArray[np.int64]]:
        """Choose the pictures of one step from each pool."""
        rng = generator(self._recipe.world_seed, Stream.BATCHES, step, 0)
        recipe = self._recipe
        members = rng.choice(recipe.num_members, recipe.batch_members, replace=False)
        portraits = rng.integers(recipe.portraits_per_member, size=recipe.batch_members)
        scenes = np.arange(recipe.num_scenes)
        if step % recipe.mixed_colours_every:  # two colours only: the object tells scenes apart
            colours = rng.choice(np.unique(self._scene_colours), 2, replace=False)
            scenes = np.flatnonzero(np.isin(self._scene_colours, colours))
        return [
            members * recipe.portraits_per_member + portraits,
            rng.choice(recipe.num_background, recipe.batch_background, replace=False),
            rng.choice(recipe.num_nameless, recipe.batch_nameless, replace=False),
            rng.choice(scenes, recipe.batch_scenes, replace=len(scenes) < recipe.batch_scenes),
        ]

    def _augment(self, pictures: Tensor, num_people: int, step: int) -> Tensor:
        """Vary light, colour and sharpness; people also stand either way round."""
        rng = generator(self._recipe.world_seed, Stream.BATCHES, step, 1)
        number = len(pictures)
        gains = rng.uniform(0.9, 1.1, (number, 1, 1, 1))
        gains = gains * rng.uniform(0.97, 1.03, (number, 3, 1, 1))
        x = pictures.to(torch.float32, memory_format=torch.channels_last)
        x.mul_(torch.from_numpy(gains.astype(np.float32)) / self._std).sub_(self._mean / self._std)
        start = int(rng.integers(len(self._noise) - x.numel()))
        x.add_(
            self._noise[start : start + x.numel()].view(number, *x.shape[2:], 3).permute(0, 3, 1, 2)
        )
        flipped = torch.from_numpy(np.flatnonzero(rng.random(num_people) < 0.5))
        x[flipped] = x[flipped].flip(3)
        return x
