"""Files of stores that are as they were, and the files in which runs are kept."""

import os
import threading

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analysis.runs import load_runs, sweep_names
from analysis.runs.columns import frame_schema
from analysis.runs.snapshot import read_snapshot, snapshot_path, write_snapshot
from analysis.runs.stamp import stamp_of
from tests.analysis.stores import keys_of

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


def test_a_file_that_is_as_it_was_is_not_opened(store, monkeypatch):
    store.settle()
    first = load_runs(store.uri, None)
    monkeypatch.setattr("analysis.runs.load.connect", lambda uri: pytest.fail("opened"))
    assert_frame_equal(load_runs(store.uri, None), first)
    assert keys_of(load_runs(store.uri, "second")) == ["c"]
    assert sweep_names(store.uri) == ["first", "second"]


def test_a_file_that_changed_is_opened(store):
    store.settle()
    load_runs(store.uri, None)
    store.run("third", store.trial("d", "third"))
    store.settle(age_s=30.0)
    assert keys_of(load_runs(store.uri, "third")) == ["d"]


def test_a_file_that_was_written_to_just_now_is_no_witness(store):
    store.settle()
    stamp = stamp_of(store.path)
    assert stamp is not None
    store.settle(age_s=1.0)
    assert stamp_of(store.path) is None
    store.settle(age_s=30.0)
    assert stamp_of(store.path) not in (None, stamp)


def test_what_is_still_in_sqlites_log_is_seen(store, tmp_path):
    store.settle()
    before = stamp_of(store.path)
    log = tmp_path / "mlflow.db-wal"
    log.touch()
    os.utime(log, (1, 1))
    assert stamp_of(store.path) == before
    log.write_bytes(b"a page")
    os.utime(log, (1, 1))
    assert stamp_of(store.path) not in (None, before)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-100],
        lambda content: b"",
        lambda content: content[:200] + b"x" + content[201:],
        lambda content: b"\x00" * 5000,
    ],
    ids=["cut off", "empty", "changed", "zeros"],
)
def test_a_damaged_file_is_as_good_as_none(store, asked, cache, damage):
    store.settle()
    first = load_runs(store.uri, None)
    (path,) = (cache / "runs").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert read_snapshot(path) is None
    assert_frame_equal(load_runs(store.uri, None), first)
    assert asked == [(), ()]
    assert read_snapshot(path) is not None


def test_other_columns_are_another_version(store, asked, cache, monkeypatch):
    store.settle()
    load_runs(store.uri, None)
    (path,) = (cache / "runs").iterdir()
    wider = frame_schema() | {"new_column": pl.Float64()}
    monkeypatch.setattr("analysis.runs.snapshot.frame_schema", lambda: wider)
    assert read_snapshot(path) is None
    load_runs(store.uri, None)
    assert asked == [(), ()]


def test_a_cache_that_cannot_be_written_is_done_without(store, cache):
    cache.write_text("no folder")
    assert keys_of(load_runs(store.uri, None)) == ["a", "b", "c"]
    assert cache.read_text() == "no folder"


def test_one_address_has_one_file_for_its_owner_alone(store, cache, monkeypatch):
    load_runs(store.uri, None)
    monkeypatch.chdir(store.path.parent)
    load_runs(f"sqlite:///{store.path.name}", None)
    (path,) = (cache / "runs").iterdir()
    assert path == snapshot_path(store.uri)
    assert path.stat().st_mode & 0o777 == 0o600


def test_readers_at_once_find_whole_files(store, tmp_path):
    load_runs(store.uri, None)
    snapshot = read_snapshot(snapshot_path(store.uri))
    path = tmp_path / "shared" / "one.runs"
    write_snapshot(path, snapshot)

    def write():
        for _ in range(30):
            write_snapshot(path, snapshot)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    found = []
    while any(writer.is_alive() for writer in writers):
        found.append(read_snapshot(path) is not None)
    for writer in writers:
        writer.join()
    assert found
    assert all(found)
    assert list(path.parent.iterdir()) == [path]
