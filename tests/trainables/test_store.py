import numpy as np
import pytest

from trainables.errors import UserError
from trainables.store import ArrayStore, Entry


def entry(value=1.0):
    arrays = {
        "a": np.full((2, 3), value, dtype=np.float32),
        "b": np.array([True, False]),
        "number": np.array(0.25),
    }
    return Entry(arrays, {"names": ["Ada", "Zoë"]})


def test_an_entry_is_built_once(tmp_path):
    store = ArrayStore(tmp_path / "deep" / "cache")
    first = store.get("kind", {"model": "x"}, entry)
    second = store.get("kind", {"model": "x"}, lambda: pytest.fail("built again"))
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(second.arrays[name], array)
        assert second.arrays[name].shape == array.shape
    assert second.texts == {"names": ["Ada", "Zoë"]}
    other = store.get("kind", {"model": "y"}, lambda: entry(2.0))
    assert other.arrays["a"][0, 0] == 2


def test_a_damaged_entry_is_built_again(tmp_path):
    store = ArrayStore(tmp_path)
    store.get("kind", {}, entry)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    assert store.get("kind", {}, lambda: entry(3.0)).arrays["a"][0, 0] == 3
    assert store.get("kind", {}, entry).arrays["a"][0, 0] == 3


def test_a_build_that_breaks_leaves_nothing(tmp_path):
    store = ArrayStore(tmp_path)

    def broken():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.get("kind", {}, broken)
    store.get("kind", {}, entry)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="UNREMEMBER_CACHE"):
        ArrayStore(tmp_path / "file" / "cache").get("kind", {}, entry)
