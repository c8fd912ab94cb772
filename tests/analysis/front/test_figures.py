"""The figures and pages of searches."""

import itertools
import json
import re
from dataclasses import replace

import optuna
import pytest

from analysis.figures.write import spec_of, write_figure
from analysis.front.figures import figures_of_front
from analysis.front.page import front_page
from analysis.front.parallel import lines_frame
from analysis.front.scatter import num_outside, points_of
from analysis.front.searched import Scale
from analysis.front.view import view_of
from tests.analysis.front.fixtures import (
    CLEAN,
    EIGHT,
    OTHERS,
    TIME,
    candidate,
    drawn,
    searched,
)

HOSTILE = '</script><b>&"β'


@pytest.fixture(scope="module")
def view():
    return view_of(drawn())


@pytest.fixture(scope="module")
def figures(view):
    return {figure.name: figure for figure in figures_of_front(view)}


def test_a_search_is_drawn_in_four_ways(figures):
    assert list(figures) == ["try-front", "try-hypervolume", "try-importances", "try-parallel"]
    for figure in figures.values():
        assert figure.title.startswith("try: ")
        assert figure.caption.endswith(".")
        assert spec_of(figure.chart)["description"].endswith(figure.caption)


def test_each_can_be_written(figures, tmp_path):
    for name, suffix in itertools.product(figures, ("svg", "pdf", "png")):
        write_figure(figures[name].chart, tmp_path / f"{name}.{suffix}")
        assert (tmp_path / f"{name}.{suffix}").stat().st_size > 1000


@pytest.mark.parametrize("goals", [(CLEAN,), (OTHERS, CLEAN), (OTHERS, CLEAN, TIME)])
def test_each_pair_of_objectives_has_a_panel(goals):
    figure = figures_of_front(view_of(searched(EIGHT, goals=goals)))[0]
    text = json.dumps(spec_of(figure.chart))
    num_pairs = max(1, len(goals) * (len(goals) - 1) // 2)
    # A panel names its chosen candidate once.
    assert len(re.findall(r'"type": "text"', text)) == num_pairs
    assert ("step-before" in text) == (len(goals) == 2)


def test_the_front_steps_to_where_nothing_is_promised():
    figure = figures_of_front(view_of(searched(EIGHT, goals=(TIME, CLEAN))))[0]
    assert "step-after" in json.dumps(spec_of(figure.chart))


def test_points_know_what_they_are():
    points = points_of(view_of(searched(EIGHT)))
    kinds = dict(points.select("candidate", "kind").rows())
    assert kinds == {
        0: "front", 1: "dominated", 2: "chosen", 3: "dominated", 4: "infeasible", 6: "front",
    }  # fmt: skip
    ends = points.filter(candidate=6).row(0, named=True)
    assert (ends["others_tpr_low"], ends["others_tpr_high"]) == (pytest.approx(0.99), 1.0)
    assert points.filter(candidate=1)["others_tpr_low"].to_list() == [None]


def test_what_lies_beyond_the_axes_is_counted():
    far = [*EIGHT, candidate(8, 0.1, 0.99, feasible=False), candidate(9, 0.1, 0.1, feasible=False)]
    view = view_of(searched(far))
    assert num_outside(view, points_of(view)) == 2
    assert "Beyond the axes: 2." in figures_of_front(view)[0].caption
    assert "Beyond" not in figures_of_front(view_of(searched(EIGHT)))[0].caption


def test_one_bad_candidate_does_not_press_the_front_into_a_corner():
    close = [candidate(i, 0.9 + 0.01 * i, 0.99 - 0.01 * i) for i in range(8)]
    view = view_of(searched([*close, candidate(8, 0.1, 0.5)]))
    assert num_outside(view, points_of(view)) == 1
    spec = json.dumps(spec_of(figures_of_front(view)[0].chart))
    lows = [float(low) for low in re.findall(r'"domain": \[(\d[^,]*),', spec)]
    assert min(lows) >= 0.85
    # Of the front nothing is left out, however far from the others it is.
    far = view_of(searched([*close, candidate(8, 0.1, 1.0)]))
    assert num_outside(far, points_of(far)) == 0


def test_a_mark_at_the_end_of_an_axis_is_whole():
    figure = figures_of_front(view_of(searched(EIGHT)))[0]
    marks = re.findall(r'"mark": \{"type": "point"[^}]*\}', json.dumps(spec_of(figure.chart)))
    assert len(marks) == 4
    assert not any('"clip": true' in mark for mark in marks)


def test_lines_pass_each_axis_at_the_height_of_their_value():
    scales = (
        Scale(name="alpha", low=1.0, high=4.0, log=True),
        Scale(name="term", choices=("a", "b", "c")),
        Scale(name="fixed", low=1.0, high=1.0),
        Scale(name="lr_factor", low=0.0, high=0.5),
    )
    params = {"alpha": 2.0, "term": "c", "fixed": 1.0}
    found = [
        candidate(0, 0.9, 0.9, params=params),
        candidate(1, 1.0, 0.8, params=params | {"lr_factor": 0.25}),
    ]
    lines = lines_frame(view_of(searched(found, scales=scales)))
    heights = [dict(lines.filter(candidate=i).select("axis", "height").rows()) for i in (0, 1)]
    assert heights[1] == {
        "alpha": 0.5, "term": 1.0, "fixed": 0.5, "lr_factor": 0.5, "others_tpr": 1.0,
        "sim_clean": 0.0,
    }  # fmt: skip
    assert heights[0]["lr_factor"] < 0.0


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        ((), []),
        ((EIGHT[5], EIGHT[7]), []),
        ((EIGHT[4],), ["try-front", "try-hypervolume"]),
        (EIGHT[:1], ["try-front", "try-hypervolume", "try-parallel"]),
    ],
)
def test_only_what_there_is_is_drawn(candidates, names, tmp_path):
    figures = figures_of_front(view_of(searched(candidates)))
    assert [figure.name for figure in figures] == names
    for figure in figures:
        write_figure(figure.chart, tmp_path / f"{figure.name}.svg")


def test_metrics_without_importances_are_named():
    caption = figures_of_front(view_of(drawn()))[2].caption
    assert "Left out: IDIA TPR" in caption
    assert "PED-ANOVA" in caption
    assert "The best tenth of 40 is small: a hint, no more." in caption


def test_the_page_holds_all_of_it(view, figures):
    page = front_page(view, list(figures.values()), "unremember front try", "now")
    assert "<h1>Search try</h1>" in page
    assert page.count('class="chart"') == 4
    assert re.search(r"(src|href)=[\"']https?:", page) is None
    for name in ("try-front.csv", "try-front.json", "try-parallel.csv"):
        assert f'download="{name}"' in page
    assert f"◆ {view.chosen}" in page
    assert "by the rule knee" in page


def test_nothing_in_a_page_is_taken_for_markup():
    search = replace(searched(EIGHT), description=HOSTILE)
    params = {"alpha": 1.0, "lr_schedule": "constant", "lr_factor": 0.1}
    hostile = [replace(each, params=params) for each in EIGHT]
    view = view_of(replace(search, candidates=tuple(hostile)))
    page = front_page(view, figures_of_front(view), HOSTILE, HOSTILE)
    assert "<b>" not in page
    assert page.count("</script>") == page.count("<script")


def test_the_same_search_is_drawn_alike(figures):
    again = figures_of_front(view_of(drawn(sampler=optuna.samplers.RandomSampler(seed=0))))
    for figure in again:
        assert spec_of(figure.chart) == spec_of(figures[figure.name].chart)
