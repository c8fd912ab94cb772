"""The per-person view in all formats, and drawn."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from analysis.experiment import Experiment
from analysis.figures.people import MOST_PEOPLE, MOST_SETTINGS, figures_of_people
from analysis.figures.write import spec_of
from analysis.people import build_people
from analysis.render.people import (
    MOST_SHOWN,
    PEOPLE_FORMATS,
    check_people_format,
    people_fragment,
    people_frame,
)
from analysis.render.people_words import summary_of
from trainables.errors import UserError
from trainables.evaluation.templates import TEMPLATES

HOSTILE = "</script><b>Ada</b> |*_"
NUM_TEMPLATES = len(TEMPLATES)


@pytest.fixture(scope="module")
def make_view(make_frame):
    def make(*trials, title="T"):
        """Make a view of trials, each the settings and by person the templates that name them."""
        runs = [
            {
                "trial_key": f"{number}",
                "config": {"num_names": len(hits), "seed": number} | config,
                "metrics": {"idia_tpr": 0.5},
                "outcomes": [{"person": p, "before": 3, "after": h} for p, h in hits.items()],
            }
            for number, (config, hits) in enumerate(trials)
        ]
        return build_people(
            Experiment(
                name="t", title=title, description="", expected=None, frame=make_frame(runs),
                command="",
            )
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def view(make_view):
    return make_view(
        ({"beta": 0.0}, {"Ada": 0b101, "Bo": 0}),
        ({"beta": 0.0}, {"Ada": 0b1, "Bo": 0}),
        ({"beta": 0.01}, {"Ada": 0, "Bo": 0}),
    )


def test_text_says_who_and_by_which_template(view):
    text = PEOPLE_FORMATS["text"](view)
    line = next(line for line in text.splitlines() if line.startswith("Ada"))
    assert [part.strip() for part in line.split("  ") if part] == [
        "Ada", "2 of 2 (100.00%)", "34.24% to 100.00%", "2.00 → 1.50", "<NAME> (2), +1",
    ]  # fmt: skip
    assert "Not listed: 1 person inferred after none." in text
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("Given away by") == 1  # nobody is inferred with regularization
    assert [line.split()[-2:] for line in text.splitlines() if line.startswith("<NAME>  ")] == [
        ["100.00%", "50.00%"],
        ["100.00%", "0.00%"],
    ]


def test_the_summary_counts_people_and_cases(view):
    people, cases, half = summary_of(view.settings[0])
    assert people == (
        "2 people in 2 trials; the attack still infers 1 after none of the trials that unlearned "
        "them and 1 after each."
    )
    assert cases == "Of 4 cases, it still infers 2: 1 by one template, 1 by two."
    assert half.startswith("Half of them fall on 1 person; if chance chose")
    assert len(summary_of(view.settings[1])) == 2


def test_markdown_escapes_and_lines_up(make_view):
    text = PEOPLE_FORMATS["md"](make_view(({}, {HOSTILE: 1, "Bo": 0})))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert any(line.startswith(r"| \</script>\<b>Ada\</b> \|\*\_ | 1 of 1") for line in rows)
    assert "| --- | ---: | ---: | ---: | --- |" in rows
    assert "| --- | ---: | ---: |" in rows


def test_csv_has_everybody_of_every_setting(view):
    rows = list(csv.DictReader(io.StringIO(PEOPLE_FORMATS["csv"](view))))
    assert [(row["beta"], row["person"]) for row in rows] == [
        ("0.0", "Ada"), ("0.0", "Bo"), ("0.01", "Ada"), ("0.01", "Bo"),
    ]  # fmt: skip
    assert rows[0]["<NAME>"] == "2"
    assert rows[0]["a photo of <NAME>"] == "1"
    assert (rows[0]["num_inferred"], rows[0]["share"], rows[1]["low"]) == ("2", "1.0", "0.0")
    assert people_frame(view).width == 9 + NUM_TEMPLATES


def test_json_has_all(view):
    read = json.loads(PEOPLE_FORMATS["json"](view))
    first = read["settings"][0]
    assert first["keys"] == {"beta": 0.0}
    assert first["by_count"] == [2, 1, 1, 0]
    assert (first["num_never"], first["num_always"]) == (1, 1)
    assert first["people"][0]["leaks"][:3] == [2, 0, 1]
    assert first["concentration"]["num_cases"] == 2


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.values, self.open = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.values += [value for name, value in attributes if name == "data-value"]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_fragment_is_whole_and_its_numbers_sort(view):
    fragment = people_fragment(view)
    page = _Page(fragment)
    assert page.tags.count("table") == 3
    assert fragment.count('class="plain sortable"') == 3
    assert page.values[:5] == [
        "2", "1.0", str(view.settings[0].people[0].interval.low), "2.0", "1.5",
    ]  # fmt: skip
    assert "html" not in page.tags


def test_a_page_shows_names_as_they_are_written(make_view):
    page = PEOPLE_FORMATS["html"](make_view(({}, {HOSTILE: 1, "Bo": 0}), title=HOSTILE))
    assert _Page(page).tags.count("b") == 0
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_only_the_worst_are_listed_and_drawn(make_view):
    hits = {f"P{i:03}": 1 for i in range(MOST_SHOWN + 5)} | {"Zoe": 0}
    view = make_view(({}, hits))
    text = PEOPLE_FORMATS["text"](view)
    assert sum(line.startswith("P0") for line in text.splitlines()) == MOST_SHOWN
    assert "5 more people who are inferred after some trial; 1 person inferred after none." in text
    assert people_fragment(view).count(">P0") == MOST_SHOWN + 5
    people = figures_of_people(view)[0]
    assert people.data["person"].n_unique() == MOST_PEOPLE
    assert f"the {MOST_PEOPLE} worst of {MOST_SHOWN + 5} people" in people.caption


def test_notes_are_shown_in_every_text(view):
    told = replace(view, notes=("Something is left out.",))
    for name in ("text", "md", "html", "json"):
        assert "Something is left out." in PEOPLE_FORMATS[name](told)
    empty = replace(told, settings=())
    assert "Something is left out." in people_fragment(empty)
    assert PEOPLE_FORMATS["text"](empty) == "T: person by person\n\nNote: Something is left out.\n"


def test_figures_show_leaks_and_where_there_is_none_nothing(view, make_view):
    people, templates = figures_of_people(view)
    assert people.data.filter(person="Ada", template="<NAME>").row(0)[2:] == (1.0, 2, 2)
    assert people.data["person"].unique().to_list() == ["Ada"]
    assert people.data.height == NUM_TEMPLATES
    assert templates.data.filter(template="a photo of <NAME>")["after"].to_list() == [0.25]
    assert "on the original model 0.00% to 100.00%" in templates.caption
    assert figures_of_people(make_view(({}, {"Ada": 0}))) == []


def test_figures_are_readable_in_grey_and_describe_themselves(view):
    for figure in figures_of_people(view):
        spec = spec_of(figure.chart)
        assert spec["description"]
        assert spec["config"]["font"]
    spec = spec_of(figures_of_people(view)[0].chart)
    assert spec["encoding"]["color"]["scale"] == {"domain": [0, 1], "range": ["#FFFFFF", "#222222"]}
    assert spec["encoding"]["x"]["sort"][0] == "<NAME>"


def test_of_many_settings_the_leakiest_are_drawn(make_view):
    hits = [{"Ada": 1, "Bo": 0}, {"Ada": 1, "Bo": 1}]
    trials = [({"alpha": 0.1 * (i + 1)}, hits[i >= 2]) for i in range(MOST_SETTINGS + 2)]
    *maps, templates = figures_of_people(make_view(*trials))
    assert len(maps) == MOST_SETTINGS
    assert maps[0].title.startswith("Who is still given away, alpha 0.3")
    assert "Not drawn: 2 settings" in templates.caption


def test_an_unknown_format_is_named():
    with pytest.raises(UserError, match="unknown format 'jsn' of the per-person view: did you"):
        check_people_format("jsn")
