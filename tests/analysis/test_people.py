"""Who is still inferred, by which templates, and whether it is always the same people."""

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from analysis.concentration import concentration
from analysis.experiment import Experiment
from analysis.people import build_people
from trainables.evaluation.templates import TEMPLATES

ALL = 2 ** len(TEMPLATES) - 1


def _outcomes(**after):
    return [{"person": person, "before": ALL, "after": bits} for person, bits in after.items()]


def _trial(key, outcomes, **config):
    return {
        "trial_key": key,
        "config": {"num_names": len(outcomes or [1])} | config,
        "metrics": {"idia_tpr": 0.5},
        "outcomes": outcomes,
    }


@pytest.fixture
def experiment(make_frame):
    def make(*trials, expected=None):
        return Experiment(
            name="t", title="T", description="", expected=expected, frame=make_frame(trials),
            command="",
        )  # fmt: skip

    return make


def _one(experiment, *trials, **more):
    (setting,) = build_people(experiment(*trials, **more)).settings
    return setting


def test_a_person_is_followed_through_seeds_and_numbers_of_names(experiment):
    setting = _one(
        experiment,
        _trial("a", _outcomes(Ada=0b101), seed=0),
        _trial("b", _outcomes(Ada=0, Bo=0), seed=1),
        _trial("c", _outcomes(Ada=0b100, Bo=0, Cy=0), seed=2),
    )
    assert [person.label for person in setting.people] == ["Ada", "Bo", "Cy"]
    ada = setting.people[0]
    assert (ada.num_trials, ada.num_inferred, ada.share) == (3, 2, 2 / 3)
    assert ada.templates_before == len(TEMPLATES)
    assert ada.templates_after == 1
    assert ada.leaks == (1, 0, 2, *[0] * (len(TEMPLATES) - 3))
    theirs = binomtest(2, 3).proportion_ci(method="wilson")
    assert (ada.interval.low, ada.interval.high) == pytest.approx((theirs.low, theirs.high))
    assert (setting.num_trials, setting.num_cases) == (3, 6)
    assert (setting.num_never, setting.num_always) == (2, 0)


def test_templates_are_counted_over_all_cases(experiment):
    outcomes = _outcomes(Ada=0b1, Bo=0b11, Cy=0b10011, Di=0)
    outcomes[3]["before"] = 0b10
    setting = _one(experiment, _trial("a", outcomes))
    first, second, third, _, fifth, *_ = setting.templates
    assert first.prompt == TEMPLATES[0]
    assert (first.before, first.after) == (0.75, 0.75)
    assert (second.before, second.after) == (1.0, 0.5)
    assert (third.after, fifth.after) == (0.0, 0.25)
    assert setting.by_count == (1, 1, 1, 1)
    assert setting.num_always == 3


def test_more_than_three_templates_are_counted_together(experiment):
    setting = _one(experiment, _trial("a", _outcomes(Ada=0b111, Bo=ALL, Cy=0b11, Di=0, Ed=0)))
    assert setting.by_count == (2, 0, 1, 2)


def test_settings_are_apart_as_in_tables(experiment):
    trials = [
        _trial(f"{beta}{seed}", _outcomes(Ada=int(beta == 0)), beta=beta, seed=seed)
        for beta in (0.01, 0.0)
        for seed in (0, 1)
    ]
    view = build_people(experiment(*trials))
    assert [setting.keys for setting in view.settings] == [{"beta": 0.0}, {"beta": 0.01}]
    assert [setting.people[0].num_inferred for setting in view.settings] == [2, 0]
    assert view.settings[0].title == "without weight regularization (β = 0)"
    assert view.notes == ()


def test_of_both_encoders_a_setting_that_is_null_is_one(experiment):
    trials = [
        _trial("a", _outcomes(Ada=0), encoder="text"),
        _trial("b", _outcomes(Ada=1), encoder="both", image_beta=0.0),
    ]
    view = build_people(experiment(*trials))
    assert [setting.people[0].num_inferred for setting in view.settings] == [1, 0]


def test_only_finished_trials_count_and_each_once(experiment, make_config):
    again = _trial("a", _outcomes(Ada=0))
    failed = _trial("b", None, seed=1) | {"status": "FAILED", "metrics": {}}
    outside = _trial("c", _outcomes(Ada=1), seed=2)
    expected = [("a", make_config()), ("b", make_config(seed=1)), ("d", make_config(seed=3))]
    made = experiment(_trial("a", _outcomes(Ada=1)), again, failed, outside, expected=expected)
    view = build_people(made)
    assert [(p.num_trials, p.num_inferred) for p in view.settings[0].people] == [(1, 0)]
    assert view.notes == ("Of 3 trials, 1 finished; the others do not count.",)


def test_trials_of_an_earlier_version_are_said(experiment):
    new, old = _trial("a", _outcomes(Ada=1)), _trial("b", None, seed=1)
    (note,) = build_people(experiment(new, old)).notes
    assert note == (
        "Left out: 1 of 2 finished trials, recorded by an earlier version, which did not keep who "
        "was unlearned."
    )
    view = build_people(experiment(old))
    assert view.settings == ()
    assert len(view.notes) == 1


def test_worst_first_is_who_leaks_most_surely(experiment):
    often = [_trial(f"o{s}", _outcomes(Often=int(s > 0)), seed=s) for s in range(10)]
    once = _trial("once", _outcomes(Once=1), seed=11)
    never = [_trial(f"n{s}", _outcomes(Never=0), seed=20 + s) for s in range(10)]
    rarely = _trial("r", _outcomes(Seldom=0), seed=40)
    setting = _one(experiment, *often, once, *never, rarely)
    assert [p.label for p in setting.people] == ["Often", "Once", "Never", "Seldom"]


def test_names_can_take_the_place_of_pseudonyms(experiment):
    made = experiment(_trial("a", [{"person": "p-1", "before": 1, "after": 1}]))
    assert build_people(made).settings[0].people[0].label == "p-1"
    view = build_people(made, {"p-1": "Ada", "p-2": "Bo"})
    assert view.settings[0].people[0].label == "Ada"


def _cases(*trials):
    """Flatten lists of whether each person of a trial, numbered from 0, is inferred."""
    lengths = [len(trial) for trial in trials]
    numbers = np.repeat(np.arange(len(trials)), lengths)
    people = np.concatenate([np.arange(length) for length in lengths])
    return numbers, people, np.array([hit for trial in trials for hit in trial], dtype=bool)


def test_leaks_of_one_person_are_concentrated():
    found = concentration(*_cases(*[[1, 0, 0, 0, 0, 0, 0, 0]] * 6))
    assert (found.num_cases, found.num_half) == (6, 1)
    assert found.expected_half > 1.5
    assert found.p_value < 0.05


def test_leaks_all_over_are_not_concentrated():
    found = concentration(*_cases(*np.eye(8, dtype=int)))
    assert (found.num_cases, found.num_half) == (8, 4)
    assert found.p_value > 0.5


@pytest.mark.parametrize("hits", [[0, 0, 0], [1, 1, 1]], ids=["nobody", "everybody"])
def test_nothing_is_left_to_chance_where_nobody_or_everybody_is_inferred(hits):
    found = concentration(*_cases(hits, hits))
    assert found.p_value is None
    assert found.expected_half == found.num_half == (2 if hits[0] else 0)


def test_the_chance_is_that_of_all_ways_to_draw():
    trials = [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    found = concentration(*_cases(*trials))
    ways = [list(itertools.combinations(range(3), sum(trial))) for trial in trials]
    numbers = [
        np.bincount(np.concatenate(drawn), minlength=3) for drawn in itertools.product(*ways)
    ]
    as_uneven = [(counts**2).sum() >= 4 + 1 + 1 for counts in numbers]
    halves = [int(2 * counts.max() < counts.sum()) + 1 for counts in numbers]
    assert found.p_value == pytest.approx(np.mean(as_uneven), abs=0.06)
    assert found.expected_half == pytest.approx(np.mean(halves), abs=0.06)


def test_the_same_trials_give_the_same_view(experiment):
    rng = np.random.default_rng(0)
    trials = [
        _trial(f"{s}", _outcomes(**{f"P{i}": int(rng.integers(0, 2)) for i in range(6)}), seed=s)
        for s in range(5)
    ]
    assert build_people(experiment(*trials)) == build_people(experiment(*trials))
