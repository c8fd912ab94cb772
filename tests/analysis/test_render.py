# ruff: noqa: RUF001 (strange characters are what is tested)
import csv
import io
import json
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from analysis.render import FORMATS, render
from analysis.render.cells import panel_title
from analysis.render.latex import escape
from analysis.tables import build_table
from trainables.errors import UserError

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

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_well_formed_and_escaped(holes):
    page = render(holes, "html")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.count["caption"] == 1
    assert "b" not in tags.count
    assert "http" not in page
    assert 'scope="row"' in page


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


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["quickstart", "holes", "ablation"])
def test_latex_compiles(load_case, tmp_path, name):
    frame, _ = load_case(name)
    table = build_table(frame, None, f"{name} #1_%", STRANGE)
    document = [
        r"\documentclass{article}\usepackage{booktabs,graphicx,xcolor}\begin{document}",
        render(table, "tex"),
        r"\end{document}",
    ]
    (tmp_path / "t.tex").write_text("\n".join(document), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
