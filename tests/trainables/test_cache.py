import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from trainables.cache import ASSETS, list_cache, remove
from trainables.errors import UserError
from trainables.store import ArrayStore, Entry, RowSource
from trainables.store.locks import acquire, release

PRINTS = {"model": "open_clip:ViT-B-32/x", "data": "builtin:ab12"}
WORDS = {"model": "ViT-B-32 x", "data": "builtin", "seed": "not asked for"}


@pytest.fixture
def store(tmp_path):
    return ArrayStore(tmp_path / ASSETS, words=WORDS)


def whole(store, kind="mean-face"):
    return store.get(kind, PRINTS | {"num": 3}, lambda: Entry({"mean": np.ones(250)}))


def half(store, kind="train-images"):
    def read(first, last):
        if first == 500:
            raise KeyboardInterrupt
        return np.zeros((last - first, 4), np.uint8)

    source = RowSource(shape=(1000, 4), dtype=np.uint8, read=read, rows_per_chunk=250)
    with pytest.raises(KeyboardInterrupt):
        store.rows(kind, PRINTS, lambda: source, lambda *_: None)


def model(folder, digest="0123456789abcdef"):
    own = folder / f"builtin-{digest}"
    own.mkdir(parents=True)
    (own / "model.safetensors").write_bytes(b"x" * 1000)
    (own / "model.lock").touch()
    return own


def test_an_entry_says_what_it_is(store, tmp_path):
    before = time.time()
    whole(store)
    (found,) = list_cache(tmp_path)
    assert found.kind == "mean-face"
    assert found.name.startswith("mean-face-")
    assert found.identity == PRINTS | {"num": 3}
    assert found.words == {"model": "ViT-B-32 x", "data": "builtin"}
    assert before <= found.created_at <= time.time()
    assert 2000 < found.num_bytes < 4000
    assert (found.share, found.unfinished, found.in_use) == (1, False, False)


def test_the_last_use_is_that_of_the_last_reader(store, tmp_path):
    whole(store)
    (found,) = list_cache(tmp_path)
    os.utime(found.path, (1e9, 1e9))
    assert list_cache(tmp_path)[0].used_at == 1e9
    whole(store)
    assert list_cache(tmp_path)[0].used_at > 1.6e9
    assert list_cache(tmp_path)[0].created_at == found.created_at


def test_what_is_unfinished_says_how_far_it_is(store, tmp_path):
    half(store)
    (found,) = list_cache(tmp_path)
    assert (found.kind, found.share, found.unfinished) == ("train-images", 0.5, True)
    assert found.identity == PRINTS
    assert len(found.files) == 2


def test_built_in_models_are_listed(tmp_path):
    own = model(tmp_path)
    (tmp_path / "builtin-ffff").mkdir()  # as a pre-training that was interrupted leaves it
    (found,) = list_cache(tmp_path)
    assert (found.kind, found.num_bytes, found.share) == ("builtin", 1000, 1)
    assert found.identity == {"model": "builtin:0123456789abcdef"}
    assert remove(found)
    assert not own.exists()


def test_what_an_earlier_version_wrote_is_listed_and_goes(store, tmp_path):
    whole(store)
    names = ["faces-0123456789abcdef.npy", ".faces-fedcba9876543210-x1y2z3", "README.txt"]
    for name in names:
        (tmp_path / ASSETS / name).write_bytes(b"12345")
    old = [entry for entry in list_cache(tmp_path) if entry.kind == "faces"]
    assert [(entry.share, entry.num_bytes) for entry in old] == [(None, 5)] * 2
    assert all(remove(entry) for entry in old)
    assert len(list((tmp_path / ASSETS).iterdir())) == 2
    assert (tmp_path / ASSETS / "README.txt").exists()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert list_cache(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / ASSETS).write_text("")
    with pytest.raises(UserError, match=r"cannot read the cache in .*UNREMEMBER_CACHE"):
        list_cache(tmp_path)


def test_what_is_removed_is_made_again(store, tmp_path):
    mapped = whole(store)
    half(store)
    for entry in list_cache(tmp_path):
        assert remove(entry)
    assert list((tmp_path / ASSETS).iterdir()) == []
    assert mapped.arrays["mean"].sum() == 250  # who has mapped it keeps it
    assert whole(store).arrays["mean"].sum() == 250


def test_what_has_gone_meanwhile_is_no_error(store, tmp_path):
    whole(store)
    (entry,) = list_cache(tmp_path)
    entry.path.unlink()
    assert remove(entry)


def test_what_is_being_made_is_kept(store, tmp_path):
    half(store)
    own = model(tmp_path)
    locks = [acquire(entry.path) for entry in list_cache(tmp_path)]
    for entry in list_cache(tmp_path):
        assert entry.in_use
        assert not remove(entry)
        assert all(path.exists() for path in entry.files)
    for lock in locks:
        release(lock)
    assert all(remove(entry) for entry in list_cache(tmp_path))
    assert not own.exists()


def test_a_lock_that_a_killed_process_left_does_not_count(store, tmp_path):
    half(store)
    (entry,) = list_cache(tmp_path)
    script = (
        "import os, sys; from pathlib import Path; from trainables.store.locks import acquire;"
        "lock = acquire(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", script, str(entry.path)]
    subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert entry.path.with_suffix(".lock").exists()
    assert not list_cache(tmp_path)[0].in_use
    assert remove(entry)
    assert list((tmp_path / ASSETS).iterdir()) == []
