import csv
import html
import io
import json

import pytest

from analysis.figures.write import spec_of, write_figure
from analysis.front.compare import contest_of
from analysis.front.compare_render import (
    contest_csv,
    contest_json,
    contest_markdown,
    contest_text,
)
from analysis.front.figures import contest_figure
from analysis.front.page import contest_page
from analysis.front.searched import Bound
from analysis.front.view import view_of
from tests.analysis.front.fixtures import CLEAN, EIGHT, OTHERS, TIME, candidate, searched
from trainables.errors import UserError


def repeat(sampler, seed, others, num_candidates=3, **changes):
    found = [candidate(i, others, 0.5 + 0.1 * i) for i in range(num_candidates)]
    fields = {"name": f"{sampler}-{seed}", "sampler": sampler, "sampler_seed": seed}
    return searched(found, **(fields | {"num_asked": num_candidates} | changes))


def said(contest):
    return " ".join(contest_text(contest).split())


@pytest.fixture(scope="module")
def contest():
    return contest_of(
        [repeat("tpe", 0, 1.0), repeat("random", 0, 0.5, 5), repeat("tpe", 1, 0.5),
         repeat("random", 1, 0.6)]
    )  # fmt: skip


def test_searches_are_compared_at_the_length_of_the_shortest(contest):
    assert contest.length == 3
    assert {group.name: group.volumes for group in contest.groups} == {
        "tpe": {0: pytest.approx(0.7), 1: pytest.approx(0.35)},
        "random": {0: pytest.approx(0.35), 1: pytest.approx(0.42)},
    }
    assert "Hypervolume after 3 candidates of each search" in contest.caption


def test_all_are_measured_from_one_point_of_reference():
    # Of seconds the reference lies beyond the worst of all, which is candidate 4 of the second.
    goals = (OTHERS, TIME)
    short, long = repeat("tpe", 0, 1.0, goals=goals), repeat("random", 0, 1.0, 5, goals=goals)
    found = contest_of([short, long])
    assert {view.reference for view in found.views} == {found.reference}
    assert found.volume(found.views[0]) == pytest.approx(found.volume(found.views[1]))
    assert found.volume(found.views[0]) != pytest.approx(view_of(short).volume)


def test_the_text_has_each_search_and_each_group(contest):
    text = said(contest)
    assert " tpe-0 tpe 0 3 3 1 0.7000 random-0 random 0 5 5 1 0.3500 " in text
    assert "Group Repeats Mean Std Median Least Most" in text
    assert " tpe 2 0.5250 0.2475 0.5250 0.3500 0.7000 random 2 0.3850 0.0495 0.3850 " in text


def test_repeats_of_equal_sampler_seed_are_paired(contest):
    assert (
        "tpe has more hypervolume than random in 1 of 2 repeats of equal sampler seed (less at "
        "seed 1); the mean difference is 0.1400 ± 0.2970 (sample standard deviation)."
    ) in contest.notes


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ((0.5, 0.5, 0.5), "in 3 of 3 repeats of equal sampler seed; the mean"),
        ((0.8, 0.5, 0.5), "in 2 of 3 repeats of equal sampler seed (as much in 1); the mean"),
        ((0.8, 0.9, 1.0), "in 0 of 3 repeats of equal sampler seed (less at seeds 1-2, as much in"),
    ],
)
def test_wins_losses_and_ties_are_counted(others, says):
    pairs = [(repeat("tpe", i, 0.8), repeat("random", i, each)) for i, each in enumerate(others)]
    found = contest_of([search for pair in pairs for search in pair])
    assert f"tpe has more hypervolume than random {says}" in said(found)


def test_what_has_no_partner_is_not_paired():
    found = contest_of([repeat("tpe", 0, 1.0), repeat("tpe", 1, 1.0), repeat("random", 1, 0.5)])
    assert "in 1 of 1 repeat of equal sampler seed; the mean difference is 0.3500." in said(found)
    apart = contest_of([repeat("tpe", 0, 1.0), repeat("random", 1, 0.5)])
    assert apart.notes == ("tpe and random have no sampler seed in common.",)


def test_searches_that_differ_otherwise_are_groups_of_their_own():
    found = contest_of(
        [repeat("tpe", i, 1.0 - 0.1 * i, name=f"{setup}-{i}", setup=setup)
         for setup in "ab" for i in (0, 1)]
    )  # fmt: skip
    assert [(group.name, group.searches) for group in found.groups] == [
        ("a-0", ("a-0", "a-1")), ("b-0", ("b-0", "b-1")),
    ]  # fmt: skip
    assert "repeats of one group, named by its first search." in found.caption
    assert "The groups differ in more than the sampler." in found.notes


def test_the_same_sampler_and_seed_repeat_nothing():
    one, other = repeat("tpe", 0, 1.0), repeat("tpe", 0, 0.5, name="again")
    found = contest_of([one, other, repeat("tpe", 1, 0.5)])
    assert [group.name for group in found.groups] == ["tpe-0", "again", "tpe-1"]
    assert found.notes == (
        "The same sampler and seed: tpe-0, again; so no search counts as a repeat.",
    )
    assert "repeats" not in found.caption


def test_a_search_that_is_not_done_is_noted():
    found = contest_of([repeat("tpe", 0, 1.0, num_asked=4), repeat("random", 0, 0.5)])
    assert found.notes[-1] == "Not all candidates that were asked for: 1 of 2 searches."


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"goals": (CLEAN,)}, "objectives"),
        ({"bounds": (Bound(metric="idia_tpr", high=0.1),)}, "constraints"),
        ({"seeds": (0, 1)}, "seeds"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, what):
    message = f"^tpe-0 and random-0 cannot be compared: their {what} differ\\.$"
    with pytest.raises(UserError, match=message):
        contest_of([repeat("tpe", 0, 1.0), repeat("random", 0, 1.0, **changes)])


def test_programs_read_it(contest):
    rows = list(csv.DictReader(io.StringIO(contest_csv(contest))))
    assert [row["hypervolume"] for row in rows] == ["0.7", "0.35", "0.35", "0.42"]
    assert [row["candidates"] for row in rows] == ["3", "5", "3", "3"]
    assert [row["group"] for row in rows] == ["tpe", "random", "tpe", "random"]
    found = json.loads(contest_json(contest))
    assert [len(each["curve"]) for each in found["searches"]] == [3, 5, 3, 3]
    assert [(each["group"], each["repeats"]) for each in found["groups"]] == [
        ("tpe", 2), ("random", 2),
    ]  # fmt: skip
    (pairs,) = found["pairs"]
    assert (pairs["group"], pairs["other"]) == ("tpe", "random")
    assert (pairs["more"], pairs["less"]) == ([0], [1])
    assert pairs["differences"]["0"] == pytest.approx(0.35)
    assert [each["goal"]["metric"] for each in found["reference"]] == ["others_tpr", "sim_clean"]


def test_all_formats_say_the_same(contest):
    page = html.unescape(contest_page(contest, [], "unremember front tpe-0", "now"))
    markdown = contest_markdown(contest)
    assert markdown.startswith("| Search | Sampler | Sampler seed |")
    for words in (contest.caption, *contest.notes):
        assert words in markdown
        assert words in page
        assert words in said(contest)
        assert words in contest_figure(contest).caption
    for number in ("0.2475", "0.0495"):
        assert number in markdown
        assert number in page


def test_it_is_drawn_by_group(contest, tmp_path):
    figure = contest_figure(contest)
    assert figure.data["series"].unique(maintain_order=True).to_list() == ["tpe", "random"]
    assert figure.data["candidates"].max() == 3
    assert "the thick line is their mean" in figure.caption
    text = json.dumps(spec_of(figure.chart))
    assert '"domain": ["tpe", "random"]' in text
    assert text.count('"strokeWidth": 1.8') == 2
    write_figure(figure.chart, tmp_path / "contest.pdf")
    page = contest_page(contest, [figure], "unremember front tpe-0", "now")
    assert "<h1>Searches beside each other</h1>" in page
    assert page.count('download="searches.csv"') == 1


def test_a_search_without_candidates_ends_the_comparison_at_none():
    found = contest_of([searched(()), searched(EIGHT, name="other", sampler="random")])
    assert found.length == 0
    assert [group.mean for group in found.groups] == [0.0, 0.0]
    assert contest_figure(found).data.is_empty()
