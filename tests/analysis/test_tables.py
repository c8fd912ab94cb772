import math

import pytest

from analysis.layout import Cell
from analysis.tables import PAPER_METRICS, build_table
from trainables.errors import UserError

ALONE = "Not compared: runs on the built-in world are never compared with the papers."


def _cells(table, panel, row):
    names = (column.name for column in table.columns)
    return dict(zip(names, table.panels[panel].rows[row].cells, strict=True))


def _trials(configs, **metrics):
    return [
        {"trial_key": f"{number:016x}", "config": config, "metrics": metrics or {"idia_tpr": 0.0}}
        for number, config in enumerate(configs)
    ]


def test_the_paper_s_layout(load_case):
    frame, expected = load_case("quickstart")
    table = build_table(frame, expected, "quickstart", "")
    assert [column.name for column in table.columns] == list(PAPER_METRICS)
    assert [panel.keys for panel in table.panels] == [{"beta": 0.0}, {"beta": 0.01}]
    headers = [[row.header for row in panel.rows] for panel in table.panels]
    assert headers == [["original model", "1", "8", "64"]] * 2
    assert {row.n for panel in table.panels for row in panel.rows[1:]} == {2}
    assert table.notes[1:] == (ALONE,)
    assert "fewer than 6 seeds in common" in table.notes[0]


def test_without_expectations_the_frame_s_own_trials_are_the_table(load_case):
    frame, expected = load_case("quickstart")
    assert build_table(frame, None, "q", "d") == build_table(frame, expected, "q", "d")


def test_ten_seeds_as_in_the_paper(make_frame):
    configs = [{"num_names": 4, "seed": seed} for seed in range(10)]
    trials = _trials(configs)
    trials[3]["metrics"] = {"idia_tpr": 0.25}
    (cell,) = build_table(make_frame(trials), None, "t", "", ["idia_tpr"]).panels[0].rows[0].cells
    assert (cell.mean, cell.n, cell.unit) == (pytest.approx(0.025), 10, "share")
    assert cell.std == pytest.approx(0.0790569, abs=1e-7)
    assert cell.interval.method == "wilson"
    assert (cell.interval.low, cell.interval.high) == pytest.approx((0.0044, 0.1288), abs=1e-4)


def test_an_expected_trial_that_is_not_there_shows(make_frame, make_config):
    expected = [(f"{n:016x}", make_config(num_names=n)) for n in (0, 1, 2) if n]
    frame = make_frame([{"trial_key": f"{1:016x}", "metrics": {"idia_tpr": 0.5}}])
    table = build_table(frame, expected, "t", "", ["idia_tpr"])
    found, missing = table.panels[0].rows
    assert (found.seeds, missing.seeds) == ("1", "0 of 1")
    assert missing.cells == (Cell(mean=None, std=None, n=0, unit="share"),)
    assert table.notes == ("Of 2 trials, 1 finished, 1 not run.", ALONE)


def test_no_run_at_all_is_a_table_of_what_is_missing(make_frame, make_config):
    table = build_table(make_frame([]), [("a", make_config())], "t", "")
    assert all(cell.mean is None for cell in table.panels[0].rows[0].cells)


def test_neither_run_nor_expectation_is_an_error(make_frame):
    with pytest.raises(UserError, match="'t' has no trials"):
        build_table(make_frame([]), None, "t", "")


def test_a_failed_run_without_expectations_is_missing_too(make_frame):
    trials = _trials([{"num_names": 1}, {"num_names": 2}])
    trials[1] |= {"status": "FAILED", "metrics": {}}
    table = build_table(make_frame(trials), None, "t", "", ["idia_tpr"])
    assert [row.seeds for row in table.panels[0].rows] == ["1", "0 of 1"]
    assert table.notes == ("Of 2 trials, 1 finished, 1 failed.", ALONE)


def test_a_trial_that_failed_and_then_finished_is_finished(make_frame):
    run = {"trial_key": "a", "metrics": {"idia_tpr": 0.0}}
    table = build_table(make_frame([run, run | {"status": "FAILED"}]), None, "t", "")
    assert table.notes == (ALONE,)


def test_panels_are_set_apart_by_what_varies(make_frame):
    configs = [
        {"alpha": alpha, "beta": beta, "lr_milestones": steps, "seed": seed}
        for alpha in (0.3, 0.6)
        for beta in (0.01, 0.0, 0.1)
        for steps in ((2, 3), (2,))
        for seed in (0, 1)
    ]
    table = build_table(make_frame(_trials(configs)), None, "t", "")
    assert len(table.panels) == 12
    title = table.panels[0].title
    assert title == "alpha 0.3, lr milestones 2, without weight regularization (β = 0)"
    assert table.panels[0].keys == {"alpha": 0.3, "lr_milestones": "2", "beta": 0.0}
    assert [panel.keys["beta"] for panel in table.panels[:3]] == [0.0, 0.01, 0.1]


def test_where_files_lie_here_decides_nothing(make_frame, make_config):
    trials = _trials([{"seed": seed, "data": f"/there/{seed}.yaml"} for seed in (0, 1)])
    expected = [(t["trial_key"], make_config(seed=t["config"]["seed"])) for t in trials]
    assert len(build_table(make_frame(trials), expected, "t", "").panels) == 1


def test_arrows_show_what_is_shown_to_change(make_frame):
    def trial(beta, value, seed=0):
        config = {"beta": beta, "seed": seed}
        return {"trial_key": f"{beta}{seed}", "config": config, "metrics": value}

    plain = trial(0.0, {"idia_tpr": 0.5, "sim_clean": 0.901, "all_tpr": 0.1, "loss": 1.0})
    tuned = trial(0.1, {"idia_tpr": 0.2, "sim_clean": 0.899, "all_tpr": 0.2, "loss": 2.0})
    metrics = ["idia_tpr", "sim_clean", "all_tpr", "loss"]
    table = build_table(make_frame([plain, tuned]), None, "t", "", metrics)
    found = {name: (cell.change, cell.better) for name, cell in _cells(table, 1, 0).items()}
    assert found == {
        "idia_tpr": ("down", True),
        "sim_clean": (None, None),
        "all_tpr": ("up", None),
        "loss": (None, None),
    }
    assert not any(cell.change for cell in table.panels[0].rows[0].cells)
    more = trial(0.1, {"idia_tpr": 0.2}, seed=1)
    uneven = build_table(make_frame([plain, tuned, more]), None, "t", "", ["idia_tpr"])
    assert _cells(uneven, 1, 0)["idia_tpr"].change is None


def test_nan_is_said(load_case):
    frame, expected = load_case("holes")
    table = build_table(frame, expected, "holes", "")
    cell = _cells(table, 1, 1)["sim_clean"]
    assert math.isnan(cell.mean)
    assert (cell.n, cell.num_nan) == (3, 1)
    assert any("Sim Clean (1 of 3) at n = 1," in note for note in table.notes)


def test_the_original_model_counts_what_the_attack_misses(make_frame):
    trials = _trials([{"people": "all"}], idia_tpr_before=0.75, idia_fnr=1.0)
    table = build_table(make_frame(trials), None, "t", "", ["idia_fnr", "sim_clean"])
    original = table.panels[0].rows[0]
    assert (original.state, original.cells[0].mean, original.cells[1]) == ("original", 0.25, None)


def test_other_weights_under_the_same_settings_are_said(make_frame):
    table = build_table(make_frame(_trials([{}, {}])), None, "t", "")
    assert "share their settings" in table.notes[0]


def test_an_unknown_metric_is_named(make_frame):
    with pytest.raises(UserError, match="'idia_trp': did you mean 'idia_tpr'"):
        build_table(make_frame(_trials([{}])), None, "t", "", ["idia_trp"])
    with pytest.raises(UserError, match="at least one metric"):
        build_table(make_frame(_trials([{}])), None, "t", "", [])
