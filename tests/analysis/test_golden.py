"""Small committed trials -> exact files. UPDATE_GOLDEN=1 writes them anew; then read the diff."""

import json
import os
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from analysis.experiment import Experiment
from analysis.numbers import MISSING
from analysis.paper_tables import paper_table
from analysis.render import FORMATS, render
from analysis.tables import build_table
from tests.analysis.latex import assert_compiles, needs_pdflatex
from trainables.config import TrialConfig
from trainables.presets import preset_fields

GOLDEN = Path(__file__).parent / "golden"
SUFFIX = {"text": "txt"}
CASES = {
    "quickstart": "Text encoder of the built-in CLIP, names unlearned",
    "holes": "What goes wrong: 50% & <b>_x_</b> | $y$ #1 ~ ^ \\ {z}",
    "image": "Image encoder of the built-in CLIP, faces unlearned",
    "both": "Both encoders of the built-in CLIP, people unlearned",
    "ablation": "Panels by whatever varies.",
    "selection": "One setting for each number of names.",
}
PAPER = ("table1", "table2", "table4", "table5")
"""Trials in the paper's settings with invented numbers near the published ones, side by side."""
SOMEWHERE = {"pretrained": "laion400m_e32", "data": "/data/faces/data.yaml", "world_seed": 0}


@pytest.fixture(scope="session")
def golden_table(load_case, make_frame):
    @cache
    def table(name):
        return _of_paper(make_frame, name) if name in PAPER else _of_case(load_case, name)

    return table


def _of_case(load_case, name):
    frame, expected = load_case("ablation" if name == "selection" else name)
    if name == "ablation":
        metrics = ["idia_tpr", "sim_clean", "loss", "trial_s", "idia_tpr_before"]
        return build_table(frame, None, name, CASES[name], metrics)
    if name == "selection":
        rule = "sim-clean-at-tpr-0"
        return build_table(
            frame, None, name, CASES[name], ["idia_tpr", "sim_clean"], selection=rule
        )
    return build_table(frame, expected, name, CASES[name])


def _of_paper(make_frame, name):
    trials = [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text().splitlines()]
    for trial in trials:
        fields = trial["config"]
        preset = preset_fields("ecai2024", fields["encoder"], fields["model"])
        trial["config"] = preset | SOMEWHERE | fields
    sweeps = {trial.get("sweep", name): [] for trial in trials}
    for trial in trials:
        sweeps[trial.get("sweep", name)].append(trial)
    experiments = {sweep: _experiment(make_frame, sweep, part) for sweep, part in sweeps.items()}
    return paper_table(name, experiments)


def _experiment(make_frame, sweep, trials):
    ran = [trial for trial in trials if trial.get("run", True)]
    tasks = sorted({metric for trial in ran for metric in trial["metrics"] if "/" in metric})
    columns = [
        pl.Series(task, [trial["metrics"].get(task) for trial in ran], pl.Float64) for task in tasks
    ]
    return Experiment(
        name=sweep,
        title=sweep,
        description=f"Trials of {sweep}, with invented numbers",
        expected=tuple(
            (trial["trial_key"], TrialConfig.model_validate(trial["config"])) for trial in trials
        ),
        frame=make_frame(ran).with_columns(columns),
        command=f"unremember run {sweep}",
    )


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", [*CASES, *PAPER])
def test_a_table_is_written_to_the_letter(golden_table, name, format_name):
    written = render(golden_table(name), format_name, compare=name in PAPER)
    path = GOLDEN / f"{name}.{SUFFIX.get(format_name, format_name)}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*CASES, *PAPER])
def test_text_fits_a_terminal_and_has_no_colour_codes(golden_table, name):
    written = render(golden_table(name), "text", compare=name in PAPER)
    assert max(map(len, written.splitlines())) <= 120
    assert "\x1b" not in written


WORDS = ("text", "md", "tex", "html", "json")
HOLES = {
    "a missing cell": {"text": MISSING, "md": f"| {MISSING} |", "tex": "--", "html": f">{MISSING}",
                       "csv": ",idia_tpr,,,0,3,", "json": '"mean": null'},
    "failed trials": dict.fromkeys(WORDS, "2 failed"),
    "fewer trials than there should be": {
        "text": "2 of 3", "md": "| 2 of 3 |", "tex": "& 2 of 3 &", "html": '"short">2 of 3',
        "csv": ",idia_tpr,0.0,0.0,2,3,", "json": '"num_expected": 3',
    },
    "a trial that ran twice": dict.fromkeys(WORDS, "1 trial finished more than once"),
    "a NaN": {"text": "NaN", "md": "| NaN |", "tex": "NaN", "html": ">NaN",
              "csv": ",sim_clean,NaN,", "json": '"mean": "NaN"'},
    "a single seed": dict.fromkeys(WORDS, "A single seed has no ±") | {
        "tex": r"A single seed has no $\pm$", "csv": ",idia_tpr,0.0,,1,3,"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("hole", "format_name", "sign"),
    [(hole, *shown) for hole, signs in HOLES.items() for shown in signs.items()],
)
def test_holes_show_in_every_format(golden_table, hole, format_name, sign):
    assert sign in render(golden_table("holes"), format_name)
    assert sign not in render(golden_table("image"), format_name)


@pytest.mark.parametrize("format_name", ["text", "md"])
def test_one_seed_in_ten_at_a_quarter(golden_table, format_name):
    squeezed = " ".join(render(golden_table("ablation"), format_name).split())
    assert "2.50% ± 7.91%" in squeezed


@needs_pdflatex
def test_all_tables_compile(tmp_path):
    names = (*CASES, *PAPER)
    assert_compiles(tmp_path, *(rf"\input{{{GOLDEN / name}.tex}}" for name in names))
