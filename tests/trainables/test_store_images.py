"""Pools of pictures in the store."""

import numpy as np
import pytest

from trainables.errors import UserError
from trainables.store import ArrayStore

NUM, SIZE = 600, 4


def picture(first, last, shift=0):
    numbers = np.arange(first, last)[:, None, None, None] + shift
    return np.broadcast_to(numbers % 256, (last - first, SIZE, SIZE, 3)).astype(np.uint8)


@pytest.fixture
def pool(tmp_path):
    """Asks the store for a pool, with what decodes it, and collects what is asked for."""

    def pool(*, size=SIZE, num=NUM, read=picture, **identity):
        told, asked = [], []

        def decode():
            return num, lambda first, last: asked.append((first, last)) or read(first, last)

        store = ArrayStore(tmp_path / "deep" / "cache")
        found = store.images(
            "pictures", identity, size, decode, lambda done, total: told.append((done, total))
        )
        return found, told, asked

    return pool


def refuse(first, last):
    raise AssertionError("decoded again")


def files(folder):
    return sorted(path.name for path in (folder / "deep" / "cache").iterdir())


def test_a_pool_is_decoded_once_in_chunks_and_progress_is_told(pool, tmp_path):
    first, told, asked = pool(data="a")
    np.testing.assert_array_equal(first, picture(0, NUM))
    assert told == [(256, 600), (512, 600), (600, 600)]
    assert asked == [(0, 256), (256, 512), (512, 600)]
    again, told, asked = pool(data="a", read=refuse)
    np.testing.assert_array_equal(again, first)
    assert told == asked == []
    (name,) = files(tmp_path)
    assert name.startswith("pictures-")
    assert name.endswith(".npy")


def test_a_pool_cannot_be_written_to(pool):
    for _ in range(2):
        found, *_ = pool()
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 0


def test_another_identity_is_another_pool(pool, tmp_path):
    first, *_ = pool(data="a", num=3)
    second, *_ = pool(data="b", num=3, read=lambda a, b: picture(a, b, shift=9))
    assert (second == first + 9).all()
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("keep", [0, 5, 60, 2000])
def test_a_damaged_pool_is_decoded_again(pool, tmp_path, keep):
    pool()
    (name,) = files(tmp_path)
    path = tmp_path / "deep" / "cache" / name
    path.write_bytes(path.read_bytes()[:keep])
    found, _, asked = pool()
    assert asked
    np.testing.assert_array_equal(found, picture(0, NUM))
    pool(read=refuse)


def test_what_is_no_array_is_replaced(pool, tmp_path):
    pool()
    (name,) = files(tmp_path)
    (tmp_path / "deep" / "cache" / name).write_text("a note")
    np.testing.assert_array_equal(pool()[0], picture(0, NUM))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, UserError])
def test_a_decoding_that_is_interrupted_leaves_nothing(pool, tmp_path, error):
    def breaks(first, last):
        if first:
            raise error("stop")
        return picture(first, last)

    with pytest.raises(error, match="stop"):
        pool(read=breaks)
    assert files(tmp_path) == []
    found, *_ = pool()
    np.testing.assert_array_equal(found, picture(0, NUM))


def test_pools_that_were_mapped_outlive_their_replacement(pool, tmp_path):
    first, *_ = pool()
    (name,) = files(tmp_path)
    (tmp_path / "deep" / "cache" / name).unlink()
    pool(read=lambda a, b: picture(a, b, shift=9))
    np.testing.assert_array_equal(first, picture(0, NUM))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    store = ArrayStore(tmp_path / "file" / "cache")
    with pytest.raises(UserError, match="UNREMEMBER_CACHE"):
        store.images("x", {}, SIZE, lambda: (1, picture), lambda *_: None)


def test_a_picture_of_another_size_is_no_silent_pool(pool, tmp_path):
    with pytest.raises(ValueError, match="could not broadcast"):
        pool(size=SIZE + 1)
    assert files(tmp_path) == []
