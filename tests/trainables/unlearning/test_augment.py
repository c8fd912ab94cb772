import itertools

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import functional as on_pil
from torchvision.transforms.v2 import functional as on_tensor

from tests.benchmarks.augment import smooth_pictures
from trainables.unlearning.augment import (
    BRIGHTNESS,
    CONTRAST,
    HUE,
    SATURATION,
    colour_jitter,
    extents,
    paste,
    shrink,
)

ADJUST = ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_hue")
NEUTRAL = np.array([1.0, 1.0, 1.0, 0.0])
ORDERS = np.array(sorted(itertools.permutations(range(4)), key=lambda order: order.index(HUE)))


def noise(number, size=17):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (number, size, size, 3), generator=generator, dtype=torch.uint8)


def as_float(pictures):
    return pictures.permute(0, 3, 1, 2).float() / 255


def only(op, factor, number):
    factors = np.tile(NEUTRAL, (number, 1))
    factors[:, op] = factor
    return factors


def with_torchvision(image, factors, order):
    for op in order:
        image = getattr(on_tensor, ADJUST[op])(image, float(factors[op]))
    return image


@pytest.mark.parametrize(
    ("op", "factor"),
    [
        *itertools.product((BRIGHTNESS, CONTRAST, SATURATION), (0.0, 0.5, 0.93, 1.0, 1.5, 3.0)),
        *itertools.product([HUE], (-0.5, -0.1, -0.03, 0.0, 0.07, 0.1, 0.5)),
    ],
)
def test_each_colour_operation_is_torchvisions(op, factor):
    images = as_float(noise(3))
    expected = getattr(on_tensor, ADJUST[op])(images, factor)
    order = np.tile([BRIGHTNESS, CONTRAST, SATURATION, HUE], (3, 1))
    found = colour_jitter(images.clone(), only(op, factor, 3), order)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("op", "factor"), [(0, 1.4), (1, 0.6), (2, 1.4), (3, 0.08), (3, -0.1)])
def test_each_colour_operation_is_pils_within_rounding(op, factor):
    pictures = smooth_pictures(4, 40)
    order = np.tile(np.arange(4), (4, 1))
    found = colour_jitter(as_float(pictures), only(op, factor, 4), order)
    for picture, image in zip(pictures, found, strict=True):
        pil = getattr(on_pil, ADJUST[op])(PIL.Image.fromarray(picture.numpy()), factor)
        off = (image * 255 - on_pil.pil_to_tensor(pil)).abs()
        # PIL keeps 256 hues and saturations on the way, and cuts fractions of its turn off.
        assert off.mean() <= (2 if op == HUE else 0.6)


def test_all_orders_of_the_operations_are_torchvisions(rng):
    images = as_float(noise(24))
    factors = np.stack([*rng.uniform(0.5, 1.5, (3, 24)), rng.uniform(-0.1, 0.1, 24)], axis=1)
    expected = [
        with_torchvision(*each) for each in zip(images.clone(), factors, ORDERS, strict=True)
    ]
    found = colour_jitter(images, factors, ORDERS)
    torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (9, 9, 9), (255, 0, 0), (0, 7, 7)])
def test_flat_colours_are_torchvisions_too(colour):
    image = as_float(torch.tensor(colour, dtype=torch.uint8).expand(1, 4, 4, 3))
    factors = np.array([[0.7, 1.2, 1.4, -0.1]])
    expected = with_torchvision(image[0].clone(), factors[0], ORDERS[0])
    found = colour_jitter(image.clone(), factors, ORDERS[:1])
    torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("side", [5, 16, 31])
def test_shrinking_is_pils(side):
    pictures = noise(3, size=32)
    for picture, found in zip(pictures, shrink(pictures, side), strict=True):
        pil = PIL.Image.fromarray(picture.numpy()).resize((side, side), PIL.Image.BILINEAR)
        assert (found * 255 - on_pil.pil_to_tensor(pil)).abs().max() <= 1.001
    torch.testing.assert_close(shrink(pictures, 0), as_float(pictures), rtol=0, atol=0)


def pasted(faces, size=64, **where):
    images = torch.zeros(len(faces), 3, size, size)
    arrays = {name: np.array(value) for name, value in where.items()}
    arrays = {name: np.broadcast_to(value, len(faces)).copy() for name, value in arrays.items()}
    paste(images, faces, np.arange(len(faces)), **arrays)
    return images


@given(
    st.integers(2, 30), st.floats(-30, 30), st.integers(0, 20), st.integers(0, 20), st.booleans()
)
@settings(deadline=None)
def test_the_mask_is_the_rotated_square(side, angle, top, left, flip):
    face = torch.ones(1, 3, 9, 9)
    image = pasted(face, sides=side, flips=flip, angles=angle, tops=top, lefts=left)
    extent = extents(np.array([side]), np.array([angle]))[0]
    centre = np.arange(64) + 0.5
    x, y = centre - left - extent / 2, (centre - top - extent / 2)[:, None]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    # Against the clock, with y downwards: right on the face is right and up on the image.
    away = np.maximum(abs(x * cos - y * sin), abs(x * sin + y * cos)) - side / 2
    covered = (image[0, 0] > 0.5).numpy()
    clear = abs(away) > 1e-3
    np.testing.assert_array_equal(covered[clear], (away < 0)[clear])
    rows, columns = np.nonzero(covered)
    assert rows.min() >= top
    assert rows.max() < top + extent
    assert columns.min() >= left
    assert columns.max() < left + extent


@given(st.integers(1, 112), st.floats(-30, 30))
def test_the_box_is_as_large_as_pils(side, angle):
    box = PIL.Image.new("L", (side, side)).rotate(angle, expand=True)
    assert box.size == (extents(np.array([side]), np.array([angle]))[0],) * 2


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("angle", [-30.0, -7.5, 0.0, 12.0, 30.0])
def test_rotation_and_flip_are_pils(angle, flip):
    picture = smooth_pictures(2, 25)[1:]
    image = pasted(as_float(picture), sides=25, flips=flip, angles=angle, tops=3, lefts=5)
    pil = PIL.Image.fromarray(picture[0].numpy())
    pil = pil.transpose(PIL.Image.FLIP_LEFT_RIGHT) if flip else pil
    pil = pil.rotate(angle, PIL.Image.BILINEAR, expand=True)
    whole = PIL.Image.new("RGB", (64, 64))
    whole.paste(pil, (5, 3))
    off = (image[0] * 255 - on_pil.pil_to_tensor(whole)).abs().amax(dim=0)
    assert off.max() <= 1.01


def test_faces_without_rotation_are_copied_or_mirrored_exactly():
    faces = as_float(noise(2, size=10))
    flips = [False, True]
    image = pasted(faces, sides=10, flips=flips, angles=0.0, tops=[4, 54], lefts=[54, 0])
    torch.testing.assert_close(image[0, :, 4:14, 54:], faces[0])
    torch.testing.assert_close(image[1, :, 54:, :10], faces[1].flip(-1))
    assert image[0].count_nonzero() == faces[0].count_nonzero()
