"""`unremember people`: the view of a sweep, and names in the place of pseudonyms."""

import json

import polars as pl
import pytest

from analysis.experiment import Experiment
from analysis.runs import frame_schema
from sweeps import people
from sweeps.people import clear_names, people_view
from sweeps.spec import load_sweep
from trainables.errors import UserError
from trainables.pseudonyms import own_key, pseudonym

ADA, BO = "Ada Byron", "Bo Lind"


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("UNREMEMBER_PSEUDONYM_KEY", str(tmp_path / "own.key"))
    return own_key()


@pytest.fixture
def profile(tmp_path):
    for name in (ADA, BO):
        folder = tmp_path / "people" / name.replace(" ", "_")
        folder.mkdir(parents=True)
        for number in range(2):
            (folder / f"{number}.jpg").write_bytes(f"{name} {number}".encode())
    path = tmp_path / "data.yaml"
    path.write_text(f"people: {{layout: folders, path: {tmp_path / 'people'}}}\n")
    return str(path)


def _experiment(data, labels):
    (config, *_) = load_sweep("quickstart").trials()
    outcomes = [{"person": label, "before": 3, "after": 1} for label in labels or ()]
    run = config.model_dump() | {
        "trial_key": "a",
        "status": "FINISHED",
        "data": data,
        "idia_tpr": 1.0,
        "outcomes": None if labels is None else outcomes,
    }
    return Experiment(
        name="mine", title="mine", description="", expected=None,
        frame=pl.DataFrame([run], schema=frame_schema()), command="",
    )  # fmt: skip


@pytest.fixture
def people_of(monkeypatch, tmp_path):
    def view(experiment, format_name="json", **options):
        monkeypatch.setattr(people, "experiment_of", lambda name, results, uri: experiment)
        text = people_view("mine", format_name, tmp_path, None, **options)
        return [each["label"] for each in json.loads(text)["settings"][0]["people"]]

    return view


def test_pseudonyms_are_shown_and_names_on_request(people_of, profile, key):
    labels = [pseudonym(ADA, key), pseudonym(BO, key)]
    experiment = _experiment(profile, labels)
    assert sorted(people_of(experiment)) == sorted(labels)
    assert people_of(experiment, names=True) == [ADA, BO]


def test_invented_people_are_shown_as_they_are(people_of):
    experiment = _experiment("builtin", ["Lena Ortmann"])
    assert people_of(experiment, names=True) == ["Lena Ortmann"]
    assert clear_names([experiment]) == {}


def test_names_take_the_key_of_the_pseudonyms(people_of, profile):
    experiment = _experiment(profile, [pseudonym(ADA, bytes(32))])
    with pytest.raises(UserError, match=r"pseudonyms of 'mine' are not of the key .*own\.key"):
        people_of(experiment, names=True)


def test_names_take_the_data(people_of, tmp_path):
    experiment = _experiment(str(tmp_path / "gone.yaml"), ["p-1"])
    assert people_of(experiment) == ["p-1"]
    with pytest.raises(UserError, match=r"there is no data profile .*gone\.yaml"):
        people_of(experiment, names=True)


def test_trials_that_do_not_tell_are_said(people_of):
    with pytest.raises(UserError, match="no finished trial of the sweep 'mine' tells who"):
        people_of(_experiment("builtin", None))


def test_a_wrong_format_is_refused_before_anything_is_read(people_of):
    with pytest.raises(UserError, match="unknown format 'tex'"):
        people_of(None, format_name="tex")
