import gc
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from trainables.errors import UserError
from trainables.store import ArrayStore, Entry, RowSource

ROOT = Path(__file__).parents[2]
DTYPES = ["f8", "i8", "u8", "f4", "i4", "u4", "f2", "i2", "u2", "i1", "u1", "?"]


def entry(value=1.0):
    arrays = {
        "a": np.full((2, 3), value, dtype=np.float32),
        "b": np.array([True, False]),
        "number": np.array(0.25),
        "none": np.empty((0, 2), dtype=np.int64),
    }
    return Entry(arrays, {"names": ["Ada", "Zoë"]})


def refuse():
    raise AssertionError("built again")


@contextmanager
def file_size_limit(num_bytes):
    """Let no file grow beyond so many bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        # At once, since what pytest prints may go to a file as well.
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def only_file(folder):
    (path,) = folder.iterdir()
    return path


def test_an_entry_is_built_once(tmp_path):
    store = ArrayStore(tmp_path / "deep" / "cache")
    first = store.get("kind", {"model": "x"}, entry)
    second = store.get("kind", {"model": "x"}, refuse)
    for found in (first, second):
        assert found.texts == {"names": ["Ada", "Zoë"]}
        for name, array in entry().arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array)
            assert found.arrays[name].shape == array.shape
            assert found.arrays[name].dtype == array.dtype
    other = store.get("kind", {"model": "y"}, lambda: entry(2.0))
    assert other.arrays["a"][0, 0] == 2


def test_an_entry_is_a_safetensors_file_like_any_other(tmp_path):
    arrays = {name: np.ones((3, 5), np.dtype(name)) for name in DTYPES}
    arrays["turned"] = np.arange(6).reshape(2, 3).T
    found = ArrayStore(tmp_path).get("kind", {}, lambda: Entry(arrays)).arrays
    told = load_file(only_file(tmp_path))
    assert found.keys() == told.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(told[name], array)
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.aligned, name
        assert found[name].flags.c_contiguous, name


def test_arrays_are_mapped_and_read_only(tmp_path):
    store = ArrayStore(tmp_path)
    first = store.get("kind", {}, entry)
    second = store.get("kind", {}, refuse)
    for array in (*first.arrays.values(), *second.arrays.values()):
        assert type(array) is np.ndarray
        whole = array
        while type(whole) is np.ndarray:
            whole = whole.base
        assert isinstance(whole, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with only_file(tmp_path).open("r+b") as file:
        content = file.read()
        file.seek(content.index(np.full(6, 1, np.float32).tobytes()))
        file.write(np.full(6, 7, np.float32).tobytes())
    # Not a copy: what changes in the file changes in memory.
    assert (second.arrays["a"] == 7).all()


def test_what_is_large_is_not_read(tmp_path):
    store = ArrayStore(tmp_path)
    size = 300_000_000
    store.rows("large", {}, lambda: empty_rows(size, 50_000_000), lambda *_: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = store.rows("large", {}, refuse, refuse)
    assert found.nbytes == size
    assert found[-1] == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def empty_rows(size, chunk):
    return RowSource(
        shape=(size,), dtype=np.uint8, rows_per_chunk=chunk,
        read=lambda first, last: np.zeros(last - first, np.uint8),
    )  # fmt: skip


def test_arrays_outlive_their_entry_and_its_file(tmp_path):
    array = ArrayStore(tmp_path).get("kind", {}, entry).arrays["a"]
    gc.collect()
    only_file(tmp_path).unlink()
    assert array.sum() == 6


@pytest.mark.parametrize("keep", [0, 5, 40, 200, -1])
def test_a_damaged_entry_is_built_again(tmp_path, keep):
    store = ArrayStore(tmp_path)
    store.get("kind", {}, entry)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert store.get("kind", {}, lambda: entry(3.0)).arrays["a"][0, 0] == 3
    assert store.get("kind", {}, refuse).arrays["a"][0, 0] == 3


def test_more_than_was_written_is_damage(tmp_path):
    store = ArrayStore(tmp_path)
    store.get("kind", {}, entry)
    with only_file(tmp_path).open("ab") as file:
        file.write(b"more")
    assert store.get("kind", {}, lambda: entry(3.0)).arrays["a"][0, 0] == 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    ArrayStore(folder).get("kind", {"model": "x"}, entry)
    path = only_file(folder)
    return folder, path, path.read_bytes()


def is_as_it_was_or_built_again(folder):
    found = ArrayStore(folder).get("kind", {"model": "x"}, lambda: entry(3.0))
    value = found.arrays["a"][0, 0]
    assert value in (1, 3)
    assert found.texts == {"names": ["Ada", "Zoë"]}
    for name, array in entry(value).arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype


DAMAGE = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@DAMAGE
@given(st.data())
def test_a_header_with_bytes_changed_is_built_again(whole, data):
    folder, path, content = whole
    end = 8 + int.from_bytes(content[:8], "little")
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    is_as_it_was_or_built_again(folder)


@DAMAGE
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=4),
            lambda part: st.dictionaries(
                st.sampled_from(["__metadata__", "digest", "a", "dtype", "shape", "data_offsets"]),
                part | st.lists(part, max_size=3),
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.booleans(),
)  # fmt: skip
def test_what_is_no_header_is_built_again(whole, text, with_length):
    folder, path, _ = whole
    path.write_bytes((len(text).to_bytes(8, "little") if with_length else b"") + text + b"\0" * 99)
    is_as_it_was_or_built_again(folder)


def test_a_build_that_breaks_leaves_nothing(tmp_path):
    store = ArrayStore(tmp_path)

    def broken():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.get("kind", {}, broken)
    assert list(tmp_path.iterdir()) == []
    store.get("kind", {}, entry)
    assert only_file(tmp_path).suffix == ".safetensors"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="UNREMEMBER_CACHE"):
        ArrayStore(tmp_path / "file" / "cache").get("kind", {}, entry)


def test_a_disk_that_is_full_is_said_and_leaves_nothing(tmp_path):
    large = Entry({"a": np.ones(1000)})
    too_large = r"cannot keep computed data in .* \(File too large\)"
    with file_size_limit(2000), pytest.raises(UserError, match=too_large):
        ArrayStore(tmp_path).get("kind", {}, lambda: large)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_keeps_the_rows_that_are_there(tmp_path):
    store, told = ArrayStore(tmp_path), []

    def build():
        source = empty_rows(50_000, 5000)
        return store.rows("rows", {}, lambda: source, lambda done, _: told.append(done))

    too_large = r"cannot keep computed data in .* \(File too large\)"
    with file_size_limit(12_000), pytest.raises(UserError, match=too_large):
        build()
    assert told == [5000, 10_000]
    assert len(build()) == 50_000
    assert told[2:] == list(range(10_000, 50_001, 5000))


def test_an_error_of_what_is_built_is_no_error_of_the_cache(tmp_path):
    def broken():
        raise FileNotFoundError("captions.txt")

    with pytest.raises(FileNotFoundError, match=r"captions\.txt"):
        ArrayStore(tmp_path).get("kind", {}, broken)


def test_reading_notes_the_last_use(tmp_path):
    store = ArrayStore(tmp_path)
    store.get("kind", {}, entry)
    path = only_file(tmp_path)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    before = time.time() - 60
    store.get("kind", {}, refuse)
    assert path.stat().st_mtime > before


BUILDER = """
import sys, time
from pathlib import Path
import numpy as np
from trainables.store import ArrayStore, Entry

folder, number = Path(sys.argv[1]), sys.argv[2]
def build():
    with (folder / "built").open("a") as file:
        file.write(number + "\\n")
    while not (folder / "go").exists():
        time.sleep(0.02)
    return Entry({"a": np.array(int(number))})
def say(*what):
    (folder / f"waits-{number}").write_text(" ".join(map(str, what)))
print(ArrayStore(folder / "cache", say).get("eval-captions", {}, build).arrays["a"])
"""


@pytest.fixture
def builder(tmp_path):
    """Starts processes that build one entry, and ends those that are left."""
    started = []

    def builder(number):
        command = [sys.executable, "-c", BUILDER, str(tmp_path), str(number)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield builder
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(path):
    while not path.exists():
        time.sleep(0.02)


def test_of_two_builders_one_builds_and_the_other_waits(builder, tmp_path):
    first = builder(1)
    wait_for(tmp_path / "built")
    second = builder(2)
    wait_for(tmp_path / "waits-2")
    (tmp_path / "go").touch()
    assert [process.communicate()[0] for process in (first, second)] == ["1\n", "1\n"]
    assert (tmp_path / "built").read_text() == "1\n"
    told = (tmp_path / "waits-2").read_text()
    assert told == "waiting for another process to make the eval captions 1 1"
    assert only_file(tmp_path / "cache").suffix == ".safetensors"


def test_a_builder_that_is_killed_lets_the_next_build(builder, tmp_path):
    first = builder(1)
    wait_for(tmp_path / "built")
    second = builder(2)
    wait_for(tmp_path / "waits-2")
    first.kill()
    (tmp_path / "go").touch()
    assert second.communicate()[0] == "2\n"
    assert (tmp_path / "built").read_text() == "1\n2\n"
