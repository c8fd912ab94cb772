"""Keeping defended encoders: which stay, where, and what happens when something is in the way."""

import dataclasses
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from sweeps.events import SweepEvent
from sweeps.journal import Journal, journal_path
from sweeps.launch import run_trials
from sweeps.spec import sweep_from
from sweeps.standing import read_record
from sweeps.students import StudentLostWarning, Students, read_student, student_path, with_keep
from sweeps.trials import Trial
from tests.sweeps import fakes
from trainables.errors import UserError

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


class Keeping(fakes.Noop):
    """A trial that offers a student as the real ones do, or finds no room for it."""

    def setup(
        self,
        config: dict[str, Any],
        jobs: dict[str, Any],
        shared: dict[str, Any],
        kept: frozenset[str] = frozenset(),
    ) -> None:
        super().setup(config, jobs, shared)
        self.kept = kept

    def step(self) -> dict[str, Any]:
        result = self.finished()
        seed = self.job["seed"]
        tpr = self.shared["tprs"][seed]
        result["outcome"]["metrics"] |= {"idia_tpr": tpr}
        if self.key in self.kept:
            result["outcome"] |= (
                {"students_lost": "no room"}
                if seed == self.shared["no_room"]
                else {"students": ray.put(arrays_of(seed))}
            )
        return result


def arrays_of(number: int) -> dict[str, np.ndarray]:
    return {
        "text.weight": np.full((3, 4), number, np.float32),
        "image.num": np.array(number, np.int64),
    }


def ask(journal: Journal, trials: list[Trial], keep: str, name: str = "many") -> None:
    sweep = {
        "name": name,
        "keep": keep,
        "preset": "builtin",
        "description": "",
        "fixed": {},
        "axes": {},
    }
    keys = tuple(trial.key for trial in trials)
    journal.append(SweepEvent(sweep=sweep, trial_keys=keys, at=0))


def there(results: Path) -> list[int]:
    return sorted(int(path.stem, 16) for path in (results / "students").glob("*.safetensors"))


def make_trials(sweep: str, first_seed: int, **changes: int) -> list[Trial]:
    """Three trials of a sweep."""
    trials = fakes.make_trials(first_seed + 3)[first_seed:]
    return [Trial(t.key, t.config.model_copy(update=changes), (sweep,)) for t in trials]


@pytest.mark.slow
def test_trials_keep_what_their_sweep_asks_for(tmp_path: Path) -> None:
    trials = {
        "none": make_trials("none", 0),
        "best": make_trials("best", 10, num_names=8),
        "all": make_trials("all", 20),
    }
    every = [trial for some in trials.values() for trial in some]
    tprs = {trial.config.seed: tpr for trial, tpr in zip(every, 3 * [0.5, 0.25, 1.0], strict=True)}
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with Journal(tmp_path) as journal:
            for name, some in trials.items():
                ask(journal, some, name, name)
            with pytest.warns(StudentLostWarning) as warned:
                run_trials(every, journal, Keeping, {"tprs": tprs, "no_room": 22})
    finally:
        ray.shutdown()
    lost = [str(warning.message) for warning in warned if warning.category is StudentLostWarning]
    assert lost == [
        "the defended encoder of trial 0000000000000016 was not kept (no room): "
        "`unremember export 0000000000000016` trains it again."
    ]
    assert len(read_record(tmp_path).keys("finished")) == 9
    assert there(tmp_path) == [11, 20, 21]
    found = read_student(tmp_path, f"{11:016x}")
    assert found is not None
    assert found.keys() == arrays_of(11).keys()
    for name, array in arrays_of(11).items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert '"students"' not in journal_path(tmp_path).read_text()


class Driver:
    """What the recorder does with students, without trials."""

    def __init__(self, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.results = results
        monkeypatch.setattr(ray, "get", lambda offered: offered)

    def run(self, keep: str, *ends: tuple[int, float, float], journaled: bool = True) -> None:
        """Each end: number of the trial, its IDIA TPR and zero-shot top-1."""
        trials = {number: fakes.make_trials(number + 1)[number] for number, _, _ in ends}
        with Journal(self.results) as journal:
            ask(journal, list(trials.values()), keep)
            students = Students(list(trials.values()), self.results)
            for number, tpr, top1 in ends:
                metrics = {"idia_tpr": tpr, "zeroshot_top1": top1}
                outcome = {"metrics": metrics, "students": arrays_of(number)}
                students.keep(trials[number], outcome)
                assert outcome == {"metrics": metrics}
                if journaled:
                    config = trials[number].config.model_dump(mode="json")
                    key = trials[number].key
                    journal.append(fakes.event(key, metrics=metrics, config=config))
                    students.settle()

    def there(self) -> list[int]:
        return there(self.results)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    return Driver(tmp_path, monkeypatch)


def test_the_best_has_the_lowest_tpr_then_the_highest_accuracy(driver: Driver) -> None:
    driver.run("best", (0, 0.5, 0.9), (1, 0.25, 0.1), (2, 0.25, 0.2), (3, 0.25, 0.15))
    assert driver.there() == [2]
    nan = float("nan")
    driver.run("best", (4, 0.0, nan), (5, nan, 1.0), (6, 0.0, 0.0))
    assert driver.there() == [6]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)])
def test_which_is_best_does_not_depend_on_who_is_first(driver: Driver, order: Any) -> None:
    driver.run("best", *((number, 0.0, 0.5) for number in order))
    assert driver.there() == [1]


def test_trials_of_other_groups_do_not_compete(driver: Driver) -> None:
    trial = fakes.make_trials(1)[0]
    others = [
        Trial(f"{number:016x}", trial.config.model_copy(update=change), ("many",))
        for number, change in enumerate(
            ({}, {"num_names": 8}, {"model": "RN50"}, {"data": "b"}, {"pretrained": "a"},
             {"encoder": "image"}, {"world_seed": 1}, {"beta": 0.5}, {"alpha": 0.5}),
        )
    ]  # fmt: skip
    with Journal(driver.results) as journal:
        ask(journal, others, "best")
        students = Students(others, driver.results)
        for other in others:
            students.keep(other, {"metrics": {"idia_tpr": 0.5}, "students": arrays_of(0)})
        students.settle()
    assert driver.there() == [0, 1, 2, 3, 4, 5, 6]


def test_a_restart_honours_what_is_there(driver: Driver) -> None:
    driver.run("best", (1, 0.25, 0.5))
    driver.run("best", (2, 0.5, 0.5))
    assert driver.there() == [1]
    driver.run("best", (3, 0.0, 0.5))
    assert driver.there() == [3]


def test_what_was_to_stay_is_never_deleted(driver: Driver) -> None:
    driver.run("all", (1, 0.5, 0.5), (2, 0.25, 0.5))
    driver.run("best", (3, 0.4, 0.5))
    assert driver.there() == [1, 2]
    driver.run("best", (4, 0.0, 0.5))
    assert driver.there() == [1, 2, 4]
    driver.run("all", (5, 0.0, 0.9))
    assert driver.there() == [1, 2, 5]


def test_a_driver_that_was_killed_in_between(driver: Driver) -> None:
    driver.run("best", (1, 0.0, 0.5), journaled=False)
    unfinished = driver.results / "students" / "1.unfinished"
    unfinished.touch()
    # Nobody knows how good the first was: it does not count, and is run again.
    driver.run("best", (2, 0.5, 0.5))
    assert not unfinished.exists()
    driver.run("best", (1, 0.75, 0.5))
    assert driver.there() == [2]


def test_two_that_a_killed_driver_left_are_one_after_the_next_start(driver: Driver) -> None:
    driver.run("best", (1, 0.5, 0.5))
    (aside,) = (driver.results / "students").iterdir()
    content = aside.read_bytes()
    driver.run("best", (2, 0.25, 0.5))
    aside.write_bytes(content)
    driver.run("best", (3, 1.0, 0.5))
    assert driver.there() == [2]


def test_a_damaged_student_is_none(driver: Driver) -> None:
    driver.run("best", (1, 0.5, 0.5))
    path = student_path(driver.results, f"{1:016x}")
    path.write_bytes(path.read_bytes()[:-5])
    assert read_student(driver.results, f"{1:016x}") is None
    assert read_student(driver.results, f"{7:016x}") is None
    driver.run("best", (2, 1.0, 0.5))
    assert 2 in driver.there()


def test_a_full_disk_is_one_sentence(driver: Driver) -> None:
    (driver.results / "students").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    trial = fakes.make_trials(1)[0]
    with Journal(driver.results) as journal:
        ask(journal, [trial], "all")
        students = Students([trial], driver.results)
        outcome = {"metrics": {}, "students": {"text.w": np.zeros(100_000, np.float32)}}
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            with pytest.warns(
                StudentLostWarning, match=r"was not kept \(I/O error: File too large"
            ):
                students.keep(trial, outcome)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((driver.results / "students").iterdir()) == []


def test_of_a_trial_of_two_sweeps_the_one_that_keeps_most_decides(tmp_path: Path) -> None:
    trial = dataclasses.replace(fakes.make_trials(1)[0], sweeps=("a", "b"))
    for first, second, wanted in (("none", "best", 1), ("all", "none", 1), ("none", "none", 0)):
        with Journal(tmp_path / first / second) as journal:
            for name, keep in (("a", first), ("b", second)):
                sweep = {"name": name, "keep": keep}
                journal.append(SweepEvent(sweep=sweep, trial_keys=(trial.key,), at=0))
        assert len(Students([trial], tmp_path / first / second).wanted) == wanted


def test_what_a_sweep_keeps_is_no_part_of_its_trials() -> None:
    spec = {"name": "mine", "preset": "builtin", "fixed": {"num_names": 1, "seed": 0}}
    plain, kept = sweep_from(spec, "x"), sweep_from(spec | {"keep": "all"}, "x")
    assert plain.trials() == kept.trials()
    assert "keep" not in plain.to_dict()
    assert sweep_from(kept.to_dict(), "x") == kept
    assert with_keep([plain], "all") == [kept]
    assert with_keep([kept], None) == [kept]
    with pytest.raises(UserError, match=r"mine\.yaml: keep is 'bets': did you mean 'best'"):
        sweep_from(spec | {"keep": "bets"}, "mine.yaml")
    with pytest.raises(UserError, match="--keep: keep is 'every': choose from all, best, none"):
        with_keep([plain], "every")
