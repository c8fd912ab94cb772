"""The hypervolume over candidates: what is drawn of it, and what its caption admits."""

import json

import pytest

from analysis.figures.write import spec_of
from analysis.front.curves import curves_chart, curves_frame, cut_text


def drawn(curve):
    """What a chart of one search holds, as text, and its vertical axis."""
    data = curves_frame({("tpe", "tpe-0"): curve})
    spec = spec_of(curves_chart(data))
    line = spec["vconcat"][0]["layer"][0]
    points = spec["datasets"][line["data"]["name"]]
    scales = {name: line["encoding"][name]["scale"]["domain"] for name in ("x", "y")}
    return points, scales, cut_text(data)


def test_the_first_rise_is_drawn():
    points, scales, words = drawn([0.2, 0.2, 0.6])
    assert [(each["candidates"], each["hypervolume"]) for each in points] == [
        (0, 0.0), (1, 0.2), (2, 0.2), (3, 0.6),
    ]  # fmt: skip
    assert scales["y"][0] == 0
    assert words == []


def test_where_the_axis_does_not_start_at_nothing_it_is_said():
    curve = [0.0, 0.5, 0.7] + [0.75 + 0.001 * i for i in range(37)]
    _, scales, words = drawn(curve)
    assert scales["y"][0] == pytest.approx(0.75)
    assert words == ["The vertical axis starts at 0.75: below it lines are cut off."]


def test_few_candidates_are_counted_whole():
    data = curves_frame({("tpe", "tpe-0"): [0.4]})
    text = json.dumps(spec_of(curves_chart(data)))
    assert '"values": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]' in text
