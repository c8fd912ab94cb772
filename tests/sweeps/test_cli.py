import json
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps import cli
from sweeps.events import SweepEvent
from sweeps.journal import Journal
from sweeps.overrides import override
from sweeps.spec import load_sweep
from sweeps.trials import keyed
from tests.sweeps.fakes import event
from trainables.fingerprints import fingerprints

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("UNREMEMBER_RESULTS", raising=False)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def write_results(results: Path) -> None:
    """A quickstart of one seed: five trials finished, one failed."""
    sweep = override(load_sweep("quickstart"), ["seeds=0"])
    trials = keyed([sweep], fingerprints)
    with Journal(results) as journal:
        keys = tuple(trial.key for trial in trials)
        journal.append(SweepEvent(sweep=sweep.to_dict(), trial_keys=keys, at=1_700_000_000.0))
        for number, trial in enumerate(trials):
            kind = "failed" if number == 5 else "finished"
            config = trial.config.model_dump(mode="json")
            journal.append(event(trial.key, kind=kind, config=config))


def test_plan_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "plan", "quickstart", "--set", "seeds=0-9")
    assert code == 0
    assert "quickstart      60         0       0      60  unknown" in out
    code, out, _ = call(capsys, "plan", "quickstart", "--json")
    told = json.loads(out)
    assert (told["trials"], told["finished"], told["to_run"]) == (12, 0, 12)
    assert not Path("results").exists()


def test_plan_counts_what_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    write_results(Path("results"))
    _, out, _ = call(capsys, "plan", "quickstart", "--json")
    told = json.loads(out)
    assert (told["finished"], told["failed"], told["to_run"]) == (5, 1, 6)
    assert told["estimated_s"] > 0


def test_status_failures_sync_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    write_results(Path("results"))
    code, out, _ = call(capsys, "status")
    assert code == 0
    assert out.startswith("quickstart: 6 trials, 5 finished, 1 failed, 0 left, last at 2023-")
    _, out, _ = call(capsys, "status", "--trials")
    assert out.count("  quickstart: builtin text n=") == 5
    _, out, _ = call(capsys, "failures")
    assert "quickstart: builtin text n=64 beta=0.01 seed=0" in out
    assert "the loss became nan at step 3" in out
    assert "results/logs/" in out
    assert call(capsys, "sync")[0] == 0
    code, out, _ = call(capsys, "table", "quickstart", "--format", "csv")
    assert code == 0
    assert "num_names" in out or "Names" in out
    code, out, _ = call(capsys, "table", "quickstart", "--format", "md", "--out", "table.md")
    assert (code, out) == (0, "")
    assert "|" in Path("table.md").read_text()


def test_nothing_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "status") == (0, "nothing has run yet.\n", "")
    assert call(capsys, "failures") == (0, "no trial has failed.\n", "")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "quikstart"], "error: no sweep 'quikstart', neither as a file nor"),
        (["run", "none.yaml"], "error: no sweep 'none.yaml'"),
        (["plan", "typo.yaml"], "error: typo.yaml: unknown axis 'sedes': did you mean 'seeds'?"),
        (["run", "quickstart", "quickstart"], "are both named 'quickstart': rename one of them"),
        (["run", "quickstart", "--set", "beta=x"], "beta 'x' is wrong"),
        (["run", "quickstart", "--max-concurrent", "0"], "--max-concurrent must be at least 1"),
        (["run", "quickstart", "--results", "file/results"], "error: cannot write to file/results"),
        (["run", "quickstart", "--tracking-uri", "nonsense://x"], "error: cannot track to nons"),
        (["plan", "binary.yaml"], "error: binary.yaml is not text in UTF-8"),
        (["status", "--results", "damaged"], "line 1 is damaged"),
        (["run", "quickstart", "--results", "damaged"], "line 1 is damaged"),
        (["retry"], "error: no trial has failed in results"),
        (["sync"], "error: there is no journal in results"),
        (["table", "quickstart"], "error: there is no tracking store at sqlite:///"),
        (["table", "quickstart", "--format", "docx"], "unknown table format 'docx'"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    Path("file").touch()
    Path("typo.yaml").write_text("name: typo\naxes: {sedes: [0]}")
    Path("binary.yaml").write_bytes(b"\xff\xfe")
    Path("damaged").mkdir()
    Path("damaged/journal.jsonl").write_text("{}\n{}\n")
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "plan", "quickstart", "--sett", "x")
    assert code == 2
    assert "--sett" in err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(results: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sweeps.standing.read_record", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["status"])


def test_ctrl_c_outside_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(results: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sweeps.standing.read_record", pressed)
    assert cli.main(["status"]) == 130


def test_the_world_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "world", "--sheet", "world.png")
    assert (code, out) == (0, "wrote world.png\n")
    assert Path("world.png").read_bytes().startswith(b"\x89PNG")


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from sweeps import cli; cli.main(['--help']);"
        "print({'torch', 'ray', 'mlflow', 'polars', 'numpy', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"
