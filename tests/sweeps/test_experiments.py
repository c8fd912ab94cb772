"""Experiments by name: their trials, the keys these ran under, their runs and their command."""

import polars as pl
import pytest

from analysis.runs import frame_schema
from sweeps import experiments
from sweeps.events import SweepEvent
from sweeps.experiments import experiment_of, experiments_of, title_of
from sweeps.figures import draw_figure
from sweeps.journal import Journal
from sweeps.spec import Sweep
from sweeps.trials import Lenient, keyed
from trainables.errors import UserError
from trainables.fingerprints import fingerprints

SWEEP = Sweep(
    name="demo",
    description="A demonstration.",
    preset="builtin",
    fixed={"num_names": 1},
    axes={"beta": (0.0, 0.01), "seed": (0, 1)},
)


def _trials(sweep=SWEEP):
    return [(trial.key, trial.config) for trial in keyed([sweep], Lenient(fingerprints))]


def _runs(trials, sweeps=("demo",)):
    rows = [
        {"trial_key": key, "run_id": key, "status": "FINISHED", "sweeps": list(sweeps)}
        | config.model_dump()
        for key, config in trials
    ]
    return pl.DataFrame(rows, schema=frame_schema())


@pytest.fixture
def store(monkeypatch):
    """Put runs in the place of the tracking store, and count how often it is read."""
    reads = []

    def put(frame):
        def load(uri, sweep):
            reads.append((uri, sweep))
            return frame

        monkeypatch.setattr(experiments, "load_runs", load)
        return reads

    return put


def _record(results, sweep, keys, command=""):
    event = SweepEvent(
        sweep=sweep.to_dict(), trial_keys=tuple(keys), at=0.0, provenance={"command": command}
    )
    with Journal(results) as journal:
        journal.append(event)


def test_a_sweep_of_the_project_is_known_before_it_runs(store, tmp_path):
    store(_runs([]))
    found = experiment_of("table5", tmp_path, None)
    assert (found.name, found.title, len(found.expected)) == ("table5", "Table 5", 140)
    assert found.frame.is_empty()
    assert found.command == "unremember run table5"
    moved = experiment_of("table5-builtin", tmp_path, None)
    assert {config.model for _, config in moved.expected} == {"builtin"}
    assert moved.title == "Table 5 on the built-in world"
    assert moved.command == "unremember run table5 --data builtin"


def test_a_sweep_is_taken_as_it_was_last_run(store, tmp_path):
    trials = _trials()
    store(_runs(trials))
    _record(
        tmp_path, SWEEP, [key for key, _ in trials], "/opt/bin/unremember run my.yaml --set a=1"
    )
    found = experiment_of("demo", tmp_path, None)
    assert list(found.expected) == trials
    assert found.description == "A demonstration."
    assert found.command == "unremember run my.yaml --set a=1"
    assert len(found.frame) == 4


def test_trials_whose_weights_have_changed_are_known_by_their_settings(store, tmp_path):
    before = [(f"before{i}", config) for i, (_, config) in enumerate(_trials())]
    elsewhere = [(f"other{i}", config) for i, (_, config) in enumerate(_trials())]
    store(pl.concat([_runs(before), _runs(elsewhere)]))
    _record(tmp_path, SWEEP, [key for key, _ in before])
    found = experiment_of("demo", tmp_path, None)
    assert list(found.expected) == before


def test_what_never_ran_keeps_the_key_that_it_has_here(store, tmp_path):
    trials = _trials()
    store(_runs([("old", trials[2][1])]))
    found = experiment_of(SWEEP, tmp_path, None)
    assert [key for key, _ in found.expected] == [trials[0][0], trials[1][0], "old", trials[3][0]]


def test_runs_of_other_sweeps_count_where_the_trial_is_the_same(store, tmp_path):
    trials = _trials()
    shared, own = _runs(trials[:1], ["else"]), _runs(trials[1:2])
    other = _runs([("x", trials[0][1])], ["else"])
    store(pl.concat([shared, own, other]))
    found = experiment_of(SWEEP, tmp_path, None)
    assert found.frame["trial_key"].to_list() == [trials[0][0], trials[1][0]]


def test_a_sweep_that_only_the_store_knows(store, tmp_path):
    store(_runs(_trials(), ["theirs"]))
    found = experiment_of("theirs", tmp_path, "sqlite:///x.db")
    assert (found.expected, found.description, len(found.frame)) == (None, "", 4)
    assert found.command == "unremember run theirs"


def test_several_are_loaded_at_one_reading(store, tmp_path):
    reads = store(_runs([]))
    found = experiments_of(["table5", "table6", SWEEP], tmp_path, "sqlite:///x.db")
    assert list(found) == ["table5", "table6", "demo"]
    assert reads == [("sqlite:///x.db", None)]


def test_a_sweep_that_nobody_knows_is_named(store, tmp_path):
    store(_runs(_trials(), ["theirs"]))
    with pytest.raises(
        UserError, match=r"no sweep 'thiers'.*sqlite:///x.db: did you mean 'theirs'"
    ):
        experiment_of("thiers", tmp_path, "sqlite:///x.db")


def test_titles():
    names = ("table12", "figure3-builtin", "figure3b", "mine")
    assert [title_of(name) for name in names] == [
        "Table 12", "Figure 3 on the built-in world", "figure3b", "mine"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("figur7", None, None), "unknown figure 'figur7': did you mean 'figure7'"),
        (("run-time", None, None), "figure run-time: name the sweep as well"),
        (("figure7", "table5", None), "figure figure7 is the paper's: it takes no sweep"),
        (("figure4", None, None), "Figure 4 of the paper is made of pictures"),
        (("figure7", None, "a.pgn"), "unknown figure format 'pgn'"),
        (("figure7", None, None), "there is no figure7 of table5, table6: no finished trial"),
        (("terms", "figure9", None), "there is no figure 'terms' of figure9: no finished trial"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(store, tmp_path, arguments, sentence):
    store(_runs([]))
    name, spec, out = arguments
    with pytest.raises(UserError, match=sentence):
        draw_figure(name, spec, out and tmp_path / out, results=tmp_path)
    with pytest.raises(UserError, match="unknown spread 'sdt': did you mean 'std'"):
        draw_figure("figure7", None, None, results=tmp_path, spread="sdt")


def test_a_figure_is_written_and_told(store, tmp_path):
    sweep = Sweep(
        name="demo", preset="builtin", axes={"num_names": (1, 2), "beta": (0.0,), "seed": (0,)}
    )
    trials = _trials(sweep)
    runs = _runs(trials).with_columns(idia_tpr=pl.lit(0.5), sim_clean=pl.lit(0.9))
    store(runs)
    _record(tmp_path, sweep, [key for key, _ in trials])
    told = draw_figure("effectiveness", "demo", tmp_path / "a.json", results=tmp_path)
    assert told.startswith("demo: effectiveness\nAttack and similarities against how many names")
    assert told.endswith(f"wrote {tmp_path / 'a.json'}")
    assert (tmp_path / "a.json").read_text().startswith("{")
