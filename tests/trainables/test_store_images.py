"""Pools of pictures in the store, and other arrays that are built row by row."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from trainables.errors import UserError
from trainables.store import ArrayStore, RowSource

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
    assert name.endswith(".safetensors")


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


@pytest.mark.parametrize("keep", [0, 5, 60, 2000, -1])
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
def test_a_decoding_that_is_interrupted_goes_on_where_it_stopped(pool, tmp_path, error):
    def breaks(first, last):
        if first == 512:
            raise error("stop")
        return picture(first, last)

    with pytest.raises(error, match="stop"):
        pool(read=breaks)
    assert [Path(name).suffix for name in files(tmp_path)] == [".partial", ".progress"]
    found, told, asked = pool()
    np.testing.assert_array_equal(found, picture(0, NUM))
    assert asked == [(512, 600)]
    assert told == [(512, 600), (600, 600)]
    assert [Path(name).suffix for name in files(tmp_path)] == [".safetensors"]


def interrupt(pool):
    def breaks(first, last):
        if first == 512:
            raise KeyboardInterrupt
        return picture(first, last)

    with pytest.raises(KeyboardInterrupt):
        pool(read=breaks)


@pytest.mark.parametrize(
    ("suffix", "damage", "kept"),
    [
        (".partial", lambda content: content + b"half a chunk", 512),
        (".partial", lambda content: content[:-1], 0),
        (".partial", lambda content: content[:100], 0),
        (".partial", lambda content: b"", 0),
        (".partial", lambda content: b"\xff" * len(content), 0),
        (".progress", lambda content: b"", 0),
        (".progress", lambda content: b"256\n51", 256),
        (".progress", lambda content: b"256\nno number\n", 0),
        (".progress", lambda content: b"\xff\xfe\n", 0),
        (".progress", lambda content: b"-256\n", 0),
        (".progress", lambda content: b"100000\n", 0),
    ],
)
def test_of_a_damaged_partial_pool_only_what_is_sure_is_kept(pool, tmp_path, suffix, damage, kept):
    interrupt(pool)
    (path,) = (tmp_path / "deep" / "cache").glob(f"*{suffix}")
    path.write_bytes(damage(path.read_bytes()))
    found, _, asked = pool()
    np.testing.assert_array_equal(found, picture(0, NUM))
    assert asked[0][0] == kept
    assert len(files(tmp_path)) == 1


def test_a_partial_pool_of_another_form_is_not_gone_on_with(pool):
    interrupt(pool)
    found, _, asked = pool(num=700)
    assert asked[0][0] == 0
    np.testing.assert_array_equal(found, picture(0, 700))


def test_a_pool_may_be_empty(pool):
    for _ in range(2):
        found, told, asked = pool(num=0)
        assert found.shape == (0, SIZE, SIZE, 3)
        assert told == asked == []


def test_embeddings_are_built_in_chunks_of_their_own_size(tmp_path):
    expected = np.random.default_rng(0).normal(size=(25, 6)).astype(np.float32)
    told = []

    def produce():
        return RowSource(
            shape=(25, 6), dtype=np.float32, rows_per_chunk=10,
            read=lambda first, last: expected[first:last],
        )  # fmt: skip

    store = ArrayStore(tmp_path)
    found = store.rows("embedded", {}, produce, lambda *numbers: told.append(numbers))
    np.testing.assert_array_equal(found, expected)
    assert told == [(10, 25), (20, 25), (25, 25)]


BUILDER = """
import sys, time
from pathlib import Path
import numpy as np
from trainables.store import ArrayStore, RowSource

folder, stop_at = Path(sys.argv[1]), int(sys.argv[2])
def read(first, last):
    while first == stop_at:
        time.sleep(0.02)
    with (folder / "read").open("a") as file:
        file.write(f"{first}\\n")
    return np.arange(first, last, dtype=np.float32)[:, None]
def produce():
    return RowSource(shape=(100, 1), dtype=np.float32, read=read, rows_per_chunk=10)
found = ArrayStore(folder / "cache").rows("rows", {}, produce, lambda *_: None)
print(int(found.sum()))
"""


def start(folder, stop_at):
    command = [sys.executable, "-c", BUILDER, str(folder), str(stop_at)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE)


def test_a_builder_that_is_killed_is_gone_on_from_by_another_process(tmp_path):
    """Twice; every chunk is produced once."""
    for stop_at in (30, 70):
        with start(tmp_path, stop_at) as process:
            path = tmp_path / "read"
            while not path.exists() or f"{stop_at - 10}\n" not in path.read_text():
                time.sleep(0.02)
            (record,) = (tmp_path / "cache").glob("*.progress")
            while not record.exists() or f"{stop_at}\n" not in record.read_text():
                time.sleep(0.02)
            process.kill()
    with start(tmp_path, -1) as process:
        assert process.communicate()[0] == "4950\n"
    read = (tmp_path / "read").read_text().split()
    assert read == [str(first) for first in range(0, 100, 10)]


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
    with pytest.raises(ValueError, match=r"rows of \(256, 4, 4, 3\) uint8"):
        pool(size=SIZE + 1)
    assert not list((tmp_path / "deep" / "cache").glob("*.safetensors"))
