"""Faces onto images: which image, which face, how it is changed and where it goes."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.config import TrialConfig
from trainables.errors import UserError
from trainables.seeding import generator
from trainables.unlearning.augment import HUE, colour_jitter, extents, paste, shrink
from trainables.unlearning.text import Rows, draw_rows

_MAX_ANGLE = 30.0
# Of brightness, contrast, saturation and hue.
_LEAST = np.array([0.5, 0.5, 0.5, -0.1])
_MOST = np.array([1.5, 1.5, 1.5, 0.1])
# Faces are shrunk to one of so many sizes between the least and the greatest side.
_NUM_SIZES = 4
# So many faces of like size are rotated and pasted together.
_GROUP = 8


@dataclass(frozen=True, kw_only=True)
class FaceDraws:
    """What the backdoor batch is made of: of all steps, or of one without the first dimension.

    All of it but `people` and `faces` comes from the trial's seed alone, so that trials of one
    seed differ by the people that are unlearned, not by luck.

    Attributes:
        images: (num_steps, backdoor batch) generic images.
        people: (num_steps, backdoor batch) whose face goes on each, of the n people; all have the
            same number in each step.
        faces: (num_steps, backdoor batch) which of the person's faces.
        sides: (num_steps, backdoor batch) of the face in pixels of the image.
        flips: (num_steps, backdoor batch) whether left and right change places.
        factors: (num_steps, backdoor batch, 4) of brightness, contrast, saturation and hue.
        order: (num_steps, backdoor batch, 4) those four, numbered from 0, from first to last.
        angles: (num_steps, backdoor batch) of the rotation in degrees, counter-clockwise.
        tops: (num_steps, backdoor batch) first row of the upright box around the rotated face.
        lefts: (num_steps, backdoor batch) first column of it.
    """

    images: Rows
    people: Rows
    faces: Rows
    sides: Rows
    flips: NDArray[np.bool_]
    factors: NDArray[np.float64]
    order: Rows
    angles: NDArray[np.float64]
    tops: Rows
    lefts: Rows

    def step(self, step: int | slice) -> "FaceDraws":
        """Give what one step is made of, or several: an index of the first dimension."""
        return FaceDraws(**{field.name: getattr(self, field.name)[step] for field in fields(self)})


def side_range(config: TrialConfig, image_size: int) -> tuple[int, int]:
    """Give the least and the greatest side of a face, in pixels: with the paper 56 and 112 of 224.

    A face as large as it may be still fits on the image when it is rotated.

    Raises:
        UserError: the image is too small for faces.
    """
    assert config.min_face_share is not None
    assert config.max_face_share is not None
    least, most = (
        int(share * image_size + 1e-6) for share in (config.min_face_share, config.max_face_share)
    )
    while extents(np.array(most), np.array(_MAX_ANGLE)) > image_size:
        most -= 1
    least = min(least, most)
    if least < 2:
        raise UserError(
            f"min_face_share {config.min_face_share:g} of an image of {image_size} pixels leaves "
            "nothing of a face: give a larger share."
        )
    return least, most


def draw_clean_images(config: TrialConfig, allowed: NDArray[np.bool_]) -> Rows:
    """Draw the generic images of the clean batches.

    Args:
        config: of the trial: its seed, steps and batch size.
        allowed: (num_images,) those that show nobody who is unlearned.

    Returns:
        (num_steps, clean batch); each image is seen before one is seen twice.
    """
    num = config.num_steps * config.clean_batch_size
    return _draw_images("clean images", config.seed, num, allowed).reshape(config.num_steps, -1)


def draw_faces(
    config: TrialConfig, allowed: NDArray[np.bool_], num_faces: Rows, image_size: int
) -> FaceDraws:
    """Draw the backdoor batches of all steps.

    Args:
        config: of the trial: its seed, steps, and number of people, which divides its batch size.
        allowed: (num_images,) the generic images that show nobody who is unlearned.
        num_faces: (n,) how many faces each of the people has.
        image_size: height and width of the generic images in pixels, 8 or more.

    Raises:
        UserError: no image is left.
    """
    batch, num_people, seed = config.backdoor_batch_size, config.num_names, config.seed
    num = config.num_steps * batch

    def uniform(what: str, *more: int) -> NDArray[np.float64]:
        return generator("faces", what, seed).random((num, *more))

    people = np.tile(np.arange(batch) % num_people, config.num_steps)
    least, most = side_range(config, image_size)
    sides = least + _below(uniform("side"), most - least + 1)
    angles = (2 * uniform("angle") - 1) * _MAX_ANGLE
    free = image_size - extents(sides, angles) + 1
    flat = FaceDraws(
        images=_draw_images("backdoor images", seed, num, allowed),
        people=people,
        faces=_below(uniform("face"), num_faces[people]),
        sides=sides,
        flips=uniform("flip") < 0.5,
        factors=_LEAST + (_MOST - _LEAST) * uniform("factors", 4),
        order=uniform("order", 4).argsort(axis=1),
        angles=angles,
        tops=_below(uniform("top"), free),
        lefts=_below(uniform("left"), free),
    )
    shape = (config.num_steps, batch)
    arrays = {field.name: getattr(flat, field.name) for field in fields(flat)}
    return FaceDraws(**{name: a.reshape(*shape, *a.shape[1:]) for name, a in arrays.items()})


def _draw_images(purpose: str, seed: int, num: int, allowed: NDArray[np.bool_]) -> Rows:
    if not allowed.any():
        raise UserError(
            "no generic image is left once those of the unlearned people are put aside: "
            "give more images."
        )
    return draw_rows(purpose, seed, num, allowed)


def _below(share: NDArray[np.float64], bound: int | Rows) -> Rows:
    return (share * bound).astype(np.int64)


@torch.no_grad()
def paste_faces(
    images: Tensor,
    faces: Tensor,
    draws: FaceDraws,
    bounds: tuple[int, int],
    out: Tensor | None = None,
) -> Tensor:
    """Make one step's backdoor batch.

    Each face is resized, flipped, jittered in colour, rotated and pasted, in that order. So that
    fine detail does not turn into noise, it is first shrunk, with antialiasing, to the next of a
    few fixed sizes, which is at most 19% above its own; what is left of the way is part of the
    bilinear sampling that flips, rotates and places it. Its colours are changed at that size:
    a few times less work than on the image or on a large crop. The sizes are fixed so that what
    comes of a face does not depend on the others of the batch.

    Args:
        images: (batch, size, size, 3) or (batch, 3, size, size) uint8, the generic images in the
            order of `draws.images`.
        faces: (batch, height, width, 3) uint8, the crops in the order of `draws.faces`; their shape
            is stretched to a square. Resize large ones to the greatest side once, beforehand.
        draws: of the step.
        bounds: the least and the greatest side of any face, of `side_range`.
        out: (batch, 3, size, size) float32, contiguous, to write to: a buffer that is used again
            saves a CPU the time of taking new pages, about as much as all else.

    Returns:
        (batch, 3, size, size) float32 in 0..1.
    """
    channels_first = images if images.shape[1] == 3 else images.permute(0, 3, 1, 2)
    if out is None:
        out = torch.empty(channels_first.shape, dtype=torch.float32, device=images.device)
    out.copy_(channels_first).div_(255)
    sizes = _texture_sizes(draws.sides, bounds, max(faces.shape[1:3]))
    by_hue = (draws.order == HUE).argmax(axis=1).argsort(kind="stable")
    extent = extents(draws.sides, draws.angles)
    for size in np.unique(sizes):
        rows = by_hue[sizes[by_hue] == size]
        textures = shrink(_rows(faces, rows), int(size))
        colour_jitter(textures, draws.factors[rows], draws.order[rows])
        by_extent = extent[rows].argsort(kind="stable")
        for part in np.array_split(by_extent, -(-len(rows) // _GROUP)):
            some = rows[part]
            paste(
                out,
                _rows(textures, part),
                some,
                sides=draws.sides[some],
                flips=draws.flips[some],
                angles=draws.angles[some],
                tops=draws.tops[some],
                lefts=draws.lefts[some],
            )
    return out


def _texture_sizes(sides: Rows, bounds: tuple[int, int], crop: int) -> Rows:
    """Give the size that each face is first shrunk to; 0 where the crop is not larger than that."""
    least, most = bounds
    choices = np.ceil(np.geomspace(least, most, _NUM_SIZES + 1)[1:] - 1e-9).astype(np.int64)
    sizes = choices[np.searchsorted(choices, sides)]
    return np.where(sizes < crop, sizes, 0)


def _rows(images: Tensor, rows: Rows) -> Tensor:
    return images.index_select(0, torch.from_numpy(rows).to(images.device))
