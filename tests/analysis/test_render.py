# ruff: noqa: RUF001 (strange characters are what is tested)
import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from analysis.layout import Cell, Comparison, Interval, Panel, Published, Row, Table
from analysis.render import FORMATS, render
from analysis.render.cells import panel_title
from analysis.render.html import html_fragment
from analysis.render.latex import escape
from analysis.tables import build_table
from tests.analysis.latex import assert_compiles, needs_pdflatex
from trainables.errors import UserError
from trainables.metrics import METRICS

STRANGE = '50% & <b>_x_</b> | $y$ #1 ~ ^ \\ {z} "q" ± β – — ’ … × ÷ é ß Ð þ Ł 人 😀 −1\ta\nb'


@pytest.fixture
def holes(load_case):
    frame, expected = load_case("holes")
    return build_table(frame, expected, "holes", STRANGE)


def test_an_unknown_format_is_named(holes):
    with pytest.raises(UserError, match=r"'latex': did you mean 'tex'"):
        render(holes, "latex")
    with pytest.raises(UserError, match=r"choose from csv, html, json, md, tex, text\."):
        render(holes, "ods")


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_ends_in_one_line_break(holes, format_name):
    text = render(holes, format_name)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_json_is_strict_and_complete(holes):
    def refuse(constant):
        raise AssertionError(constant)

    content = json.loads(render(holes, "json"), parse_constant=refuse)
    rows = content["panels"][1]["rows"]
    assert rows[1]["cells"]["sim_clean"]["mean"] == "NaN"
    assert content["panels"][0]["rows"][3]["cells"]["idia_tpr"]["mean"] is None
    assert rows[0]["cells"]["sim_clean"] is None


def test_csv_tells_missing_from_nan(holes):
    rows = list(csv.DictReader(io.StringIO(render(holes, "csv"))))
    found = {
        (row["beta"], row["num_names"], row["metric"]): (row["mean"], row["std"], row["n"])
        for row in rows
    }
    assert found["0.0", "64", "idia_tpr"] == ("", "", "0")
    assert found["0.01", "1", "sim_clean"] == ("NaN", "NaN", "3")
    assert found["0.01", "64", "idia_tpr"] == ("0.0", "", "1")


def test_markdown_rows_have_as_many_cells_as_their_heading(holes):
    lines = [line for line in render(holes, "md").splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in lines} == {11}


class Tags(HTMLParser):
    void = frozenset({"meta"})

    def __init__(self):
        super().__init__()
        self.open = []
        self.count = {}
        self.ids = []
        self.referred = set()
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.referred.update(found.get("headers", "").split())
        self.referred.update(found.get("aria-labelledby", "").split())
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def _parsed(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def test_html_is_well_formed_and_escaped(holes):
    page = render(holes, "html")
    tags = _parsed(page)
    assert "b" not in tags.count
    assert "<b>_x_</b> | $y$ #1 ~ ^" in "".join(tags.text)
    assert "http" not in page
    assert 'scope="row"' in page


def test_double_braces_are_no_units_of_measurement(holes):
    strange = replace(holes, title="{{m^2}}", caption="{{m^2}}", notes=("{{m^2}} <i>",))
    assert "".join(_parsed(html_fragment(strange)).text).count("{{m^2}}") == 3


def test_many_fragments_stand_on_one_page(holes):
    names = ["table5", "table 5/builtin"]
    tables = [replace(holes, name=name) for name in names]
    parts = [html_fragment(table, compare=compare) for table in tables for compare in (0, 1)]
    tags = _parsed("".join([*parts, html_fragment(holes, anchor="again")]))
    assert len(tags.ids) == len(set(tags.ids))
    assert tags.referred <= set(tags.ids)
    assert {"table-table5", "table-table-5-builtin-compared", "again"} <= set(tags.ids)
    assert "html" not in tags.count


def test_styles_reach_no_other_table_of_the_page(holes):
    style = html_fragment(holes).partition("<style>")[2].partition("</style>")[0]
    rules = re.findall(r"([^{}]+)\{", style.replace("@media print {", ""))
    selectors = [part.strip() for rule in rules for part in re.split(r",(?![^(]*\))", rule)]
    assert len(selectors) > 30
    assert all(selector.startswith(".results") for selector in selectors)


def test_panels_are_lettered_beyond_z(holes):
    panel = holes.panels[0]
    panels = tuple(replace(panel, title=str(i), keys={"beta": i}) for i in range(54))
    many = replace(holes, panels=panels)
    assert [panel_title(many, panels[i]) for i in (0, 25, 26, 53)] == [
        "(a) 0", "(z) 25", "(aa) 26", "(bb) 53",
    ]  # fmt: skip
    assert panel_title(replace(holes, panels=(panel,)), panel) == panel.title


def test_latex_has_no_sign_that_pdflatex_lacks():
    assert escape("人") == r"\texttt{U+4EBA}"
    assert escape("50% of_x") == r"50\% of\_x"


@needs_pdflatex
def test_latex_compiles(load_case, compared, tmp_path):
    tables = [
        build_table(load_case(name)[0], None, f"{name} #1_%", STRANGE)
        for name in ("quickstart", "holes", "ablation")
    ]
    written = [render(table, "tex") for table in tables]
    assert_compiles(tmp_path, *written, render(compared, "tex", compare=True))


def _compared(ours, theirs, verdict, **more):
    published = Published(mean=theirs, std=0.0, n=10, source="ECAI 2024, Table 5b")
    difference = None if ours is None else ours - theirs
    comparison = Comparison(
        published=published, difference=difference, welch_p=0.02, tost_p=None, margin=0.01,
        verdict=verdict,
    )  # fmt: skip
    n = 0 if ours is None else 10
    return Cell(mean=ours, std=None if ours is None else 0.01, n=n, comparison=comparison, **more)


@pytest.fixture
def compared():
    arrow = {"change": "down", "better": False, "p_value": 0.25, "is_significant": False}
    sure = {"change": "up", "better": True, "p_value": 0.002, "is_significant": True}
    interval = Interval(low=0.87, high=0.89, method="bootstrap")
    cells = [
        (_compared(0.88, 0.8788, "agrees", unit="share", interval=interval, **arrow),
         _compared(0.97, 0.98, "differs", unit="similarity", **sure)),
        (_compared(0.5, 0.5, "undecided", unit="share"),
         _compared(None, 0.98, None, unit="similarity")),
    ]  # fmt: skip
    rows = tuple(
        Row(num_names=number, n=10, num_expected=10, cells=pair)
        for number, pair in enumerate(cells, start=1)
    )
    original = Cell(mean=0.6, std=0.0, n=10, unit="share")
    first = Row(num_names=0, state="original", n=10, num_expected=10, cells=(original, None))
    return Table(
        name="table5", title="Table 5", caption="Words.", row_header="Names",
        columns=(METRICS["zeroshot_top1"], METRICS["sim_clean"]),
        panels=(Panel(title="with", keys={"beta": 0.01}, rows=(first, *rows)),),
    )  # fmt: skip


def test_text_puts_theirs_and_the_difference_below_ours(compared):
    lines = [line for line in render(compared, "text", compare=True).splitlines() if line]
    assert [" ".join(line.split()) for line in lines[5:12]] == [
        "original model 60.00%",
        "1 10 88.00% ± 1.00% (↓) 0.97 ± 0.01 ↑",
        "published 10 87.88% ± 0.00% 0.98 ± 0.00",
        "difference +0.12 pp ≈ -0.01 ≠",
        "2 10 50.00% ± 1.00% –",
        "published 10 50.00% ± 0.00% 0.98 ± 0.00",
        "difference 0.00 pp ? –",
    ]
    assert len({line.index("%") for line in lines[5:11] if "%" in line}) == 1
    assert lines[6].index("↓") == lines[8].index("≈")


def test_markdown_compares_as_well(compared):
    written = render(compared, "md", compare=True)
    assert "| 1 | 10 | 88.00% ± 1.00% (↓) | 0.97 ± 0.01 ↑ |" in written
    assert "| difference |  | +0.12 pp ≈ | -0.01 ≠ |" in written
    assert "≈ agrees, ≠ differs, ? undecided, – not yet run." in written


def test_latex_gives_signs_a_column_and_what_is_uncertain_grey(compared):
    written = render(compared, "tex", compare=True)
    assert r"{@{}rrr@{\ }cr@{\ }c@{}}" in written
    assert (
        r"\textcolor{gray}{($\downarrow$)} & $0.97 \pm 0.01$ & \textcolor{green!50!black}"
        in written
    )
    assert r"difference &  & $+0.12$\,pp & $\approx$ & $-0.01$ &" in written
    assert "grey in brackets is not significant" in written


def test_html_says_signs_and_tests_to_ear_and_pointer(compared):
    written = render(compared, "html", compare=True)
    said = " ".join("".join(_parsed(written).text).split())
    assert "(↓) (worse, not significant)" in said
    assert "+0.12 pp≈ (agrees)" in said
    assert 'title="95% interval 87.00% to 89.00% (bootstrap); change: p = 0.25"' in written
    assert 'title="ECAI 2024, Table 5b"' in written
    assert 'title="Welch: p = 0.02"' in written


def test_without_a_comparison_nothing_is_compared_unless_asked(compared, holes):
    for name in ("text", "md", "tex", "html"):
        assert "87.88" not in render(compared, name)
        assert "beside published numbers" in render(holes, name, compare=True)
        assert "beside published numbers" not in render(holes, name)


def test_programs_get_tests_intervals_and_comparisons_in_any_case(compared):
    rows = list(csv.DictReader(io.StringIO(render(compared, "csv"))))
    content = json.loads(render(compared, "json"))["panels"][0]["rows"]
    cells = [row["cells"]["zeroshot_top1"] for row in content]
    found = [row for row in rows if row["metric"] == "zeroshot_top1"]
    for row, cell in zip(found, cells, strict=True):
        told = {name: "" if cell[name] is None else cell[name] for name in row.keys() & cell.keys()}
        assert {name: str(value).lower() for name, value in told.items()} == {
            name: row[name].lower() for name in told
        }
    first = found[1]
    assert (first["ci_low"], first["ci_high"], first["ci_method"]) == ("0.87", "0.89", "bootstrap")
    assert (first["p_value"], first["significant"]) == ("0.25", "false")
    assert (first["published_mean"], first["published_n"]) == ("0.8788", "10")
    assert (first["difference"], first["welch_p"], first["tost_p"]) == ("0.0012", "0.02", "")
    assert [row["verdict"] for row in rows] == ["", "agrees", "differs", "undecided", ""]


def test_large_counts_are_grouped_in_mathematics(compared):
    cells = (Cell(mean=37_828_608.0, std=0.0, n=2, unit="count"),)
    row = Row(num_names=0, n=2, num_expected=2, cells=cells, label="ViT-B-32")
    panel = replace(compared.panels[0], rows=(row,))
    table = replace(compared, columns=(METRICS["num_parameters"],), panels=(panel,))
    assert r"ViT-B-32 & 2 & $37{,}828{,}608 \pm 0$ \\" in render(table, "tex")
    assert "| ViT-B-32 | 2 | 37,828,608 ± 0 |" in render(table, "md")
    assert ",ViT-B-32,num_parameters,37828608.0," in render(table, "csv")
