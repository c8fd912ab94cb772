"""One driver at a time for a search, whatever becomes of the driver and of the database."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from rich.console import Console

from sweeps.cluster import Resources
from sweeps.events import SweepEvent
from sweeps.journal import Journal
from sweeps.searching import driver, lease
from sweeps.searching.driver import DRIVER_ATTR
from sweeps.searching.lease import Lease
from sweeps.searching.run import run_search
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import open_study
from sweeps.session import run_sweeps
from sweeps.spec import load_sweep
from tests.sweeps.searching import trainables
from trainables.errors import UserError

ROOT = Path(__file__).parents[3]
NOW = 1_800_000_000.0
KILLED = """
import os, sys
from pathlib import Path
import optuna
from sweeps.searching.lease import Lease

Lease(Path(sys.argv[1]), print, print).take(optuna.load_study(storage=sys.argv[2], study_name=None))
os.kill(os.getpid(), 9)
"""


def never(message: str) -> None:
    raise AssertionError(message)


def lease_in(results: Path) -> Lease:
    results.mkdir(exist_ok=True)
    return Lease(results, never, never)


def take(results: Path, url: str, **changes: Any) -> None:
    """Drive a search for a moment."""
    with lease_in(results) as mine:
        open_study(trainables.search(**changes), url, (), mine.take)


def driver_in(url: str) -> Any:
    return load_study("formula", url)[1].user_attrs[DRIVER_ATTR]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return storage_url(tmp_path / "shared")


def test_a_second_driver_is_refused_until_the_first_has_left(tmp_path: Path, url: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with lease_in(here) as mine:
        study = open_study(trainables.search(), url, (), mine.take)
        before = study.user_attrs
        sentence = (
            rf"^the search 'formula' is being run by another driver \(process {os.getpid()} on "
            rf"{re.escape(socket.gethostname())}, since \d+-\d\d-\d\d \d\d:\d\d UTC\): wait for "
            r"its end or stop it, then give this command again\.$"
        )
        with pytest.raises(UserError, match=sentence):
            take(there, url, num_candidates=50)
        assert study.user_attrs == before
    assert driver_in(url) is None
    assert [*here.iterdir(), *there.iterdir()] == []
    take(there, url, num_candidates=50)


def test_a_study_is_left_as_it_was_found_if_it_is_another_search(tmp_path: Path, url: str) -> None:
    study = open_study(trainables.search(), url)
    with pytest.raises(UserError, match="with another seeds"):
        take(tmp_path / "here", url, seeds=[0])
    assert DRIVER_ATTR not in study.user_attrs


def test_a_driver_that_was_killed_is_gone_at_once(tmp_path: Path, url: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    open_study(trainables.search(), url)
    command = [sys.executable, "-c", KILLED, str(here), url]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert driver_in(url)["lock"].startswith(str(here))
    take(tmp_path / "there", url)
    assert driver_in(url) is None
    assert not list(here.iterdir())


@pytest.mark.parametrize("host", ["elsewhere", socket.gethostname()])
def test_a_driver_out_of_sight_is_gone_when_it_was_silent_for_long(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    study = open_study(trainables.search(), url)
    kept = {"host": host, "pid": 7, "lock": "/nowhere/search-0", "since": NOW, "seen": NOW}
    study.set_user_attr(DRIVER_ATTR, kept)
    monkeypatch.setattr(driver, "time", SimpleNamespace(time=lambda: NOW + 29.5))
    sentence = (
        rf"\(process 7 on {re.escape(host)}, since 2027-01-15 08:00 UTC\): .* if it is gone "
        r"already, that works in 61 s\.$"
    )
    with pytest.raises(UserError, match=sentence):
        take(tmp_path / "here", url)
    monkeypatch.setattr(driver, "time", SimpleNamespace(time=lambda: NOW + 90))
    take(tmp_path / "here", url)


def until(is_so: threading.Event) -> None:
    assert is_so.wait(60)


def test_signs_of_life_go_on_when_the_database_was_away(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_RENEW_S", 0.001)
    warnings: list[str] = []
    attempts: list[str] = []
    failed, written = threading.Event(), threading.Event()
    write = optuna.Study.set_user_attr

    def down(study: optuna.Study, key: str, value: Any) -> None:
        attempts.append(key)
        if len(attempts) == 3:
            failed.set()
        raise OSError("cannot reach postgresql://me:secret@host/db\nat all")

    def up(study: optuna.Study, key: str, value: Any) -> None:
        write(study, key, value)
        written.set()

    with Lease(tmp_path, warnings.append, never) as mine:
        study = open_study(trainables.search(), url, (), mine.take)
        monkeypatch.setattr(optuna.Study, "set_user_attr", down)
        until(failed)
        monkeypatch.setattr(optuna.Study, "set_user_attr", up)
        until(written)
        kept = study.user_attrs[DRIVER_ATTR]
        assert kept["seen"] > kept["since"]
    message = "the database of studies does not answer: cannot reach postgresql://host/db"
    assert warnings == [message]
    assert driver_in(url) is None


def test_a_driver_whose_search_was_taken_up_is_told_to_stop(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_RENEW_S", 0.001)
    reasons: list[str] = []
    told = threading.Event()

    def stop(reason: str) -> None:
        reasons.append(reason)
        told.set()

    other = {"host": "elsewhere", "pid": 7, "lock": "/nowhere", "since": NOW, "seen": NOW}
    with Lease(tmp_path, never, stop) as mine:
        open_study(trainables.search(), url, (), mine.take)
        # Instead of its next sign of life: written beside it, it could come before and be lost.
        monkeypatch.setattr(
            lease, "write_driver", lambda study, _: study.set_user_attr(DRIVER_ATTR, other)
        )
        until(told)
    assert reasons == [
        "the search has another driver now (process 7 on elsewhere, since 2027-01-15 08:00 UTC): "
        "this one stops."
    ]
    assert driver_in(url) == other


def search(results: Path, url: str) -> None:
    console = Console(file=io.StringIO())
    store = f"sqlite:///{results / 'mlflow.db'}"
    run_search(trainables.search(), results, store, url, console, Resources(), science=never_run)


def never_run() -> Any:
    raise AssertionError("nothing is to run")


def test_a_search_with_two_results_folders_has_one_driver(tmp_path: Path, url: str) -> None:
    with lease_in(tmp_path / "here") as mine:
        open_study(trainables.search(), url, (), mine.take)
        with pytest.raises(UserError, match="'formula' is being run by another driver"):
            search(tmp_path / "there", url)
    assert not (tmp_path / "there" / "mlflow.db").exists()


def test_a_sweep_and_a_search_do_not_share_a_name(tmp_path: Path, url: str) -> None:
    sweep = load_sweep("quickstart")
    with Journal(tmp_path / "swept") as journal:
        content = sweep.to_dict() | {"name": "formula"}
        journal.append(SweepEvent(sweep=content, trial_keys=(), at=NOW))
    with pytest.raises(UserError, match=r"^here: 'formula' is a sweep in .*/swept: give the sea"):
        search(tmp_path / "swept", url)
    with Journal(tmp_path / "searched") as journal:
        content = trainables.search().to_dict() | {"name": "quickstart"}
        journal.append(SweepEvent(sweep=content, trial_keys=(), at=NOW))
    console = Console(file=io.StringIO())
    with pytest.raises(UserError, match=r": 'quickstart' is a search in .*/searched: give the sw"):
        run_sweeps([sweep], tmp_path / "searched", "sqlite:///no", console, science=never_run)
    assert not (tmp_path / "shared").exists()
