"""The paired test behind the arrows: what it pairs, and what it cannot test."""

import math

import pytest

from analysis.tables import build_table


def _trial(seed, beta, value, key="", **config):
    config = {"seed": seed, "beta": beta} | config
    name = f"{'-'.join(map(str, config.values()))}{key}"
    return {"trial_key": name, "config": config, "metrics": {"idia_tpr": value}}


def _both(plain, tuned, **config):
    return [
        _trial(seed, beta, value, **config)
        for beta, values in ((0.0, plain), (0.01, tuned))
        for seed, value in enumerate(values)
        if value is not None
    ]


def _tuned(frame, metric="idia_tpr", panel=1):
    table = build_table(frame, None, "t", "", [metric])
    (cell,) = table.panels[panel].rows[-1].cells
    return cell, table


def test_ten_seeds_that_all_fall_are_found(make_frame):
    cell, table = _tuned(make_frame(_both([0.5] * 10, [0.4 - i / 100 for i in range(10)])))
    assert cell.p_value == 2 / 2**10
    assert (cell.change, cell.better, cell.is_significant) == ("down", True, True)
    assert "in brackets where a paired sign-flip test" in table.caption
    assert not any("seeds in common" in note for note in table.notes)


def test_two_seeds_never_find_a_change_and_the_table_says_so(make_frame):
    cell, table = _tuned(make_frame(_both([0.5, 0.5], [0.1, 0.1])))
    assert (cell.p_value, cell.change, cell.is_significant) == (0.5, "down", False)
    assert any("fewer than 6 seeds in common" in note for note in table.notes)


def test_a_single_seed_has_an_arrow_that_nothing_confirms(make_frame):
    cell, _ = _tuned(make_frame(_both([0.5], [0.1])))
    assert (cell.p_value, cell.change, cell.is_significant) == (None, "down", False)


def test_only_seeds_in_common_are_paired(make_frame):
    cell, _ = _tuned(make_frame(_both([0.5, 0.5, None, 0.5], [None, 0.4, 0.4, 0.4])))
    assert cell.p_value == 0.5
    apart, _ = _tuned(make_frame(_both([0.5, 0.5, None, None], [None, None, 0.4, 0.4])))
    assert (apart.p_value, apart.change, apart.is_significant) == (None, "down", False)


def test_equal_values_have_a_p_value_of_one_and_no_arrow(make_frame):
    cell, _ = _tuned(make_frame(_both([0.5] * 6, [0.5] * 6)))
    assert (cell.p_value, cell.change, cell.is_significant) == (1.0, None, False)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_pair_that_is_not_a_number_leaves_its_cell_without_a_test(make_frame, broken):
    trials = _both([0.5] * 6, [0.1] * 5 + [broken])
    trials += _both([0.5] * 6, [0.1] * 6, num_names=2)
    table = build_table(make_frame(trials), None, "t", "", ["idia_tpr"])
    first, second = (row.cells[0] for row in table.panels[1].rows)
    assert (first.p_value, first.is_significant or False) == (None, False)
    assert (second.p_value, second.is_significant) == (2 / 2**6, True)


def test_trials_of_one_seed_on_other_data_count_once(make_frame):
    trials = [*_both([0.5, 0.5], [0.1, 0.1]), _trial(1, 0.01, 0.2, key="other")]
    cell, _ = _tuned(make_frame(trials))
    assert (cell.n, cell.p_value) == (3, 0.5)


def test_a_duplicate_run_of_a_trial_counts_once(make_frame):
    trials = _both([0.5, 0.5], [0.1, 0.1])
    again = trials[-1] | {"metrics": {"idia_tpr": 0.3}}
    cell, _ = _tuned(make_frame([*trials, again]))
    assert (cell.n, cell.mean, cell.p_value) == (2, 0.2, 0.5)


def test_panels_are_tested_against_the_one_of_their_own_settings(make_frame):
    trials = _both([0.5] * 6, [0.1] * 6, alpha=0.3) + _both([0.1] * 6, [0.1] * 6, alpha=0.6)
    table = build_table(make_frame(trials), None, "t", "", ["idia_tpr"])
    found = [panel.rows[0].cells[0].p_value for panel in table.panels]
    assert found == [None, 2 / 2**6, None, 1.0]


def test_both_weights_of_both_encoders_are_tested_against_neither(make_frame):
    trials = [
        _trial(seed, beta, 0.5 - beta, encoder="both", image_beta=beta / 2)
        for beta in (0.0, 0.01)
        for seed in range(6)
    ]
    cell, _ = _tuned(make_frame(trials))
    assert (cell.p_value, cell.is_significant) == (2 / 2**6, True)


def test_many_tests_raise_the_bar_for_each(make_frame):
    # One cell of p = 2 / 2**6 = 0.03 among five of p = 1 is no discovery at 5%.
    trials = _both([0.5] * 6, [0.1] * 6, num_names=1)
    for num_names in (2, 4, 8, 16, 32):
        trials += _both([0.5] * 6, [0.5] * 6, num_names=num_names)
    table = build_table(make_frame(trials), None, "t", "", ["idia_tpr"])
    cell = table.panels[1].rows[0].cells[0]
    assert (cell.p_value, cell.change, cell.is_significant) == (2 / 2**6, "down", False)


def test_intervals_are_of_people_or_of_seeds_and_the_original_has_none(make_frame):
    trials = [
        _trial(seed, 0.01, value, num_names=4) for seed, value in enumerate([0.25] + [0.0] * 9)
    ]
    for seed, trial in enumerate(trials):
        trial["metrics"] |= {"sim_clean": 0.9 + seed / 1000, "idia_tpr_before": 1.0}
    frame = make_frame(trials)
    original, row = build_table(frame, None, "t", "", ["idia_tpr", "sim_clean"]).panels[0].rows
    people, seeds = (cell.interval for cell in row.cells)
    assert people.method == "wilson"
    assert people.high == pytest.approx(0.1288, abs=1e-4)
    assert seeds.method == "bootstrap"
    assert 0.9 < seeds.low < 0.9045 < seeds.high < 0.909
    assert original.cells[0].interval is None


def test_a_single_seed_has_an_interval_only_of_people(make_frame):
    trial = _trial(0, 0.01, 0.0, num_names=64)
    trial["metrics"]["sim_clean"] = 0.9
    table = build_table(make_frame([trial]), None, "t", "", ["idia_tpr", "sim_clean"])
    people, seeds = (cell.interval for cell in table.panels[0].rows[0].cells)
    assert (people.low, people.method, seeds) == (0.0, "wilson", None)
