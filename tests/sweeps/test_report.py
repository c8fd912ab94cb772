from pathlib import Path

import pytest

from sweeps.cli import main
from sweeps.command import sync_store
from sweeps.connect import tracking_uri
from sweeps.events import SweepEvent
from sweeps.experiments import expected_of
from sweeps.journal import Journal
from sweeps.logs import log_path, write_log
from sweeps.report import write_report
from sweeps.spec import Sweep, load_sweep
from tests.sweeps.fakes import event
from trainables.errors import UserError
from trainables.outcome import PersonOutcome

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


@pytest.fixture(scope="module")
def quickstart() -> Sweep:
    return load_sweep("quickstart")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, quickstart: Sweep) -> Path:
    """Results in which two trials of the quickstart have finished and one has failed."""
    results = tmp_path_factory.mktemp("results")
    trials = expected_of(quickstart)
    configs = {key: config.model_dump(mode="json") for key, config in trials}
    first, second, third, *_ = configs
    people = (PersonOutcome(person="p-0123456789ab", before=3, after=1),)
    with Journal(results) as journal:
        asked = SweepEvent(sweep=quickstart.to_dict(), trial_keys=tuple(configs), at=1.7e9)
        journal.append(asked)
        for key in (first, second):
            journal.append(event(key, config=configs[key], people=people))
        failed = event(third, kind="failed", config=configs[third])
        journal.append(failed)
        write_log(results, failed)
    assert sync_store(results, tracking_uri(results))
    return results


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("UNREMEMBER_RESULTS", raising=False)
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))


def test_all_that_was_run_is_reported(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = write_report([], ran, None)
    folder = ran / "report"
    assert said == f"wrote 1 page: open {folder / 'index.html'}"
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "quickstart.html"]
    assert 'href="quickstart.html"' in (folder / "index.html").read_text()
    page = (folder / "quickstart.html").read_text()
    failed = next((ran / "logs").iterdir()).stem
    assert str(log_path(ran, failed)) in page
    assert "the loss became nan at step 3" in page
    assert "writing pages: 100%" in capsys.readouterr().err


def test_each_part_has_the_command_that_makes_it(ran: Path, tmp_path: Path) -> None:
    write_report([], ran, None, tmp_path)
    page = (tmp_path / "quickstart.html").read_text()
    where = f"--results {ran}"
    for command in (
        f"unremember run quickstart {where}",
        f"unremember retry {where}",
        f"unremember table quickstart --format tex --out quickstart.tex {where}",
        f"unremember figure effectiveness quickstart --out quickstart-effectiveness.pdf {where}",
        f"unremember people quickstart --format csv --out quickstart-people.csv {where}",
    ):
        assert f"<pre>{command}</pre>" in page


def test_a_sweep_that_never_ran_is_all_missing(ran: Path, tmp_path: Path) -> None:
    faces = load_sweep("faces")
    write_report([faces], ran, None, tmp_path)
    page = (tmp_path / "faces.html").read_text()
    assert f"<small>of {len(faces.trials())} finished</small>" in page
    assert "unremember retry" not in page


def test_names_take_the_place_of_pseudonyms_on_request(
    ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sweeps.report.clear_names", lambda found: {"p-0123456789ab": "Ida Example"}
    )
    for names in (False, True):
        write_report([], ran, None, tmp_path, names=names)
        page = (tmp_path / "quickstart.html").read_text()
        assert ("Ida Example" in page) == names


def test_pages_that_are_there_are_replaced_or_left(ran: Path, tmp_path: Path) -> None:
    (tmp_path / "quickstart.html").write_text("old")
    (tmp_path / "index.html").mkdir()
    with pytest.raises(UserError, match=rf"^cannot write {tmp_path}/index\.html: .*\.$"):
        write_report([], ran, None, tmp_path)
    assert (tmp_path / "quickstart.html").read_text().startswith("<!DOCTYPE html>")
    found = sorted(path.name for path in tmp_path.iterdir() if path.name != "cache")
    assert found == ["index.html", "quickstart.html"]


def test_what_cannot_be_reported_is_said_in_a_sentence(
    ran: Path, quickstart: Sweep, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=rf"^nothing has been run in {tmp_path}: name the sweeps"):
        write_report([], tmp_path, None)
    with pytest.raises(UserError, match=r"^there is no tracking store at sqlite:"):
        write_report([quickstart], tmp_path, None)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=rf"^cannot write {tmp_path}/file/quickstart\.html: "):
        write_report([], ran, None, tmp_path / "file")


def test_the_command(ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pages"
    given = ["--set", "seeds=0", "--results", str(ran), "--out", str(out)]
    assert main(["report", "quickstart", *given]) == 0
    assert capsys.readouterr().out == f"wrote 1 page: open {out / 'index.html'}\n"
    assert main(["report", "quickstrat", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no sweep 'quickstrat'")
    assert said.count("\n") == 1
