import csv
import io
import json

import pytest

from analysis.figures.write import write_figure
from analysis.front.compare import (
    contest_csv,
    contest_figure,
    contest_json,
    contest_markdown,
    contest_of,
    contest_text,
)
from analysis.front.page import contest_page
from analysis.front.searched import Bound
from tests.analysis.front.fixtures import CLEAN, EIGHT, candidate, searched
from trainables.errors import UserError


def repeat(sampler, seed, others, num_candidates=3, **changes):
    found = [candidate(i, others, 0.5 + 0.1 * i) for i in range(num_candidates)]
    name = f"{sampler}-{seed}"
    return searched(found, name=name, sampler=sampler, sampler_seed=seed, **changes)


@pytest.fixture(scope="module")
def contest():
    return contest_of(
        [repeat("tpe", 0, 1.0), repeat("tpe", 1, 0.5), repeat("random", 0, 0.5, 5),
         repeat("random", 1, 0.6)]
    )  # fmt: skip


def test_searches_are_compared_at_the_length_of_the_shortest(contest):
    assert contest.length == 3
    assert contest.by_series == {
        "tpe": {0: pytest.approx(0.7), 1: pytest.approx(0.35)},
        "random": {0: pytest.approx(0.35), 1: pytest.approx(0.42)},
    }


def test_the_text_says_who_has_more(contest):
    text = " ".join(contest_text(contest).split())
    assert " tpe-0 tpe 0 3 3 1 0.7000 tpe-1 tpe 1 3 3 1 0.3500 " in text
    assert "tpe 0.5250 ± 0.2475 (n = 2); random 0.3850 ± 0.0495 (n = 2)." in text
    assert "tpe has more than random at 1 of 2 seeds, and less at 1." in text
    assert "after 3 candidates of each search" in text


def test_searches_that_differ_otherwise_stand_for_themselves():
    one, other = repeat("tpe", 0, 1.0, setup="a"), repeat("tpe", 1, 0.5, setup="b")
    found = contest_of([one, other])
    assert list(found.by_series) == ["tpe-0", "tpe-1"]
    assert "none repeats another" in contest_text(found)
    same = contest_of([repeat("tpe", 0, 1.0), repeat("tpe", 0, 0.5, description="again")])
    assert not same.are_repeats


def test_samplers_without_a_seed_in_common_are_not_paired():
    found = contest_of([repeat("tpe", 0, 1.0), repeat("random", 1, 0.5)])
    assert "seeds, and less" not in contest_text(found)


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
    assert [row["candidates"] for row in rows] == ["3", "3", "5", "3"]
    found = json.loads(contest_json(contest))
    assert [len(each["curve"]) for each in found["searches"]] == [3, 3, 5, 3]
    assert contest_markdown(contest).startswith("| Search | Sampler | Sampler seed |")


def test_it_is_drawn_by_sampler(contest, tmp_path):
    figure = contest_figure(contest)
    assert figure.data["series"].unique(maintain_order=True).to_list() == ["tpe", "random"]
    assert figure.data["candidates"].max() == 3
    write_figure(figure.chart, tmp_path / "contest.pdf")
    page = contest_page(contest, [figure], "unremember front tpe-0", "now")
    assert "<h1>Searches beside each other</h1>" in page
    assert 'download="searches.csv"' in page


def test_a_search_without_candidates_ends_the_comparison_at_none():
    found = contest_of([searched(()), searched(EIGHT, name="other", sampler="random")])
    assert found.length == 0
    assert set(found.by_series) == {"tpe", "random"}
    assert contest_figure(found).data.is_empty()
