"""Tables and files of the paper from a store, as the command line writes them."""

import shutil
from pathlib import Path

import pytest

from sweeps.cli import main
from sweeps.command import sync_store
from sweeps.connect import tracking_uri
from sweeps.events import SweepEvent
from sweeps.experiments import expected_of
from sweeps.journal import Journal
from sweeps.manuscript import write_paper
from sweeps.overrides import override
from sweeps.spec import load_sweep
from sweeps.tables import table_text
from tests.sweeps.fakes import event
from trainables.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

REDUCED = ["num_names=1,8", "seeds=0-1"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with all trials of two small sweeps: of the paper's settings and of the built-in."""
    results = tmp_path_factory.mktemp("results")
    with Journal(results) as journal:
        for data in (str(results / "data.yaml"), "builtin"):
            sweep = override(load_sweep("paper/table5"), REDUCED, data)
            trials = expected_of(sweep)
            asked = SweepEvent(
                sweep=sweep.to_dict(), trial_keys=tuple(key for key, _ in trials), at=1.7e9
            )
            journal.append(asked)
            for key, config in trials:
                numbers = {
                    "idia_tpr": 0.0, "idia_fnr": 1.0, "sim_clean": 0.996 - config.beta / 10,
                    "zeroshot_top1": 0.52, "imagenet-v2/zeroshot_top1": 0.52,
                    "num_parameters": 37_828_608.0,
                }  # fmt: skip
                fields = config.model_dump(mode="json")
                journal.append(event(key, sweeps=(sweep.name,), config=fields, metrics=numbers))
    assert sync_store(results, tracking_uri(results))
    return results


@pytest.fixture
def results(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    copy = tmp_path / "results"
    shutil.copytree(filled, copy)
    monkeypatch.setenv("UNREMEMBER_RESULTS", str(copy))
    monkeypatch.setenv("UNREMEMBER_PROFILE", str(filled / "data.yaml"))
    return copy


def test_a_table_of_the_paper_stands_beside_the_paper(results: Path) -> None:
    alone = table_text("table5", "md", results, None)
    compared = table_text("table5", "md", results, None, compare=True)
    assert alone.startswith("### Table 5\n")
    assert "published" not in alone
    assert "| published |" in compared
    assert "| difference |" in compared
    assert "ECAI 2024, Tables 5a and 5b" in compared


def test_a_table_of_several_sweeps_needs_only_one_of_them(results: Path) -> None:
    text = table_text("table1", "text", results, None)
    assert "37,828,608" in text
    assert "ViT-L-14" in text


def test_on_the_built_in_world_nothing_is_compared(results: Path) -> None:
    text = table_text("table5-builtin", "text", results, None, compare=True)
    assert "never compared" in text
    assert "Table 5 on the built-in world" in text


def test_a_rule_selects_one_setting(results: Path) -> None:
    text = table_text("table5", "md", results, None, selection="sim-clean-at-tpr-0")
    assert text.count("| 8 |") == 1
    assert "rule sim-clean-at-tpr-0" in text
    held_out = table_text(
        "table5", "md", results, None, selection="sim-clean-at-tpr-0", selection_seeds=(0,)
    )
    assert "chosen on seeds 0 and reported on the others" in held_out


def test_all_of_the_paper_that_ran_is_written(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "paper"
    said = write_paper(out, results, None, None)
    names = {path.name for path in out.iterdir()}
    assert {"table5.tex", "table5-compared.tex", "table5.csv", "table1.md"} <= names
    assert {"figure8.pdf", "figure8.svg", "figure8.png", "figure8.csv"} <= names
    assert not any(name.startswith(("table7", "figure11")) for name in names)
    assert f"to {out}" in said
    assert "there is no figure5 of figure5: its finished trials have not two numbers" in said
    assert "not run: table2, table3, table4, table6" in said


def test_wrong_wishes_are_one_sentence(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, sentence in (
        (["table", "table5", "--select", "best"], "unknown selection rule 'best'"),
        (["table", "table5", "--selection-seeds", "0-1"], "selection seeds mean nothing"),
        (["table", "table5", "--select", "least-tpr", "--selection-seeds", "x"], "'x' is no seed"),
        (["table", "nothing"], "there is no sweep 'nothing'"),
        (["figure", "figure4"], "it is not drawn here"),
        (["figure", "figur7"], "did you mean 'figure7'"),
        (["paper", "--data", "other"], "--data other"),
        (["people", "table5"], "no finished trial of the sweep 'table5' tells who"),
    ):
        assert main(arguments) == 2
        assert sentence in capsys.readouterr().err
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file/table1\.md: File exists\."):
        write_paper(tmp_path / "file", results, None, None)


def test_nothing_of_the_paper_has_run(results: Path, tmp_path: Path) -> None:
    (results / "mlflow.db").unlink()
    with pytest.raises(UserError, match="there is no tracking store"):
        write_paper(tmp_path / "paper", results, None, "builtin")
