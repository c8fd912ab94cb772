from pathlib import Path

import pytest

from sweeps.estimate import Estimator
from sweeps.overrides import override
from sweeps.plan import as_json, estimator_of, make_plan
from sweeps.spec import Sweep, load_sweep, sweep_from
from sweeps.standing import Record, record_of
from sweeps.trials import Lenient, keyed
from tests.sweeps.fakes import event
from trainables.config import TrialConfig
from trainables.errors import UserError
from trainables.fingerprints import fingerprints

QUICKSTART = load_sweep("quickstart")
OTHER = sweep_from(
    {
        "name": "other",
        "preset": "builtin",
        "fixed": {"num_names": 8},
        "axes": {"seeds": "0-4", "beta": [0, "preset"]},
    },
    "other.yaml",
)


def plan(*sweeps: Sweep, record: Record | None = None, **options: object):  # type: ignore[no-untyped-def]
    return make_plan(sweeps, record or Record(), Lenient(fingerprints), **options)  # type: ignore[arg-type]


def test_a_trial_of_two_sweeps_counts_once() -> None:
    made = plan(QUICKSTART, OTHER)
    assert made.counts() == {"trials": 18, "finished": 0, "failed": 0, "to_run": 18}
    assert made.of("other").counts()["trials"] == 10
    shared = [trial for trial in made.trials if trial.sweeps == ("quickstart", "other")]
    assert len(shared) == 4


def test_two_sweeps_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match=r"other\.yaml and other\.yaml are both named 'other'"):
        plan(OTHER, OTHER)


def test_finished_and_failed_trials_are_not_to_run() -> None:
    trials = keyed([QUICKSTART], fingerprints)
    record = record_of(
        [event(trials[0].key), event(trials[1].key, kind="failed"), event("of another sweep")]
    )
    made = plan(QUICKSTART, record=record, tracked=[trials[2].key, "of another machine"])
    assert made.counts() == {"trials": 12, "finished": 2, "failed": 1, "to_run": 9}
    assert plan(QUICKSTART, record=record, retry=True).counts()["to_run"] == 11
    assert [trial.key for trial in made.to_run] == [trial.key for trial in trials[3:]]


def test_planning_works_before_weights_and_data_are_there(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    sweep = sweep_from(
        {
            "name": "real",
            "preset": "ecai2024",
            "fixed": {"model": "ViT-B-32", "pretrained": str(weights), "num_names": 1},
            "axes": {"seeds": "0-9", "beta": [0, "preset"]},
        },
        "real.yaml",
    )
    made = plan(sweep)
    assert made.counts()["to_run"] == 20
    assert len(made.missing) == 1
    assert "weights.pt" in made.missing[0]
    with pytest.raises(UserError, match=r"weights\.pt"):
        make_plan([sweep], Record(), fingerprints)


def test_time_is_told_from_like_trials() -> None:
    trials = keyed([QUICKSTART], fingerprints)
    done = [trial for trial in trials if trial.config.seed == 0]
    record = record_of(
        event(
            trial.key,
            config=trial.config.model_dump(mode="json"),
            duration_s=1.0 + trial.config.num_names,
        )
        for trial in done
    )
    made = plan(override(QUICKSTART, ["num_names=1,8,32,64"]), record=record)
    told = as_json(made, estimator_of(record), 2)
    assert told["to_run"] == 10
    assert told["estimated_s"] == pytest.approx((2 * (2 + 9 + 33 + 65) + 2 * 33) / 2)
    assert told["without_estimate"] == 0


def test_nothing_like_it_has_run() -> None:
    told = as_json(plan(QUICKSTART), Estimator(), 2)
    assert told["estimated_s"] is None
    assert told["without_estimate"] == 12
    assert told["sweeps"]["quickstart"]["trials"] == 12


def test_an_estimate_never_goes_below_what_was_seen() -> None:
    estimator = Estimator()
    config = QUICKSTART.trials()[0].model_dump()
    for names, seconds in [(8, 10.0), (64, 1000.0)]:
        estimator.add(config | {"num_names": names}, seconds)
    assert estimator.predict(config | {"num_names": 1}) == 5.0
    assert estimator.predict(config | {"num_steps": 7}) is None


def test_files_are_asked_for_once_each(tmp_path: Path) -> None:
    def missing(config: TrialConfig) -> dict[str, str]:
        raise UserError(f"no {config.model}.")

    lenient = Lenient(missing)
    assert len(keyed([QUICKSTART], lenient)) == 12
    assert list(lenient.missing) == ["no builtin."]
