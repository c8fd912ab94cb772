import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data.captions import read_captions
from trainables.errors import UserError


def test_one_caption_a_line(tmp_path):
    path = tmp_path / "captions.txt"
    path.write_bytes("\ufeffA boat \r\n\n  Zoë at a gala\n".encode())
    assert read_captions(path) == ("A boat", "Zoë at a gala")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no caption"),
        (b" \n\n", "holds no caption"),
        (b"\x89PNG\r\n\x1a\n\0\0", r"not a text file in UTF-8 \(byte 0"),
        (b"a\0b", "binary file"),
    ],
)
def test_what_is_not_captions_is_refused(tmp_path, content, message):
    path = tmp_path / "wrong.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        read_captions(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_captions(tmp_path / "none.txt")
    with pytest.raises(UserError, match="directory"):
        read_captions(tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_captions_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    captions = ("refused",)
    with contextlib.suppress(UserError):
        captions = read_captions(path)
    assert captions
    assert all(caption.strip() for caption in captions)


def test_real_captions(real_captions, tmp_path):
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(real_captions))
    assert len(read_captions(path)) == 10_000
