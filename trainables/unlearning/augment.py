"""What is done to the pixels of faces, for whole batches and with one factor for each image."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
"""The operations of a colour jitter, numbered as in torchvision."""

_LUMA = (0.2989, 0.587, 0.114)


def colour_jitter(images: Tensor, factors: NDArray[np.float64], order: NDArray[np.int64]) -> Tensor:
    """Change brightness, contrast, saturation and hue, of each image in its own order.

    The same as torchvision's ColorJitter. Brightness, contrast and saturation all move an image
    away from or towards another one (black, its mean grey, its grey version), so that all images
    take any of the three in one pass; only hue is computed on the images whose turn it is.

    Args:
        images: (num_images, 3, height, width) float in 0..1; changed in place.
        factors: (num_images, 4) of brightness, contrast and saturation, 1 for no change, and the
            turn of hue from -0.5 to 0.5, 0 for none.
        order: (num_images, 4) the operations of each image from first to last; images must come in
            rising order of the place that `HUE` has in it.

    Returns:
        The images.
    """
    hue_place = (order == HUE).argmax(axis=1)
    blends = order[order != HUE].reshape(-1, 3)
    factor = np.take_along_axis(factors, blends, axis=1)
    to_grey, to_mean = (np.where(blends == op, 1 - factor, 0) for op in (SATURATION, CONTRAST))
    weights = _on(images, np.stack([factor, to_grey, to_mean]))[..., None, None, None]
    hue = _on(images, factors[:, HUE])
    bounds = np.searchsorted(hue_place, np.arange(5))
    for place in range(4):
        turn = slice(*bounds[place : place + 2])
        if turn.start < turn.stop:
            _turn_hue(images[turn], hue[turn, None, None])
        if place < 3:
            _blend(images, *weights[:, :, place])
    return images


def _blend(images: Tensor, keep: Tensor, to_grey: Tensor, to_mean: Tensor) -> None:
    """Mix images with their grey version and their mean grey; weights are (num_images, 1, 1, 1)."""
    red, green, blue = images.split(1, dim=1)
    grey = (red * _LUMA[0]).add_(green, alpha=_LUMA[1]).add_(blue, alpha=_LUMA[2])
    mean = grey.mean(dim=(2, 3), keepdim=True)
    other = grey.mul_(to_grey).add_(mean * to_mean)
    torch.addcmul(other, images, keep, out=images).clamp_(0, 1)


def _turn_hue(images: Tensor, turn: Tensor) -> None:
    """Turn the hue in place.

    With the hue in 0..6 from red over green and blue, each channel lies between the lowest and the
    highest, and how far is a trapeze over the hue, so that there is no need of saturation nor of
    six cases on the way back from HSV. Written without booleans and remainders, which are several
    times slower than the rest.

    Args:
        images: (num_images, 3, height, width).
        turn: (num_images, 1, 1) in whole turns, -0.5 to 0.5.
    """
    red, green, blue = images.unbind(dim=1)
    high = torch.maximum(red, green)
    is_green = torch.eq(high, green, out=torch.empty_like(high))
    torch.maximum(high, blue, out=high)
    is_blue = torch.eq(high, blue, out=torch.empty_like(high))
    low = torch.minimum(red, green)
    torch.minimum(low, blue, out=low)
    spread = high - low
    # Where two channels are highest, either formula gives the same.
    hue = (green - blue).lerp_((blue - red).add_(spread, alpha=2), is_green)
    hue.lerp_((red - green).add_(spread, alpha=4), is_blue)
    hue.div_((spread * 6).clamp_(min=1e-12)).add_(turn + 1).frac_().mul_(6)
    bottom, top = low.sub_(spread), high.add_(spread)
    # The channels are views of the images.
    torch.addcmul(bottom, spread, (hue - 3).abs_().clamp_(1, 2), out=red)
    torch.addcmul(top, spread, (hue - 2).abs_().clamp_(1, 2), value=-1, out=green)
    torch.addcmul(top, spread, hue.sub_(4).abs_().clamp_(1, 2), value=-1, out=blue)
    images.clamp_(0, 1)


def shrink(faces: Tensor, side: int) -> Tensor:
    """Resize with antialiasing, as PIL's bilinear filter does, also in that it rounds to 8 bits.

    Args:
        faces: (num_faces, height, width, 3) uint8.
        side: of the result in pixels, no longer than the longer side of the faces; 0 for as is.

    Returns:
        (num_faces, 3, side, side) float in 0..1.
    """
    pixels = faces.permute(0, 3, 1, 2)
    if side and pixels.device.type == "cpu":
        pixels = F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    elif side:
        # Only the CPU has it for 8 bits.
        pixels = F.interpolate(pixels.float(), (side, side), mode="bilinear", antialias=True)
        pixels = pixels.round_()
    return pixels.contiguous().float().div_(255)


def paste(
    images: Tensor,
    faces: Tensor,
    rows: NDArray[np.int64],
    *,
    sides: NDArray[np.int64],
    flips: NDArray[np.bool_],
    angles: NDArray[np.float64],
    tops: NDArray[np.int64],
    lefts: NDArray[np.int64],
) -> None:
    """Scale, flip, rotate and paste faces in one bilinear sampling, as PIL's rotate with expand.

    All but the first two arguments are (num_faces,).

    Args:
        images: (num_images, 3, size, size) float; changed in place where a face covers the centre
            of a pixel.
        faces: (num_faces, 3, height, width) float, at most a little larger than they become.
        rows: the image that each face goes on; no image twice.
        sides: of the face on the image, in pixels.
        flips: whether left and right change places, before the rotation.
        angles: in degrees, counter-clockwise.
        tops: first row of the upright box around the rotated face, of the size `extents` gives.
        lefts: first column of it.
    """
    size, extent = images.shape[-1], extents(sides, angles)
    width = int(extent.max())
    # All faces are drawn in windows of one size, which must not leave the image either.
    top, left = np.minimum(tops, size - width), np.minimum(lefts, size - width)
    scale, angle = 2 / sides, np.deg2rad(angles)
    cos, sin, mirror = scale * np.cos(angle), scale * np.sin(angle), np.where(flips, -1, 1)
    # From the middle of a window's pixel to -1..1 across the face.
    to_face = np.stack([cos * mirror, -sin * mirror, sin, cos])
    x_of_x, x_of_y, y_of_x, y_of_y = _on(images, to_face)[..., None, None]
    steps = np.arange(width) + 0.5
    across = _on(images, steps - (lefts + extent / 2 - left)[:, None])[:, None, :]
    down = _on(images, steps - (tops + extent / 2 - top)[:, None])[:, :, None]
    grid = images.new_empty((2, len(rows), width, width))
    torch.add(across * x_of_x, down * x_of_y, out=grid[0])
    torch.add(across * y_of_x, down * y_of_y, out=grid[1])
    drawn = F.grid_sample(
        faces, grid.permute(1, 2, 3, 0), padding_mode="border", align_corners=False
    )
    grid.abs_()
    covered = torch.maximum(grid[0], grid[1])
    torch.lt(covered, 1, out=covered)
    # (num_images, 3, top, left, window row, window column), a view of the images.
    windows = images.unfold(2, width, 1).unfold(3, width, 1)
    place = (_at(images, rows), slice(None), _at(images, top), _at(images, left))
    # lerp gives its first or second argument bit for bit where the weight is 0 or 1.
    windows[place] = windows[place].lerp_(drawn, covered[:, None])


def extents(sides: NDArray[np.int64], angles: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the side of the upright box around a rotated square, in whole pixels as PIL does."""
    angle = np.deg2rad(angles)
    half = sides / 2 * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))
    box: NDArray[np.float64] = np.ceil(sides / 2 + half) - np.floor(sides / 2 - half)
    return box.astype(np.int64)


def _on(images: Tensor, values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values).to(images.device, images.dtype)


def _at(images: Tensor, index: NDArray[np.int64]) -> Any:
    return torch.from_numpy(index).to(images.device)
