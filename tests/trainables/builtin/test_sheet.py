import pytest
from PIL import Image

from trainables.builtin.sheet import write_sheet
from trainables.errors import UserError


def test_sheet_is_a_picture(tiny_world, tmp_path):
    path = tmp_path / "sheet.png"
    write_sheet(tiny_world, path)
    with Image.open(path) as sheet:
        sheet.load()
        assert sheet.format == "PNG"
        assert min(sheet.size) > 600
        assert len(sheet.convert("P").getcolors()) > 50


def test_sheet_is_the_same_every_time(tiny_world, tmp_path):
    for name in ("a.png", "b.png"):
        write_sheet(tiny_world, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_missing_folder_is_said(tiny_world, tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        write_sheet(tiny_world, tmp_path / "missing" / "sheet.png")
