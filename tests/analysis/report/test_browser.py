"""The report in a real browser: it draws, sorts, saves and prints, and asks for nothing."""

import json

import altair as alt
import polars as pl
import pytest

from analysis.experiment import Experiment
from analysis.figures.figure import Figure
from analysis.figures.style import styled
from analysis.people import build_people
from analysis.report.page import page_of
from analysis.report.write import index_html, page_html
from tests.browser import CHROMIUM, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

HOSTILE = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">'
HEAD = "#every-trial th:nth-child({})"
CELLS = "[...document.querySelectorAll('#every-trial td:nth-child({})')].map(td => td.innerText)"


@pytest.fixture(scope="module")
def page(make_frame, make_config):
    """Twelve trials of which one failed, and two figures."""
    configs = [{"num_names": n, "seed": seed} for n in (1, 8, 64) for seed in range(4)]
    trials = [
        {
            "trial_key": f"{i:04x}",
            "config": config,
            "metrics": {"idia_tpr": (7 * i % 12) / 12, "sim_clean": 0.98, "trial_s": 20.0 + i},
            "outcomes": [{"person": f"p-{i}{HOSTILE}", "before": 3, "after": i % 2}],
        }
        for i, config in enumerate(configs)
    ]
    trials[5] |= {"status": "FAILED", "metrics": {}, "error": HOSTILE}
    experiment = Experiment(
        name="small",
        title=f"Small {HOSTILE}",
        description=HOSTILE,
        expected=tuple((t["trial_key"], make_config(**t["config"])) for t in trials),
        frame=make_frame(trials),
        command="unremember run small",
    )
    data = pl.DataFrame({"n": [1, 8, 64], "tpr": [0.1, 0.2, 0.3], "what": [HOSTILE, "b", "c"]})
    dots = alt.Chart(data).mark_point().encode(x="n:Q", y="tpr:Q", color="what:N", tooltip="what")
    charts = {"first": dots, "second": dots.properties(width=200, height=1500)}
    figures = [
        Figure(name=name, title=name, caption=HOSTILE, chart=styled(chart), data=data)
        for name, chart in charts.items()
    ]
    return page_of(experiment, build_people(experiment), figures)


@pytest.fixture(scope="module")
def folder(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / page.file).write_text(page_html(page, [("It", HOSTILE)], "now"))
    (folder / "index.html").write_text(index_html([page], HOSTILE, "now"))
    complaining = "<html data-drawn=1><script>console.error(1); nothing()</script>"
    policy = "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'\"><img src=a.png>"
    (folder / "bad.html").write_text(complaining + policy)
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def opened(chromium, folder, page):
    chromium.open((folder / page.file).as_uri())
    return chromium


def test_complaints_would_be_seen(chromium, folder):
    chromium.open((folder / "bad.html").as_uri())
    chromium.wait_until("document.images[0].complete")
    kinds = {event["method"] for event in chromium.complaints()}
    assert {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"} <= kinds


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_are_drawn_without_complaint_or_network(chromium, folder, page, scheme):
    address = (folder / page.file).as_uri()
    chromium.open(address, **{"prefers-color-scheme": scheme})
    points = "[...document.querySelectorAll('.chart')].map(c => c.querySelectorAll('svg.marks " \
        ".mark-symbol.role-mark path').length)"  # fmt: skip
    assert chromium.value(points) == [3, 3]
    assert chromium.complaints() == []
    assert set(chromium.requests()) == {address}
    assert chromium.value("window.hacked") is None


def test_the_overview_leads_to_the_page(chromium, folder, page):
    chromium.open((folder / "index.html").as_uri())
    chromium.value("document.querySelector('.experiments a').click()")
    chromium.wait_until(f"location.pathname.endsWith('/{page.file}') && document.readyState == "
                        "'complete' && document.documentElement.dataset.drawn")  # fmt: skip
    assert chromium.complaints() == []
    assert chromium.value("window.hacked") is None


def test_a_click_sorts_and_another_turns_the_order(opened):
    (column,) = (
        i for i, label in enumerate(opened.value(
            "[...document.querySelectorAll('#every-trial th')].map(th => th.innerText.trim())"
        ), start=1) if label == "IDIA TPR"
    )  # fmt: skip
    before = opened.value(CELLS.format(column))
    numbers = sorted(float(text.rstrip("%")) for text in before if "%" in text)
    orders = {"ascending": numbers, "descending": numbers[::-1]}
    for state, expected in orders.items():
        opened.value(f"document.querySelector('{HEAD.format(column)} button').click()")
        found = opened.value(CELLS.format(column))
        assert [float(text.rstrip("%")) for text in found[:-1]] == expected != before
        assert found[-1] == "–", "what is missing comes last"  # noqa: RUF001
        assert opened.value(f"document.querySelector('{HEAD.format(column)}').ariaSort") == state
        sorted_by = "document.querySelectorAll('#every-trial th:not([aria-sort=none])').length"
        assert opened.value(sorted_by) == 1


def test_the_keyboard_sorts_too(opened):
    opened.value(f"document.querySelector('{HEAD.format(1)} button').focus()")
    opened.press_enter()
    assert opened.value(CELLS.format(1)) == ["failed"] + ["finished"] * 11
    assert opened.value("document.activeElement.textContent") == "State"


@pytest.mark.parametrize("name", ["small-trials.csv", "second.json", "small.csv"])
def test_a_download_is_the_data(opened, folder, page, tmp_path, name):
    files = [page.trials.file, *page.table.files, *page.figures[1].files]
    (expected,) = (each.text for each in files if each.file == name)
    saved = opened.download(f"a[download='{name}']", tmp_path)
    assert saved.decode() == expected
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert opened.complaints() == []


def test_a_link_saves_without_scripts(opened, page, tmp_path):
    opened.value("document.querySelectorAll('a[download]').forEach(a => "
                 "a.replaceWith(a.cloneNode(true)))")  # fmt: skip
    saved = opened.download("a[download='first.json']", tmp_path)
    assert json.loads(saved) == json.loads(page.figures[0].files[1].text)


def test_it_prints_on_pages_of_a4(opened):
    width, height = 1009, 688  # without margins, 96 to the inch
    opened.send("Emulation.setEmulatedMedia", media="print")
    opened.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                deviceScaleFactor=1, mobile=False)  # fmt: skip
    assert opened.value("document.documentElement.scrollWidth") <= width
    heights = opened.value(
        "[...document.querySelectorAll('.chart svg.marks')].map(s => s.clientHeight)"
    )
    assert 0 < min(heights) <= max(heights) <= height
    hidden = ("nav", ".files", "#every-trial", ".chart details")
    assert {opened.value(f"document.querySelector('{each}').offsetHeight") for each in hidden} == {
        0
    }
    assert opened.value("document.querySelector('table.marks').offsetHeight") > 0
    assert opened.pdf().startswith(b"%PDF-")


def test_on_a_narrow_screen_only_tables_scroll(opened):
    opened.send("Emulation.setDeviceMetricsOverride", width=380, height=800, deviceScaleFactor=1,
                mobile=False)  # fmt: skip
    assert opened.value("document.documentElement.scrollWidth") <= 380
