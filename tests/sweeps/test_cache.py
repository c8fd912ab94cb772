import json
import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.runs.snapshot import UNFINISHED, Snapshot, snapshot_path, write_snapshot
from sweeps import cli
from trainables.cache import ASSETS, list_cache
from trainables.store import ArrayStore, Entry, RowSource
from trainables.store.locks import acquire, release

DAY_S = 86_400


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def filled(folder: Path) -> Path:
    """Two whole entries, one of them not used for ten days, half a one, and a model."""
    words = {"model": "ViT-B-32 laion400m_e32", "data": "builtin"}
    store = ArrayStore(folder / ASSETS, words=words)
    prints = {"model": "open_clip:ViT-B-32/laion400m_e32", "data": "builtin:ab12cd34ef56"}
    for kind in ("attack", "faces"):
        store.get(kind, prints, lambda: Entry({"a": np.ones(1000)}))
    old = time.time() - 10 * DAY_S
    (attack,) = (entry for entry in list_cache(folder) if entry.kind == "attack")
    os.utime(attack.path, (old, old))

    def read(first: int, last: int) -> np.ndarray:
        if first:
            raise KeyboardInterrupt
        return np.zeros((last, 4), np.uint8)

    source = RowSource(shape=(400, 4), dtype=np.uint8, read=read, rows_per_chunk=100)
    with pytest.raises(KeyboardInterrupt):
        store.rows("train-images", prints, lambda: source, lambda *_: None)
    (folder / "builtin-0123456789abcdef").mkdir()
    (folder / "builtin-0123456789abcdef" / "model.safetensors").write_bytes(b"x" * 1_500_000)
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["cache", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def kinds(folder: Path) -> list[str]:
    return [entry.kind for entry in list_cache(folder)]


@pytest.mark.usefixtures("filled")
def test_a_table_for_people(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = call(capsys, "list")
    assert (code, err) == (0, "")
    head, attack, model, _, images, total = out.splitlines()
    assert head.split() == ["kind", "model", "of", "size", "made", "last", "used"]
    assert "attack        ViT-B-32 laion400m_e32  builtin (ab12cd34)" in attack
    assert "kB  just now  10 days ago" in attack
    assert "1.5 MB" in model
    assert "unfinished, 25%" in images
    assert total.startswith(f"4 in {folder}: 1.5")


@pytest.mark.usefixtures("filled")
def test_a_list_for_programs(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    _, out, _ = call(capsys, "list", "--json")
    told = json.loads(out)
    assert told["folder"] == str(folder)
    assert told["num_bytes"] == sum(entry["num_bytes"] for entry in told["entries"])
    by_kind = {entry["kind"]: entry for entry in told["entries"]}
    assert by_kind.keys() == {"attack", "builtin", "faces", "train-images"}
    assert by_kind["train-images"]["share"] == 0.25
    assert by_kind["train-images"]["unfinished"] is True
    assert by_kind["faces"]["identity"]["data"] == "builtin:ab12cd34ef56"


@pytest.fixture
def runs(folder: Path) -> Path:
    """Runs that were read of a store, and half a file of a reader that was killed."""
    address = "sqlite:////work/results/mlflow.db"
    snapshot = Snapshot(
        address=address, stamp=None, experiment="1", marks={}, sweeps={}, deleted=frozenset(),
        frame=pl.DataFrame({"run_id": ["a"]}),
    )  # fmt: skip
    path = snapshot_path(address)
    write_snapshot(path, snapshot)
    (folder / "runs" / f"{path.stem}x1{UNFINISHED}").write_bytes(path.read_bytes()[:10])
    return path


def test_runs_of_stores_are_listed_and_freed(
    capsys: pytest.CaptureFixture[str], filled: Path, runs: Path
) -> None:
    entries = json.loads(call(capsys, "list", "--json")[1])["entries"]
    assert [entry["kind"] for entry in entries] == sorted(entry["kind"] for entry in entries)
    whole, half = sorted(
        (entry for entry in entries if entry["kind"] == "runs"), key=lambda each: each["unfinished"]
    )
    assert whole["identity"] == {"store": "sqlite:////work/results/mlflow.db"}
    assert whole["num_bytes"] == runs.stat().st_size
    assert (half["identity"], half["unfinished"]) == ({}, True)
    assert "sqlite:////work/results/mlflow.db" in call(capsys, "list")[1]
    assert call(capsys, "clear", "runs", "--unfinished", "--yes")[0] == 0
    assert list(runs.parent.iterdir()) == [runs]
    assert call(capsys, "clear", "runs", "--yes")[0] == 0
    assert list(runs.parent.iterdir()) == []
    assert len(kinds(filled)) == 4


def test_nothing_is_kept(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert call(capsys, "list") == (0, f"nothing is kept in {folder}.\n", "")
    assert call(capsys, "clear", "--yes") == (0, f"there is nothing to free in {folder}.\n", "")
    assert json.loads(call(capsys, "list", "--json")[1])["entries"] == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ([], []),
        (["faces"], ["attack", "builtin", "train-images"]),
        (["faces", "builtin"], ["attack", "train-images"]),
        (["--older-than", "7"], ["builtin", "faces", "train-images"]),
        (["--older-than", "0"], []),
        (["--unfinished"], ["attack", "builtin", "faces"]),
        (["faces", "--unfinished"], ["attack", "builtin", "faces", "train-images"]),
    ],
)
def test_what_is_chosen_is_freed(
    capsys: pytest.CaptureFixture[str], filled: Path, arguments: list[str], left: list[str]
) -> None:
    code, out, _ = call(capsys, "clear", *arguments, "--yes")
    assert code == 0
    assert kinds(filled) == left
    if len(left) == 4:
        assert "there is nothing to free" in out
    else:
        assert out.splitlines()[-1].startswith("freed ")


def test_without_a_terminal_it_asks_for_yes(
    capsys: pytest.CaptureFixture[str], filled: Path
) -> None:
    code, out, err = call(capsys, "clear", "faces")
    assert code == 2
    assert out.startswith(f"1 faces in {filled}: 8.")
    assert err == "error: there is nobody to ask whether to free it: say so with --yes.\n"
    assert len(kinds(filled)) == 4


@pytest.mark.parametrize(("answer", "code", "num_left"), [(True, 0, 3), (False, 1, 4)])
def test_on_a_terminal_it_asks(
    capsys: pytest.CaptureFixture[str], filled: Path, monkeypatch: pytest.MonkeyPatch,
    answer: bool, code: int, num_left: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question: answer)
    assert call(capsys, "clear", "faces")[0] == code
    assert len(kinds(filled)) == num_left


@pytest.mark.usefixtures("filled")
def test_a_wrong_kind_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "clear", "fases", "--yes")
    assert (code, out) == (2, "")
    assert err == "error: nothing of the kind 'fases' is kept: did you mean 'faces'?\n"


def test_what_is_being_made_is_kept_and_said(
    capsys: pytest.CaptureFixture[str], filled: Path
) -> None:
    (images,) = (entry for entry in list_cache(filled) if entry.unfinished)
    lock = acquire(images.path)
    assert "being made" in call(capsys, "list")[1]
    code, out, _ = call(capsys, "clear", "--yes")
    assert code == 0
    assert f"kept {images.name}: another process is making it just now." in out
    assert kinds(filled) == ["train-images"]
    release(lock)
