from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainables.data import decoding
from trainables.data.pictures import ArrayPictures, ChosenPictures, FilePictures, even_rows
from trainables.errors import UserError


def grey(path, shade=90, side=16):
    Image.new("L", (side, side), shade).save(path)
    return path


def test_a_missing_file_a_folder_and_one_that_may_not_be_read(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none.png does not exist"):
        FilePictures((tmp_path / "none.png",)).read(np.array([0]), 16)
    with pytest.raises(UserError, match="is not a file"):
        FilePictures((tmp_path,)).read(np.array([0]), 16)
    secret = FilePictures((grey(tmp_path / "secret.png"),))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    # Tests may run as root, who may read everything.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"cannot read the picture .*secret.png \(Permission den"):
        secret.read(np.array([0]), 16)


@pytest.mark.parametrize("num_rows", [0, 1, 5, 100])
def test_rows_come_in_the_order_asked_for_also_from_threads(tmp_path, rng, monkeypatch, num_rows):
    monkeypatch.setattr(decoding.os, "cpu_count", lambda: 4)
    paths = tuple(tmp_path / f"{number}.png" for number in range(20))
    for number, path in enumerate(paths):
        # Of different sizes, so that they take different times.
        grey(path, number, 8 + 20 * (number % 3))
    files = FilePictures(paths)
    rows = rng.integers(0, 20, num_rows)
    found = files.read(rows, 8)
    assert len(files) == 20
    assert found.dtype == np.uint8
    assert found.shape == (num_rows, 8, 8, 3)
    assert (found == rows[:, None, None, None]).all()


def test_one_broken_file_among_many_is_named(tmp_path):
    paths = tuple(tmp_path / f"{number}.png" for number in range(50))
    for path in paths:
        grey(path)
    paths[37].write_bytes(b"broken")
    with pytest.raises(UserError, match=r"37\.png is not a picture"):
        FilePictures(paths).read(np.arange(50), 8)


@pytest.mark.parametrize("num_rows", [3, 40])
def test_an_array_is_resized_as_by_pillow(rng, num_rows):
    images = rng.integers(0, 256, (5, 24, 24, 3), np.uint8)
    array = ArrayPictures(images)
    rows = rng.integers(0, 5, num_rows)
    assert len(array) == 5
    assert (array.read(rows, 24) == images[rows]).all()
    for size in (9, 50):
        expected = [
            np.asarray(Image.fromarray(images[row]).resize((size, size), Image.Resampling.BICUBIC))
            for row in rows
        ]
        assert (array.read(rows, size) == np.stack(expected)).all()


def test_what_an_array_gives_may_be_written_to(rng):
    images = rng.integers(0, 256, (2, 8, 8, 3), np.uint8)
    before = images.copy()
    ArrayPictures(images).read(np.array([0, 1]), 8)[:] = 0
    assert (images == before).all()


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 8, 9, 3), (2, 8, 8, 1)])
def test_an_array_that_is_no_square_rgb_pictures_is_refused(shape):
    with pytest.raises(ValueError, match="square RGB pictures"):
        ArrayPictures(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("num", "limit", "rows"),
    [
        (5, None, [0, 1, 2, 3, 4]),
        (5, 9, [0, 1, 2, 3, 4]),
        (5, 3, [0, 2, 4]),
        (5, 1, [0]),
        (1, 1, [0]),
        (0, 3, []),
    ],
)
def test_rows_are_chosen_evenly(num, limit, rows):
    assert even_rows(num, limit).tolist() == rows
    assert even_rows(num, limit).dtype == np.int64


def test_no_row_is_chosen_twice():
    for limit in (1, 7, 998, 999, 1000):
        assert len(set(even_rows(1000, limit).tolist())) == limit


def test_chosen_pictures_are_those_of_the_rows(rng):
    images = rng.integers(0, 256, (6, 8, 8, 3), np.uint8)
    chosen = ChosenPictures(ArrayPictures(images), np.array([4, 1, 5]))
    assert len(chosen) == 3
    assert (chosen.read(np.array([2, 0]), 8) == images[[5, 4]]).all()
