"""Encoded pictures to pixels, as open_clip decodes them to evaluate."""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from trainables.data.folders import EXPECTED
from trainables.data.source import Images
from trainables.errors import UserError

MIN_SIDE = 8
"""Pixels: a picture with a shorter side than this is too small to show anything."""

# Named, since Pillow goes by the content and hands what looks like PostScript to Ghostscript.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_ROWS_WORTH_THREADS = 32
_MAX_THREADS = 8
# What is cropped away anyway is cut off first where it would take gigabytes to enlarge it.
_MAX_ASPECT = 32

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Filters of warnings belong to the process: one reader at a time may change them.
_WARNING_FILTERS = threading.Lock()


def decode_all(num: int, size: int, opened: Callable[[int], tuple[IO[bytes], str]]) -> Images:
    """Decode pictures, many of them by several threads.

    Turned upright as their EXIF says, made RGB (transparency is dropped, as by open_clip; deeper
    greyscale is scaled to 8 bit), the shorter side resized to the size, the middle cropped.

    Args:
        num: how many.
        size: height and width to give, pixels.
        opened: gives the file of a place below `num`, which is closed here, and its name for
            messages.

    Returns:
        (num, size, size, 3) RGB.

    Raises:
        UserError: a file is no picture, is broken, takes more pixels than Pillow holds to be safe,
            or has a side below 8 pixels.
    """

    def picture(place: int) -> Image.Image:
        file, name = opened(place)
        with file:
            return resized(_decoded(file, name), size)

    with _pillow_filters():
        return filled(num, size, picture)


@contextmanager
def _pillow_filters() -> Iterator[None]:
    """Make a decompression bomb an error, and let Pillow be silent on odd but good files."""
    with _WARNING_FILTERS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def filled(num_images: int, size: int, image: Callable[[int], Image.Image]) -> Images:
    """Gather (num_images, size, size, 3) from what gives the image of a place."""
    images = np.empty((num_images, size, size, 3), np.uint8)

    def fill(place: int) -> None:
        images[place] = np.asarray(image(place))

    if num_images < _ROWS_WORTH_THREADS:
        for place in range(num_images):
            fill(place)
    else:
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_THREADS)) as pool:
            for _ in pool.map(fill, range(num_images)):
                pass
    return images


def _decoded(file: IO[bytes], name: str) -> Image.Image:
    """Decode a file to an upright RGB picture."""
    if file.seek(0, os.SEEK_END) == 0:
        raise UserError(f"the picture {name} is empty (0 bytes); {EXPECTED}.")
    file.seek(0)
    try:
        image = Image.open(file, formats=_FORMATS)
        if min(image.size) >= MIN_SIDE:
            image.load()
            return _rgb(_upright(image))
    # What Pillow raises for broken files is of many classes, those of bugs included.
    except Exception as error:
        raise UserError(_refusal(name, error)) from error
    raise UserError(
        f"the picture {name} is too small ({image.width} x {image.height} pixels); "
        f"a shorter side of {MIN_SIDE} pixels or more is needed."
    )


def _refusal(name: str, error: Exception) -> str:
    if isinstance(error, _BOMBS):
        return (
            f"the picture {name} has more than the {Image.MAX_IMAGE_PIXELS:,} pixels that are "
            "safe to decode; scale it down or take it away."
        )
    if isinstance(error, UnidentifiedImageError):
        return f"{name} is not a picture, or one of a kind that is not read; {EXPECTED}."
    return (
        f"the picture {name} is broken or cut off ({reason(error)}); "
        "replace it by a whole one or take it away."
    )


def reason(error: Exception) -> str:
    """Give what a library says is wrong, cut to a part of a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].split(". ")[0][:120]


def _upright(image: Image.Image) -> Image.Image:
    """Do what `ImageOps.exif_transpose` does to pixels, also where the EXIF cannot be rewritten."""
    try:
        turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Broken EXIF is no reason to refuse a good picture.
        return image
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":  # 16 or 32 bit greyscale, which Pillow would clip.
        return Image.fromarray(_eight_bit(np.asarray(image), image.mode)).convert("RGB")
    return image.convert("RGB")


def _eight_bit(values: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    """Scale (height, width) greyscale to 8 bit: from 16, or from the range the values lie in."""
    grey = np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
    full = 65535.0
    if not mode.startswith("I;16"):
        ranges = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
        top = float(grey.max())
        full = next((full for full in ranges if top <= full), top)
    return np.rint(np.clip(grey * (255 / full), 0, 255)).astype(np.uint8)


def resized(image: Image.Image, size: int) -> Image.Image:
    """Resize the shorter side to `size` and crop the middle, rounding as torchvision does."""
    limit = _MAX_ASPECT * min(image.size)
    if max(image.size) > limit:
        image = _middle(image, min(image.width, limit), min(image.height, limit))
    short = min(image.size)
    width, height = (int(size * side / short) for side in image.size)
    return _middle(image.resize((width, height), Image.Resampling.BICUBIC), size, size)


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left = round((image.width - width) / 2)
    top = round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
