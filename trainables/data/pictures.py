"""Pictures that are decoded when asked for, from an array or from files, as open_clip does."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainables.data.decoding import decode_all, filled, resized
from trainables.data.folders import EXPECTED
from trainables.data.source import Images
from trainables.errors import UserError


class Pictures(Protocol):
    """A sequence of pictures that are decoded when asked for."""

    def __len__(self) -> int:
        """Give the number of pictures."""

    def read(self, rows: NDArray[np.int64], size: int) -> Images:
        """Give pictures as a model of open_clip sees them, before normalisation.

        Args:
            rows: (num_rows,) which ones; the order stays.
            size: height and width to give, pixels.

        Returns:
            (num_rows, size, size, 3) RGB.

        Raises:
            UserError: a file is no picture that can be read.
        """


@dataclass(frozen=True, eq=False)
class ArrayPictures:
    """Pictures that are decoded already.

    Attributes:
        images: (num_images, height, width, 3) RGB, square.
    """

    images: Images

    def __post_init__(self) -> None:
        shape = self.images.shape
        if len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3:
            raise ValueError(f"square RGB pictures (num, side, side, 3) are expected, not {shape}")

    def __len__(self) -> int:
        return len(self.images)

    def read(self, rows: NDArray[np.int64], size: int) -> Images:
        """Give pictures, resized as by Pillow (bicubic, antialiased) where the size differs."""
        chosen = self.images[rows]
        if size == self.images.shape[1]:
            return chosen
        return filled(len(rows), size, lambda place: resized(Image.fromarray(chosen[place]), size))


@dataclass(frozen=True)
class FilePictures:
    """Pictures in files, decoded each time by `decode_all`.

    Attributes:
        paths: of the files, one for each picture.
    """

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, rows: NDArray[np.int64], size: int) -> Images:
        """Decode pictures, many of them by several threads.

        Raises:
            UserError: a file cannot be read, is no picture, is broken, takes more pixels than
                Pillow holds to be safe, or has a side below 8 pixels.
        """
        paths = [self.paths[row] for row in rows]
        return decode_all(
            len(paths), size, lambda place: (_opened(paths[place]), str(paths[place]))
        )


@dataclass(frozen=True, eq=False)
class ChosenPictures:
    """Some pictures of others.

    Attributes:
        pictures: all of them.
        rows: (num_chosen,) which ones.
    """

    pictures: Pictures
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, rows: NDArray[np.int64], size: int) -> Images:
        """Give pictures as those chosen from do.

        Raises:
            UserError: as they do.
        """
        return self.pictures.read(self.rows[rows], size)


def even_rows(num: int, limit: int | None) -> NDArray[np.int64]:
    """Choose at most so many of a number of rows, from all parts of what may be sorted."""
    return np.linspace(0, num - 1, min(num, limit or num)).round().astype(np.int64)


def _opened(path: Path) -> IO[bytes]:
    try:
        if not path.is_file():
            wrong = "is not a file" if path.exists() else "does not exist"
            raise UserError(f"the picture {path} {wrong}; {EXPECTED}.")
        return path.open("rb")
    except OSError as error:
        raise UserError(
            f"cannot read the picture {path} ({error.strerror}); allow it or take the file away."
        ) from error
