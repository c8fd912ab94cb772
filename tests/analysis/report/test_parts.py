"""What a page of the report is made of."""

import json
from dataclasses import replace

from analysis.layout import Cell, Comparison, Panel, Published, Row, Table
from analysis.report.grid import grids_of
from analysis.report.intervals import intervals_of
from analysis.report.machines import machines_of
from analysis.report.trials import counts_of, trials_of
from analysis.report.verdicts import verdicts_of
from tests.analysis.report.small import MEASURED, made_page
from trainables.metrics import METRICS


def test_each_trial_is_in_one_state(mixed):
    trials = trials_of(mixed)
    assert dict(trials.select("trial_key", "state").iter_rows()) == {
        "1-0": "finished", "1-1": "failed", "8-0": "running", "8-1": "missing",
    }  # fmt: skip
    assert counts_of(trials) == {"finished": 1, "failed": 1, "running": 1, "missing": 1}
    assert trials["duration_s"].to_list() == [20.0, 30.0, 30.0, None]


def test_the_run_that_finished_counts_whatever_came_after(make_experiment):
    runs = [("1-0", {}), ("1-0", {"status": "FAILED", "metrics": {}, "error": "late"})]
    first = trials_of(make_experiment(runs)).row(0, named=True)
    assert (first["state"], first["error"], first["duration_s"]) == ("finished", None, 20.0)


def test_a_run_without_a_record_has_failed(make_experiment):
    first = trials_of(make_experiment([("1-0", {"metrics": {}})])).row(0, named=True)
    assert (first["state"], first["error"]) == ("failed", "it ended without a record")


def test_of_trials_with_one_seed_the_grid_shows_the_worse(make_experiment, make_config):
    whole = make_experiment([("1-0", {})])
    twin = ("on-other-weights", make_config(num_names=1, seed=0))
    (grid,) = grids_of(trials_of(replace(whole, expected=(*whole.expected, twin))))
    assert grid.seeds == (0, 1)
    assert grid.rows == ((1, ("missing", "missing")), (8, ("missing", "missing")))


def test_what_was_never_asked_for_is_no_missing_trial(make_experiment):
    whole = make_experiment([("1-0", {})])
    (grid,) = grids_of(trials_of(replace(whole, expected=whole.expected[:3])))
    assert grid.rows == ((1, ("finished", "missing")), (8, ("missing", None)))


def test_mixed_code_and_machines_are_said(make_experiment):
    other = {"commit": "4567", "versions": json.dumps({"torch": "2.14.0"}), "hostname": "gpu-8"}
    found = machines_of(trials_of(make_experiment([("1-0", {}), ("1-1", other)])))
    assert found.mixed == ("2 commits of the code", "2 versions of torch")
    versions = {fact.label: fact.values for fact in found.code}
    assert versions["torch"] == (("2.13.0", 1), ("2.14.0", 1))
    assert versions["ray"] == (("2.60.0", 1), ("not recorded", 1))
    alike = machines_of(trials_of(make_experiment([("1-0", {}), ("1-1", {})])))
    assert (alike.mixed, alike.code[0].values) == ((), (("0123abcd", 2),))


def test_time_and_energy_are_of_finished_trials(make_experiment):
    runs = [
        ("1-0", {"metrics": MEASURED | {"energy_j": 1200.0}}),
        ("1-1", {"metrics": MEASURED | {"trial_s": 4000.0}}),
        ("8-0", {"status": "FAILED", "metrics": {}}),
    ]
    durations = dict(machines_of(trials_of(make_experiment(runs))).durations)
    assert durations["Of all finished trials together"] == "1:07:00 (h:min:s)"
    assert durations["Of a trial"] == "median 2,010.0 s, from 20.0 s to 4,000.0 s"
    assert durations["Energy"] == "1,200 J, known of 1 of 2 trials"


def _table(*rows):
    columns = (METRICS["idia_tpr"], METRICS["sim_clean"])
    lines = tuple(Row(num_names=n, n=2, num_expected=2, cells=cells) for n, cells in rows)
    panel = Panel(title="without", keys={"beta": 0.0}, rows=lines)
    return Table(
        name="t", title="t", caption="", row_header="Names", columns=columns, panels=(panel,)
    )


def _cell(verdict=None, **changes):
    published = Published(mean=0.0, std=0.0, n=10, source="a paper")
    comparison = Comparison(
        published=published, difference=None, welch_p=None, tost_p=None, margin=0.01,
        verdict=verdict,
    )  # fmt: skip
    return Cell(mean=0.5, std=0.1, n=2, unit="share", comparison=comparison, **changes)


def test_verdicts_are_counted_where_something_is_published():
    plain = Cell(mean=0.5, std=0.1, n=2, unit="similarity")
    found = verdicts_of(
        _table((1, (_cell("agrees"), plain)), (8, (_cell(), plain)), (64, (plain, None)))
    )
    assert found.columns == ("IDIA TPR",)
    assert found.panels == (("without", (("1", ("agrees",)), ("8", ("not yet run",)))),)
    assert found.counts == {"agrees": 1, "differs": 0, "undecided": 0, "not yet run": 1}
    assert verdicts_of(_table((1, (plain, None)))).total == 0


def test_a_table_without_intervals_has_none(mixed):
    assert intervals_of(_table((1, (_cell(), None)))).rows == ()
    page = made_page(mixed)
    assert "intervals" in dict(page.contents)
    assert page.intervals.columns[0] == "IDIA TPR"
