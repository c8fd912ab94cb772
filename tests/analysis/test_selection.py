"""Which setting a rule shows, and what it says of it."""

import math

import pytest

from analysis.selection import RULES
from analysis.tables import build_table
from trainables.errors import UserError

# By alpha and seed: TPR, Sim Clean. At n = 1 alpha 0.3 has TPR 0 and the best Sim Clean; at n = 8
# only alpha 0.9 has TPR 0; at n = 64 none.
MEASURED = {
    1: {
        0.3: ([0.0, 0.0], [0.9, 0.9]),
        0.6: ([0.0, 0.0], [0.8, 0.8]),
        0.9: ([0.5, 0.0], [1.0, 1.0]),
    },
    8: {
        0.3: ([0.1, 0.0], [0.9, 0.9]),
        0.6: ([0.1, 0.0], [0.95, 0.9]),
        0.9: ([0.0, 0.0], [0.5, 0.5]),
    },
    64: {
        0.3: ([0.5, 0.5], [0.9, 0.9]),
        0.6: ([0.4, 0.6], [0.9, 0.92]),
        0.9: ([0.6, 0.6], [0.9, 0.9]),
    },
}


def _trials(measured=MEASURED):
    return [
        {
            "trial_key": f"{n}-{alpha}-{seed}",
            "config": {"num_names": n, "alpha": alpha, "seed": seed},
            "metrics": {"idia_tpr": tpr, "sim_clean": sim, "zeroshot_top1": 1 - sim / 2},
        }
        for n, settings in measured.items()
        for alpha, (tprs, sims) in settings.items()
        for seed, (tpr, sim) in enumerate(zip(tprs, sims, strict=True))
    ]


def _table(frame, **selection):
    return build_table(frame, None, "t", "", ["sim_clean", "idia_tpr"], **selection)


def _sims(table):
    (panel,) = table.panels
    return [cell and cell.mean for cell in (row.cells[0] for row in panel.rows)]


@pytest.mark.parametrize(
    ("rule", "sims"),
    [
        ("sim-clean-at-tpr-0", [0.9, 0.5, None]),
        ("top1-at-tpr-0", [0.8, 0.5, None]),
        ("least-tpr", [0.9, 0.5, 0.91]),
    ],
)
def test_each_rule_chooses_for_each_number_of_names(make_frame, rule, sims):
    table = _table(make_frame(_trials()), selection=rule)
    found = _sims(table)
    assert [value and pytest.approx(value) for value in sims] == found
    assert f"(rule {rule}), chosen and reported on the same seeds" in table.caption
    assert table.panels[0].title == f"selected by {rule}"
    assert not table.has_changes


def test_what_is_chosen_is_named_and_where_nothing_is(make_frame):
    table = _table(make_frame(_trials()), selection="sim-clean-at-tpr-0")
    how = "with weight regularization (β = 0.01)"
    assert table.notes[0] == f"Selected: at n = 1 alpha 0.3, {how}; at n = 8 alpha 0.9, {how}."
    assert table.notes[1].startswith("At n = 64 no setting with all its trials")
    missing = table.panels[0].rows[-1]
    assert (missing.header, missing.seeds, missing.cells[0].mean) == ("64", "0 of 2", None)


def test_by_default_nothing_is_selected_and_the_caption_says_so(make_frame):
    table = _table(make_frame(_trials()))
    assert len(table.panels) == 3
    assert "nothing is selected (rule preset)" in table.caption


def test_other_seeds_than_those_of_the_choice_are_reported(make_frame):
    trials = _trials()
    table = _table(make_frame(trials), selection="least-tpr", selection_seeds=[0])
    # On seed 0 alone alpha 0.6 has the least TPR at n = 64; seed 1 is what is shown of it.
    assert _sims(table)[2] == pytest.approx(0.92)
    assert [row.seeds for row in table.panels[0].rows] == ["1", "1", "1"]
    assert "chosen on seeds 0 and reported on the others" in table.caption


def test_a_setting_of_which_less_is_known_is_not_chosen(make_frame):
    trials = [trial for trial in _trials() if trial["trial_key"] != "1-0.3-1"]
    table = _table(make_frame(trials), selection="sim-clean-at-tpr-0")
    assert "at n = 1 alpha 0.6" in table.notes[0]


@pytest.mark.parametrize("rule", RULES)
def test_what_is_not_a_number_is_never_best(make_frame, rule):
    trials = _trials({1: MEASURED[1]})
    for trial in trials:
        if trial["config"]["alpha"] == 0.3:
            trial["metrics"] = dict.fromkeys(("idia_tpr", "sim_clean", "zeroshot_top1"), math.nan)
    assert "at n = 1 alpha 0.6" in _table(make_frame(trials), selection=rule).notes[0]


def test_without_any_finished_trial_nothing_is_chosen(make_frame):
    trials = [trial | {"status": "FAILED"} for trial in _trials()]
    table = _table(make_frame(trials), selection="least-tpr")
    assert _sims(table) == [None, None, None]
    assert table.notes[0].startswith("At n = 1, 8, 64 no setting")


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"selection": "least-trp"}, "rule 'least-trp': did you mean 'least-tpr'"),
        ({"selection_seeds": [0]}, "mean nothing to the rule 'preset'"),
        (
            {"selection": "least-tpr", "selection_seeds": [7]},
            "no trial has one of the selection seeds 7: the seeds of the sweep are 0, 1",
        ),
        (
            {"selection": "least-tpr", "selection_seeds": [0, 1]},
            "another seed than the selection seeds 0, 1",
        ),
    ],
)
def test_a_selection_that_cannot_be_is_refused(make_frame, selection, message):
    with pytest.raises(UserError, match=message):
        _table(make_frame(_trials()), **selection)
