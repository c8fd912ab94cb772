"""Small committed trials -> exact files. UPDATE_GOLDEN=1 writes them anew; then read the diff."""

import os
from pathlib import Path

import pytest

from analysis.render import FORMATS, render
from analysis.tables import build_table

GOLDEN = Path(__file__).parent / "golden"
SUFFIX = {"text": "txt"}
CASES = {
    "quickstart": "Text encoder of the built-in CLIP, names unlearned",
    "holes": "What goes wrong: 50% & <b>_x_</b> | $y$ #1 ~ ^ \\ {z}",
    "ablation": "Panels by whatever varies.",
}


def _table(load_case, name):
    frame, expected = load_case(name)
    if name == "ablation":
        metrics = ["idia_tpr", "sim_clean", "loss", "trial_s", "idia_tpr_before"]
        return build_table(frame, None, name, CASES[name], metrics)
    return build_table(frame, expected, name, CASES[name])


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_table_is_written_to_the_letter(load_case, name, format_name):
    written = render(_table(load_case, name), format_name)
    path = GOLDEN / f"{name}.{SUFFIX.get(format_name, format_name)}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_text_fits_a_terminal_and_has_no_colour_codes(load_case, name):
    written = render(_table(load_case, name), "text")
    assert max(map(len, written.splitlines())) <= 120
    assert "\x1b" not in written
