import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.events import SweepEvent, TrialEvent, decode, encode
from sweeps.journal import Journal, journal_path, read_events, read_lines
from sweeps.standing import read_record
from tests.sweeps.fakes import event
from trainables.errors import UserError

words = st.text(max_size=20)
numbers = st.floats(allow_nan=False, width=64)
events = st.builds(
    TrialEvent,
    kind=st.sampled_from(["finished", "failed", "retried", "lost"]),
    trial_key=words,
    sweeps=st.lists(words).map(tuple),
    config=st.dictionaries(words, words | st.integers(-(2**60), 2**60) | st.lists(words)),
    started_at=numbers,
    ended_at=numbers,
    duration_s=numbers,
    metrics=st.dictionaries(words, numbers),
    curve=st.lists(st.dictionaries(words, numbers), max_size=3),
    error=words,
    step=st.none() | st.integers(0, 1000),
) | st.builds(
    SweepEvent,
    sweep=st.fixed_dictionaries({"name": words}),
    trial_keys=st.lists(words).map(tuple),
    at=numbers,
)


@given(events)
def test_an_event_survives_its_line(event: TrialEvent | SweepEvent) -> None:
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == event


@given(events, st.data())
def test_any_changed_byte_is_noticed(event: TrialEvent | SweepEvent, data: st.DataObject) -> None:
    line = bytearray(encode(event))
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match=r"checksum|another version"):
        decode(bytes(line))


def test_not_a_number_and_infinity_survive() -> None:
    read = decode(encode(event("a", metrics={"x": float("nan"), "y": float("inf")})))
    assert isinstance(read, TrialEvent)
    assert read.metrics["x"] != read.metrics["x"]
    assert read.metrics["y"] == float("inf")


def test_the_latest_event_of_a_trial_wins(tmp_path: Path) -> None:
    with Journal(tmp_path / "results") as journal:
        for kind, key in [("failed", "a"), ("finished", "b"), ("retried", "a"), ("finished", "a")]:
            journal.append(event(key, kind=kind))
    record = read_record(tmp_path / "results")
    assert record.keys("finished") == {"a", "b"}
    assert record.keys("failed") == set()


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(event("a"))
        (first,) = read_lines(journal.path)
        journal.append(event("b"))
        (second,) = read_lines(journal.path, first.end)
    assert second.event == event("b")
    assert second.end == journal_path(tmp_path).stat().st_size


@pytest.mark.parametrize("cut", [1, 2, 40, 300])
def test_a_torn_last_line_is_set_aside(tmp_path: Path, cut: int) -> None:
    with Journal(tmp_path) as journal:
        journal.append(event("a"))
        journal.append(event("b"))
    path = journal_path(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    if cut == 1:  # only the end of the line is missing: nothing is lost
        with Journal(tmp_path):
            pass
        assert path.read_bytes() == whole
        return
    assert [e.trial_key for e in read_events(tmp_path)] == ["a"]  # type: ignore[union-attr]
    with pytest.warns(UserWarning, match="was torn"), Journal(tmp_path) as journal:
        journal.append(event("c"))
    assert [e.trial_key for e in read_events(tmp_path)] == ["a", "c"]  # type: ignore[union-attr]
    assert (
        path.with_name("journal.jsonl.torn").read_bytes() == whole[len(whole) // 2 : -cut] + b"\n"
    )


def test_a_damaged_line_names_itself_and_the_way_out(tmp_path: Path) -> None:
    results = tmp_path / "my results"
    with Journal(results) as journal:
        for key in "abc":
            journal.append(event(key))
    path = journal_path(results)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"finished", b"finishes")
    path.write_bytes(b"".join(lines))
    with pytest.raises(UserError, match=r"journal\.jsonl, line 2 is damaged") as error:
        read_record(results)
    with pytest.raises(UserError, match="line 2 is damaged"):
        Journal(results)
    command = str(error.value).split("`")[1]
    subprocess.run(command, shell=True, check=True)
    assert read_record(results).keys("finished") == {"a", "c"}
    assert (results / "journal.jsonl.damaged").read_bytes() == b"".join(lines)
    Journal(results).close()  # and the lock was let go of


def test_a_second_writer_is_sent_away(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sweeps.journal import Journal\n"
        "try: Journal(Path(sys.argv[1]))\n"
        "except Exception as error: print(error); sys.exit(7)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with Journal(tmp_path):
        second = subprocess.run(command, capture_output=True, text=True)
        assert second.returncode == 7
        assert "another run is writing to" in second.stdout
        with pytest.raises(UserError, match="another run is writing to"):
            Journal(tmp_path)
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to .*file/results: Not a directory"):
        Journal(tmp_path / "file" / "results")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"cannot write to .*: Permission denied"):
        Journal(tmp_path)


def test_a_full_disk_leaves_the_journal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path) as journal:
        journal.append(event("a"))
        write = os.write
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda file, line: write(file, line[:100]))
            with pytest.raises(
                UserError, match=r"cannot write to .*journal.jsonl: the disk is full"
            ):
                journal.append(event("b"))
        journal.append(event("c"))
    assert read_record(tmp_path).keys("finished") == {"a", "c"}


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    record = read_record(tmp_path)
    assert record.trials == {}
    assert record.sweeps == {}
