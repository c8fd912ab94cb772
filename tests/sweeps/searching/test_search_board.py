from analysis.front.candidates import Candidate
from sweeps.searching.board import SearchBoard
from tests.sweeps.fakes import event, make_trials
from tests.sweeps.searching.trainables import search


def complete(number: int, sim_clean: float, others_tpr: float, *, feasible: bool) -> Candidate:
    mean = {"sim_clean": sim_clean, "others_tpr": others_tpr}
    return Candidate(number=number, params={}, mean=mean, n=3, feasible=feasible)


def board() -> SearchBoard:
    return SearchBoard(search().objectives, 10)


def test_a_search_that_has_just_begun() -> None:
    new = board()
    assert new.line() == "0/10 candidates, 0 trials running; best: none is feasible yet"


def test_candidates_are_counted_and_the_best_of_each_objective_is_named() -> None:
    counted = board()
    counted.update(
        [
            complete(0, 0.9, 0.8, feasible=True),
            complete(1, 0.8, 0.95, feasible=True),
            complete(2, 0.99, 0.99, feasible=False),
            complete(3, 0.7, 0.7, feasible=True),
            Candidate(number=4, params={}, state="failed"),
            Candidate(number=5, params={}, state="running"),
        ]
    )
    assert (counted.done, counted.num_complete, counted.total) == (5, 4, 10)
    assert counted.counts == "5/10 candidates, 1 failed"
    assert counted.best == "Sim Clean 0.9000 (candidate 0), Others' TPR 95.00% (candidate 1)"


def test_the_time_that_is_left_is_that_of_the_trials_before() -> None:
    counted = board()
    counted.num_trials_left = lambda: 6
    assert counted.eta_s() is None
    first, second = make_trials(2)
    for trial in (first, second):
        counted.started(trial)
    counted.ended(first, event(first.key))
    counted.ended(second, event(second.key, kind="lost"))
    assert counted.eta_s() == 30.0  # six trials like the one of ten seconds, two at a time
    assert "0 trials running, 1 workers lost, ETA 30 s" in counted.line()


def test_a_trial_that_is_stopped_is_none_that_failed() -> None:
    counted = board()
    (trial,) = make_trials(1)
    counted.started(trial)
    counted.ended(trial, event(trial.key, kind="pruned", step=4))
    assert (counted.failed, counted.pruned) == (0, 1)
    assert counted.latest == "builtin text n=1 beta=0 seed=0 pruned at step 4"
