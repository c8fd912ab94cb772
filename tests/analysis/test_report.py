import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import altair as alt
import polars as pl
import pytest

from analysis.experiment import Experiment
from analysis.figures.figure import Figure
from analysis.figures.style import styled
from analysis.layout import Cell, Comparison, Panel, Published, Row, Table
from analysis.people import build_people
from analysis.report.downloads import csv_of, json_of
from analysis.report.grid import grids_of
from analysis.report.intervals import intervals_of
from analysis.report.machines import machines_of
from analysis.report.page import file_of, page_of
from analysis.report.trials import counts_of, trials_of
from analysis.report.verdicts import verdicts_of
from analysis.report.write import index_html, page_html
from trainables.errors import UserError
from trainables.metrics import METRICS
from trainables.presets import preset_fields

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>\'&'
COMMANDS = [("The trials", f"unremember run {HOSTILE}")]
MADE_AT = "2026-11-23 12:00 UTC"
MEASURED = {"idia_tpr": 0.25, "idia_fnr": 0.75, "sim_clean": 0.98, "trial_s": 20.0, "train_s": 15.0}
SEEN = {
    "hostname": "gpu-7", "device": "cuda", "cpu": "a fast one", "commit": "0123abcd",
    "versions": json.dumps({"torch": "2.13.0", "ray": "2.60.0"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def make_experiment(make_frame, make_config):
    """Make an experiment of n = 1, 8 and two seeds from what its trials' runs are, by key."""

    def make(runs, description="", **changes):
        configs = {f"{n}-{seed}": {"num_names": n, "seed": seed} for n in (1, 8) for seed in (0, 1)}
        trials = [
            {"trial_key": key, "config": configs[key], "metrics": MEASURED} | SEEN | run
            for key, run in runs
        ]
        whole = Experiment(
            name="small",
            title="A small one",
            description=description,
            expected=tuple((key, make_config(**config)) for key, config in configs.items()),
            frame=make_frame(trials),
            command="unremember run small",
        )
        return replace(whole, **changes)

    return make


@pytest.fixture(scope="module")
def mixed(make_experiment):
    """One trial of each state."""
    failed = {"status": "FAILED", "metrics": {}, "error": f"the loss became nan {HOSTILE}"}
    outcomes = [{"person": f"p-1{HOSTILE}", "before": 3, "after": 1}]
    runs = [
        ("1-0", {"outcomes": outcomes}),
        ("1-1", failed),
        ("8-0", {"status": "RUNNING", "metrics": {}}),
    ]
    return make_experiment(runs, description=f"What it is for {HOSTILE}")


@pytest.fixture(scope="module")
def figure():
    data = pl.DataFrame({"n": [1, 8], "IDIA TPR": [0.25, 0.5], "what": [HOSTILE, "b"]})
    chart = styled(alt.Chart(data).mark_point().encode(x="n:Q", y="IDIA TPR:Q"))
    return Figure(name="fig", title="A figure", caption=f"By {HOSTILE}.", chart=chart, data=data)


def _page(experiment, figures=()):
    return page_of(experiment, build_people(experiment), figures)


class Elements(HTMLParser):
    """The elements of a page and its texts."""

    def __init__(self, page):
        super().__init__()
        self.found, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]

    @property
    def downloads(self):
        links = [link for link in self.all("a") if "download" in link]
        return {link["download"]: unquote(link["href"].partition(",")[2]) for link in links}


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
    page = _page(mixed)
    assert "intervals" in dict(page.contents)
    assert page.intervals.columns[0] == "IDIA TPR"


@pytest.mark.parametrize("runs", [[], [("1-0", {})]], ids=["nothing", "one trial"])
def test_a_page_of_what_has_hardly_run(make_experiment, runs):
    page = _page(make_experiment(runs))
    written = Elements(page_html(page, COMMANDS, MADE_AT))
    assert page.counts["finished"] == len(runs)
    assert page.counts["missing"] == 4 - len(runs)
    anchors = {link["href"] for link in written.all("a") if link.get("href", "").startswith("#")}
    sections = {f"#{section['id']}" for section in written.all("section")}
    assert anchors == sections
    assert ("#time" in sections) == ("#people" in sections) == bool(runs)


def test_neither_trials_nor_expectations_is_an_error(make_experiment):
    with pytest.raises(UserError, match="'small' has no trials"):
        _page(make_experiment([], expected=None))


def test_nothing_that_is_shown_is_markup(mixed, figure):
    names = {f"p-1{HOSTILE}": f"Ann {HOSTILE}"}
    page = page_of(mixed, build_people(mixed, names), [figure], {"1-1": f"logs/{HOSTILE}"})
    overview = index_html([page], f"unremember report {HOSTILE}", MADE_AT)
    for text in (page_html(page, COMMANDS, MADE_AT), overview):
        written = Elements(text)
        assert not written.all("img")
        assert not any(name.startswith("on") for _, found in written.found for name in found)
        own = [script for script in written.all("script") if "type" not in script]
        assert len(own) == (1 if text is overview else 2)
        assert any(HOSTILE in shown for shown in written.texts)
    words = "".join(Elements(page_html(page, COMMANDS, MADE_AT)).texts)
    for shown in ("What it is for", "the loss became nan", "Ann", "logs/", "By", "run"):
        assert f"{shown} {HOSTILE}" in words or f"{shown}{HOSTILE}" in words


def test_only_the_scripts_of_the_page_may_run(mixed, figure):
    text = page_html(_page(mixed, [figure]), COMMANDS, MADE_AT)
    policy = next(meta["content"] for meta in Elements(text).all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    hashes = re.findall(r"'sha256-([^']*)'", policy)
    assert [base64.b64encode(digest).decode() for digest in digests] == hashes


def test_the_page_holds_its_data(mixed, figure):
    written = Elements(page_html(_page(mixed, [figure]), COMMANDS, MADE_AT)).downloads
    assert sorted(written) == [
        "fig.csv", "fig.json", "small-people.csv", "small-people.json", "small-time.csv",
        "small-time.json", "small-trials.csv", "small.csv", "small.json",
    ]  # fmt: skip
    trials = pl.read_csv(written["small-trials.csv"].encode())
    assert trials["state"].to_list() == ["finished", "failed", "running", "missing"]
    assert json.loads(trials["outcomes"][0]) == [
        {"person": f"p-1{HOSTILE}", "before": 3, "after": 1}
    ]
    assert pl.read_csv(written["fig.csv"].encode()).equals(figure.data)
    assert json.loads(written["fig.json"]) == figure.data.to_dicts()
    assert json.loads(written["small.json"])["name"] == "small"


def test_files_keep_what_is_no_number():
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), -float("inf"), None], "l": [[1]] * 4})
    assert json.loads(json_of("a", frame).text) == [
        {"x": value, "l": [1]} for value in ("NaN", "Infinity", "-Infinity", None)
    ]
    assert csv_of("a", frame).text == "x,l\nNaN,[1]\ninf,[1]\n-inf,[1]\n,[1]\n"


def test_the_same_experiment_gives_the_same_page(make_experiment, figure):
    pages = [_page(make_experiment([("1-0", {}), ("1-1", {})]), [figure]) for _ in range(2)]
    first, second = (page_html(page, COMMANDS, MADE_AT) for page in pages)
    assert first == second
    assert index_html(pages[:1], "c", MADE_AT) == index_html(pages[1:], "c", MADE_AT)


def test_the_built_in_world_is_never_compared(make_experiment, make_config):
    page = _page(make_experiment([("1-0", {})]))
    assert "never compared" in page.not_compared
    assert "papers" not in dict(page.contents)
    profile = make_config(data="/there/data.yaml")
    other = _page(make_experiment([], expected=(("k", profile),)))
    assert other.not_compared == "The papers print no numbers for these settings."


def test_what_the_paper_prints_stands_beside_ours(make_experiment, make_config, make_frame):
    paper = {"model": "ViT-B-32", "pretrained": "laion400m_e32", "data": "/there/data.yaml"}
    paper |= preset_fields("ecai2024", "text", "ViT-B-32")
    configs = {"ours": paper | {"beta": 0.0}, "other": paper | {"alpha": 0.3}}
    runs = [{"trial_key": key, "config": configs[key], "metrics": MEASURED} for key in configs]
    expected = tuple((key, make_config(**config)) for key, config in configs.items())
    page = _page(make_experiment([], expected=expected, frame=make_frame(runs)))
    assert len(page.grids) == 2
    ((title, _rows),) = page.verdicts.panels
    assert title == "alpha 0.6, without weight regularization (β = 0)"
    assert page.verdicts.counts["undecided"] > 0
    assert page.verdicts.counts["not yet run"] > 0, "no accuracy was measured"
    assert title in page.compared.html
    assert "alpha 0.3" not in page.compared.html.partition("</tbody>")[0]
    written = "".join(Elements(page_html(page, COMMANDS, MADE_AT)).texts)
    assert f"Of {page.verdicts.total} cells that a paper prints, " in written


def test_a_sweep_called_index_does_not_take_the_overview_s_place():
    assert [file_of(name) for name in ("table5", "index", "Index")] == [
        "table5.html", "_index.html", "_index.html",
    ]  # fmt: skip
