"""The pages of searches in a real browser: they draw, ask for nothing, and run only their own."""

import html
import re
from dataclasses import replace

import pytest

from analysis.front.compare import contest_of
from analysis.front.figures import contest_figure, figures_of_front
from analysis.front.page import contest_page, front_page
from analysis.front.view import view_of
from tests.analysis.front.fixtures import drawn
from tests.browser import CHROMIUM, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

FOREIGN = "<script>window.foreign = 1</script>"


@pytest.fixture(scope="module")
def pages():
    view = view_of(drawn())
    contest = contest_of([view.search, replace(view.search, name="again", sampler="random")])
    return {
        "front": front_page(view, figures_of_front(view), "unremember front", "now"),
        "searches": contest_page(contest, [contest_figure(contest)], "unremember front", "now"),
    }


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.parametrize(("name", "num_figures"), [("front", 4), ("searches", 1)])
def test_it_is_drawn_without_complaint_or_network(chromium, pages, tmp_path, name, num_figures):
    path = tmp_path / f"{name}.html"
    path.write_text(pages[name])
    chromium.open(path.as_uri())
    assert chromium.value("document.querySelectorAll('.chart svg.marks').length") == num_figures
    assert chromium.complaints() == []
    assert set(chromium.requests()) == {path.as_uri()}


def test_the_policy_names_each_script_and_stops_any_other(chromium, pages, tmp_path):
    for page in pages.values():
        (policy,) = re.findall(r"script-src ([^;]*);", html.unescape(page))
        assert policy.count("'sha256-") == page.count("<script>") == 2
        assert "unsafe-inline" not in policy
    path = tmp_path / "foreign.html"
    before, end, after = pages["front"].rpartition("</body>")
    path.write_text(f"{before}{FOREIGN}{end}{after}")
    chromium.open(path.as_uri())
    assert chromium.value("window.foreign") is None
    assert any("Content Security Policy" in str(each) for each in chromium.complaints())
