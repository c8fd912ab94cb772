"""Drivers that are interrupted, killed and started again, as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.runs import duplicates, load_runs
from sweeps.connect import tracking_uri
from sweeps.events import TrialEvent
from sweeps.journal import read_events
from sweeps.standing import read_record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]
ROOT = Path(__file__).parents[2]
SETTINGS = "num_names=1 seeds=0-2"  # six trials


def start(folder: Path, kind: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.sweeps.driver", str(folder), kind, SETTINGS, *options]
    environment = {name: v for name, v in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_until(folder: Path, num_started: int) -> None:
    path = folder / "started"
    while not path.exists() or len(path.read_text().splitlines()) < num_started:
        time.sleep(0.1)


def test_a_run_then_again_then_a_retry(tmp_path: Path) -> None:
    first = start(tmp_path, "Failing")
    out, err = first.communicate()
    assert first.returncode == 1  # the trials of seed 1 fail
    assert "6 trials: 0 finished, 6 to run" in err
    assert "2 trials failed: unremember failures" in err
    assert "failed: builtin text n=1 beta=0 seed=1: the loss became nan at step 3" in err
    assert "\x1b" not in err
    assert "quickstart" in out
    again = start(tmp_path, "Failing")
    _, err = again.communicate()
    assert again.returncode == 1
    assert "6 trials: 4 finished, 0 to run, 2 failed before and skipped" in err
    assert "starting Ray" not in err
    (tmp_path / "well").touch()
    last = start(tmp_path, "Failing", "0", "retry")
    _, err = last.communicate()
    assert last.returncode == 0, err
    assert "6 trials: 4 finished, 2 to run again" in err
    frame = load_runs(tracking_uri(tmp_path / "results"), "quickstart")
    assert frame["status"].to_list() == ["FINISHED"] * 6


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_finished(tmp_path: Path, signum: signal.Signals) -> None:
    driver = start(tmp_path, "Sleeping", "1.5")
    wait_until(tmp_path, 3)
    driver.send_signal(signum)
    _, err = driver.communicate()
    assert driver.returncode == 128 + signum
    assert "go on with: driver.py" in err
    assert "Traceback" not in err
    finished = read_record(tmp_path / "results").keys("finished")
    assert 1 <= len(finished) < 6
    assert not list((tmp_path / "results" / "ray").iterdir())


def test_a_driver_is_alone_and_when_killed_goes_on_and_doubles_nothing(tmp_path: Path) -> None:
    driver = start(tmp_path, "Sleeping", "4")
    wait_until(tmp_path, 3)
    second = start(tmp_path, "Noop")
    _, err = second.communicate()
    assert second.returncode == 2
    assert err.startswith("error: another run is writing to ")
    driver.kill()
    driver.communicate()
    before = read_record(tmp_path / "results").keys("finished")
    assert 1 <= len(before) < 6
    again = start(tmp_path, "Noop")
    _, err = again.communicate()
    assert again.returncode == 0, err
    assert f"6 trials: {len(before)} finished, {6 - len(before)} to run" in err
    events = [e for e in read_events(tmp_path / "results") if isinstance(e, TrialEvent)]
    assert len(events) == len({event.trial_key for event in events}) == 6
    frame = load_runs(tracking_uri(tmp_path / "results"), "quickstart")
    assert frame["status"].to_list() == ["FINISHED"] * 6
    assert duplicates(frame) == {}


def test_a_server_that_is_down_does_not_stop_the_run(tmp_path: Path) -> None:
    driver = start(tmp_path, "Noop", "0", "http://127.0.0.1:9")
    _, err = driver.communicate()
    assert driver.returncode == 0, err
    assert err.count("does not answer") == 1
    assert "not everything is in the tracking store" in err
    assert len(read_record(tmp_path / "results").keys("finished")) == 6
