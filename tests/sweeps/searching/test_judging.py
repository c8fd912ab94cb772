from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest

from sweeps.cluster import Slots
from sweeps.events import TrialEvent
from sweeps.journal import Journal
from sweeps.searching.board import SearchBoard
from sweeps.searching.judging import CandidateWork
from sweeps.searching.known import Known
from sweeps.searching.spec import Search
from sweeps.searching.study import ask, candidates_of, open_study
from sweeps.trials import Trial
from tests.sweeps import fakes
from tests.sweeps.searching import trainables
from trainables.config import TrialConfig

pytestmark = pytest.mark.usefixtures("no_store")
ONE_NAME = {"space": {"neutral_term": {"choices": ["human", "person"]}}}


def fingerprints(config: TrialConfig) -> dict[str, str]:
    return {"model": "m"}


class Driven:
    """A search whose trials a test runs by hand."""

    def __init__(self, results: Path, room: int = 2, **changes: Any) -> None:
        self.search = trainables.search(**changes)
        self.results = results
        self.room = room
        self.storage = optuna.storages.InMemoryStorage()
        self.start()

    def start(self, warm: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.study = open_study(self.search, self.storage, warm)
        self.board = SearchBoard(self.search.objectives, self.search.num_candidates)
        known = Known(self.search.name, self.search.seeds, self.results, "sqlite:///none")
        self.work = CandidateWork(self.search, self.study, known, fingerprints, self.board)
        self.work.tune_options(Slots(cpus=1, gpus=0, count=self.room, limit=None, mine=True))

    def next(self) -> Trial:
        trial = self.work.next()
        assert trial is not None
        return trial

    def end(self, trial: Trial, kind: str = "finished", **fields: Any) -> None:
        self.work.ended(trial, event_of(trial, kind, **fields))

    def finish(self) -> list[str]:
        keys = []
        while (trial := self.work.next()) is not None:
            keys.append(trial.key)
            self.end(trial)
        return keys


def event_of(trial: Trial, kind: str = "finished", **fields: Any) -> TrialEvent:
    config = trial.config.model_dump(mode="json")
    metrics = trainables.measure(config) if kind == "finished" else {}
    fields = {"config": config, "sweeps": trial.sweeps, "metrics": metrics} | fields
    return fakes.event(trial.key, kind=kind, **fields)


def journal(results: Path, *events: TrialEvent) -> None:
    with Journal(results) as file:
        for event in events:
            file.append(event)


def num_asked(study: optuna.Study) -> int:
    return len(study.get_trials())


def test_a_candidate_is_told_by_the_means_of_all_its_seeds(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=3)
    trials = [driven.next() for _ in range(3)]
    assert [trial.config.seed for trial in trials] == [0, 1, 2]
    assert {trial.sweeps for trial in trials} == {("formula",)}
    for trial in trials[:2]:
        driven.end(trial)
    assert candidates_of(driven.study)[0].state == "running"
    driven.end(trials[2])
    (candidate,) = candidates_of(driven.study)
    values = [trainables.measure(trial.config.model_dump())["sim_clean"] for trial in trials]
    assert candidate.mean["sim_clean"] == pytest.approx(sum(values) / 3)
    assert candidate.std["sim_clean"] == pytest.approx(0.01)
    assert candidate.n == 3
    assert candidate.params["alpha"] == trials[0].config.alpha


def test_candidates_are_asked_for_only_when_a_trial_can_start(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=2)
    first, second = driven.next(), driven.next()
    assert driven.work.next() is None
    driven.end(first)
    third = driven.next()
    assert (third.config.seed, num_asked(driven.study)) == (2, 1)
    driven.end(second)
    assert driven.next().config.seed == 0
    assert num_asked(driven.study) == 2
    assert driven.work.next() is None
    assert num_asked(driven.study) == 2


def test_a_search_ends_at_the_number_asked_for(tmp_path: Path) -> None:
    driven = Driven(tmp_path)
    assert driven.work.num_trials_left == 12
    assert not driven.work.is_over
    assert len(driven.finish()) == 12
    assert driven.work.is_over
    assert driven.work.num_trials_left == 0
    assert num_asked(driven.study) == 4
    assert (driven.board.done, driven.board.num_complete) == (4, 4)


def test_what_the_journal_has_as_finished_is_told_and_not_run(tmp_path: Path) -> None:
    before = Driven(tmp_path)
    events = [event_of(trial) for trial in (before.next(), before.next())]
    journal(tmp_path, *events, events[0].model_copy(update={"kind": "lost", "trial_key": "1" * 16}))
    again = Driven(tmp_path)
    ran = again.finish()
    assert len(ran) == 10
    assert not {event.trial_key for event in events} & set(ran)
    assert [candidate.n for candidate in candidates_of(again.study)] == [3] * 4


def test_candidates_whose_trials_are_all_known_are_told_on_the_way(tmp_path: Path) -> None:
    before = Driven(tmp_path, room=12)
    trials = [before.next() for _ in range(12)]
    journal(tmp_path, *map(event_of, trials))
    again = Driven(tmp_path)
    assert again.work.find_trial() is None
    assert again.work.is_over
    assert again.board.num_complete == 4


def test_a_seed_that_fails_fails_the_candidate_and_spares_the_others(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=2)
    first, second = driven.next(), driven.next()
    driven.end(first, "failed", error="the loss became nan")
    assert candidates_of(driven.study)[0].state == "running"  # the second still runs
    assert driven.next().config.alpha != first.config.alpha
    driven.end(second)
    frozen = driven.study.get_trials()[0]
    assert candidates_of(driven.study)[0].state == "failed"
    assert frozen.user_attrs["error"] == "the loss became nan"


def test_a_worker_that_is_lost_ends_nothing(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=1)
    trial = driven.next()
    driven.end(trial, "lost")
    assert driven.work.next() is None
    assert driven.work.trial(trial.key) == trial


def test_what_an_interrupted_search_left_goes_on_under_its_number(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=3)
    trials = [driven.next() for _ in range(3)]
    journal(tmp_path, event_of(trials[1]))
    driven.start()
    ran = driven.finish()
    assert ran[:2] == [trials[0].key, trials[2].key]
    assert len(ran) == 11
    assert [candidate.number for candidate in candidates_of(driven.study)] == [0, 1, 2, 3]
    assert all(candidate.state == "complete" for candidate in candidates_of(driven.study))


def test_a_search_that_asks_for_more_goes_on(tmp_path: Path) -> None:
    driven = Driven(tmp_path)
    driven.finish()
    driven.search = trainables.search(num_candidates=5)
    driven.start()
    assert len(driven.finish()) == 3
    driven.search = trainables.search(num_candidates=2)
    driven.start()
    assert driven.work.is_over


def test_one_trial_of_two_candidates_runs_once(tmp_path: Path) -> None:
    driven = Driven(
        tmp_path, room=6, num_candidates=6, seeds=[0], confirmation_seeds=[1], **ONE_NAME
    )
    handed = []
    while (trial := driven.work.next()) is not None:
        handed.append(trial)
    assert len(handed) == len({trial.key for trial in handed}) == 2
    assert num_asked(driven.study) == 6
    for trial in handed:
        driven.end(trial)
    assert driven.work.is_over
    assert driven.board.num_complete == 6


def pruning(results: Path) -> Driven:
    prune = {"metric": "val_sim_clean", "by": "asha"}
    return Driven(results, objectives=["sim_clean"], prune=prune)


def test_a_candidate_with_a_stopped_seed_is_pruned_and_none_of_the_journal_s(
    tmp_path: Path,
) -> None:
    driven = pruning(tmp_path)
    first, second = driven.next(), driven.next()
    driven.end(first, "pruned", step=4)
    driven.end(second)
    (candidate, *_) = candidates_of(driven.study)
    assert candidate.state == "pruned"
    assert driven.work.event({}).trial_keys == (second.key,)


@pytest.mark.parametrize(("sweep", "is_known"), [("formula", True), ("another", False)])
def test_a_stopped_trial_is_known_only_to_the_search_that_stopped_it(
    tmp_path: Path, sweep: str, is_known: bool
) -> None:
    driven = pruning(tmp_path)
    trial = driven.next()
    journal(tmp_path, event_of(trial, "pruned", sweeps=(sweep,)))
    driven.start()
    assert (driven.next().key != trial.key) is is_known


def test_the_journal_is_told_of_trials_that_ended_or_are_on_their_way(tmp_path: Path) -> None:
    driven = Driven(tmp_path, num_candidates=2)
    assert driven.work.event({}).trial_keys == ()
    ended = [driven.next() for _ in range(2)]
    for trial in ended:
        driven.end(trial)
    event = driven.work.event({"git_commit": "x"})
    assert event.is_search
    assert event.name == "formula"
    assert event.provenance == {"git_commit": "x"}
    assert len(event.trial_keys) == 3  # the third seed of the first candidate is to come
    driven.finish()
    assert len(driven.work.event({}).trial_keys) == 6


def test_a_driver_that_was_killed_while_it_asked(tmp_path: Path) -> None:
    driven = Driven(tmp_path, num_candidates=1)
    number, _ = ask(driven.study, driven.search)
    driven.start()
    assert len(driven.finish()) == 3
    assert [candidate.number for candidate in candidates_of(driven.study)] == [number]


def test_a_cluster_that_grows_is_asked_for_more(tmp_path: Path) -> None:
    driven = Driven(tmp_path, room=1)
    search: Search = driven.search
    known = Known(search.name, search.seeds, tmp_path, "sqlite:///none")
    work = CandidateWork(search, driven.study, known, fingerprints, driven.board, may_grow=True)
    work.tune_options(Slots(cpus=1, gpus=0, count=1, limit=None, mine=False))
    assert [work.next() is not None for _ in range(3)] == [True] * 3
    work.tune_options(Slots(cpus=1, gpus=0, count=1, limit=4, mine=False))
    assert [work.next() is not None for _ in range(3)] == [True, False, False]
