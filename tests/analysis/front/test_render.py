import csv
import io
import json
import math
from pathlib import Path

import pytest

from analysis.front.render import front_csv, front_json, front_markdown, front_text
from analysis.front.searched import Bound
from analysis.front.view import seeds_text, view_of
from tests.analysis.front.fixtures import CLEAN, EIGHT, OTHERS, TIME, TPR_0, candidate, searched


@pytest.fixture(scope="module")
def view():
    return view_of(searched(EIGHT))


def test_the_text_is_this(view):
    assert front_text(view) == (Path(__file__).parent / "front.txt").read_text()


def test_markdown(view):
    lines = front_markdown(view).splitlines()
    assert lines[2].startswith("| Candidate | Seeds | Others' TPR ↑ | Sim Clean ↑ | IDIA TPR |")
    assert lines[5] == (
        "| ◆ 2 | 3 | 96.00% ± 1.00% | 0.9800 ± 0.0100 | 0.00% ± 1.00% | 4 | step | 0.3 |"
    )


def test_csv_has_a_line_for_each_of_the_front(view):
    rows = list(csv.DictReader(io.StringIO(front_csv(view))))
    assert [row["candidate"] for row in rows] == ["6", "2", "0"]
    assert rows[1] == {
        "candidate": "2", "state": "complete", "feasible": "true", "on_front": "true",
        "chosen": "true", "n": "3", "alpha": "4.0", "lr_schedule": "step", "lr_factor": "0.3",
        "others_tpr": "0.96", "others_tpr_std": "0.01", "sim_clean": "0.98",
        "sim_clean_std": "0.01", "idia_tpr": "0.0", "idia_tpr_std": "0.01",
    }  # fmt: skip


def test_json_has_all_that_was_tried(view):
    found = json.loads(front_json(view))
    assert [each["number"] for each in found["candidates"]] == list(range(8))
    assert (found["front"], found["chosen"]["candidate"]) == ([6, 2, 0], 2)
    assert found["chosen"]["rule"] == "knee"
    assert found["hypervolume"] == found["curve"][-1]
    # The one that is running has no place in the curve.
    assert len(found["curve"]) == 7


def test_what_is_no_number_is_a_string_in_json_and_said_in_a_note():
    view = view_of(searched([*EIGHT[:3], candidate(3, math.nan, 0.5)]))
    assert json.loads(front_json(view))["candidates"][3]["mean"]["others_tpr"] == "NaN"
    assert "Not on the front for want of a number: 3." in front_text(view)


def test_a_single_seed_has_no_deviation():
    alone = [candidate(0, 0.9, 0.9, std={}, n=1)]
    text = front_text(view_of(searched(alone, seeds=(0,))))
    assert "90.00%       0.9000" in text
    assert "90.00% ±" not in text


@pytest.mark.parametrize("candidates", [(), (EIGHT[4],), (EIGHT[5], EIGHT[7])])
def test_without_a_front_words_and_data_remain(candidates):
    view = view_of(searched(candidates))
    assert (view.front, view.choice, view.volume) == ((), None, 0.0)
    assert "0 are feasible, and 0 of them are on the front" in front_text(view)
    assert "◆" not in front_markdown(view)
    assert json.loads(front_json(view))["chosen"] is None
    assert front_csv(view).strip() == ""


def test_a_wide_table_goes_on_below_itself():
    names = ("zeroshot_top1", "sim_target", "sim_backdoor", "newly_recalled")
    bounds = (TPR_0, *(Bound(metric=name, low=0.0) for name in names))
    view = view_of(searched(EIGHT, goals=(OTHERS, CLEAN, TIME), bounds=bounds))
    lines = front_text(view).splitlines()
    assert max(map(len, lines)) <= 120
    heads = [line for line in lines if line.lstrip().startswith("Candidate")]
    assert len(heads) == 3
    assert heads[1].split() == ["Candidate", "Newly", "recalled"]


def test_seeds_that_were_used_are_named():
    used = view_of(searched(EIGHT, confirmation_seeds=(2, 3, 4)))
    assert "Of the seeds for confirmation (2-4) the search used 2." in used.caption
    assert "confirmation" not in view_of(searched(EIGHT, confirmation_seeds=())).caption


def test_seeds_are_ranges():
    assert seeds_text((0, 1, 2, 7, 9, 10)) == "0-2, 7, 9-10"
    assert seeds_text((4,)) == "4"
