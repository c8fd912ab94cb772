import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import altair as alt
import polars as pl
import pytest

from analysis.figures.figure import Figure
from analysis.figures.style import styled
from analysis.people import build_people
from analysis.report.downloads import csv_of, json_of
from analysis.report.page import file_of, page_of
from analysis.report.write import index_html, page_html
from tests.analysis.report.small import HOSTILE, MEASURED, made_page
from trainables.errors import UserError
from trainables.presets import preset_fields

COMMANDS = [("The trials", f"unremember run {HOSTILE}")]
MADE_AT = "2026-11-23 12:00 UTC"


@pytest.fixture(scope="module")
def figure():
    data = pl.DataFrame({"n": [1, 8], "IDIA TPR": [0.25, 0.5], "what": [HOSTILE, "b"]})
    chart = styled(alt.Chart(data).mark_point().encode(x="n:Q", y="IDIA TPR:Q"))
    return Figure(name="fig", title="A figure", caption=f"By {HOSTILE}.", chart=chart, data=data)


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


@pytest.mark.parametrize("runs", [[], [("1-0", {})]], ids=["nothing", "one trial"])
def test_a_page_of_what_has_hardly_run(make_experiment, runs):
    page = made_page(make_experiment(runs))
    written = Elements(page_html(page, COMMANDS, MADE_AT))
    assert page.counts["finished"] == len(runs)
    assert page.counts["missing"] == 4 - len(runs)
    anchors = {link["href"] for link in written.all("a") if link.get("href", "").startswith("#")}
    sections = {f"#{section['id']}" for section in written.all("section")}
    assert anchors == sections
    assert ("#time" in sections) == ("#people" in sections) == bool(runs)


def test_neither_trials_nor_expectations_is_an_error(make_experiment):
    with pytest.raises(UserError, match="'small' has no trials"):
        made_page(make_experiment([], expected=None))


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
    text = page_html(made_page(mixed, [figure]), COMMANDS, MADE_AT)
    policy = next(meta["content"] for meta in Elements(text).all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    hashes = re.findall(r"'sha256-([^']*)'", policy)
    assert [base64.b64encode(digest).decode() for digest in digests] == hashes


def test_the_page_holds_its_data(mixed, figure):
    written = Elements(page_html(made_page(mixed, [figure]), COMMANDS, MADE_AT)).downloads
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
    pages = [made_page(make_experiment([("1-0", {}), ("1-1", {})]), [figure]) for _ in range(2)]
    first, second = (page_html(page, COMMANDS, MADE_AT) for page in pages)
    assert first == second
    assert index_html(pages[:1], "c", MADE_AT) == index_html(pages[1:], "c", MADE_AT)


def test_the_built_in_world_is_never_compared(make_experiment, make_config):
    page = made_page(make_experiment([("1-0", {})]))
    assert "never compared" in page.not_compared
    assert "papers" not in dict(page.contents)
    profile = make_config(data="/there/data.yaml")
    other = made_page(make_experiment([], expected=(("k", profile),)))
    assert other.not_compared == "The papers print no numbers for these settings."


def test_what_the_paper_prints_stands_beside_ours(make_experiment, make_config, make_frame):
    paper = {"model": "ViT-B-32", "pretrained": "laion400m_e32", "data": "/there/data.yaml"}
    paper |= preset_fields("ecai2024", "text", "ViT-B-32")
    configs = {"ours": paper | {"beta": 0.0}, "other": paper | {"alpha": 0.3}}
    runs = [{"trial_key": key, "config": configs[key], "metrics": MEASURED} for key in configs]
    expected = tuple((key, make_config(**config)) for key, config in configs.items())
    page = made_page(make_experiment([], expected=expected, frame=make_frame(runs)))
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
