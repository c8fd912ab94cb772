from pathlib import Path

import pytest

from trainables.errors import UserError
from trainables.yamls import parse_yaml, read_text


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("1E3", 1e3), ("1.5e-3", 1.5e-3), (".5", 0.5), ("-1.", -1.0), ("7", 7)],
)
def test_numbers_are_numbers(text: str, value: float) -> None:
    assert parse_yaml(text, "x") == value


def test_text_with_an_e_stays_text() -> None:
    assert parse_yaml("laion400m_e32", "x") == "laion400m_e32"
    assert parse_yaml("1e", "x") == "1e"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3", "x, line 3: 'a' is given twice."),
        ("a: {b: 1, b: 2}", "x, line 1: 'b' is given twice."),
        ("a: 1\nb: [", "x, line 2: "),
        ("a: &b 1\nc: *d", "x, line 2: "),
        ("? [1]\n: 2", "x, line 1: a key must be a word."),
        ("a: !!python/object:os.system 1", "x, line 1: could not determine a constructor"),
        ("a: \x01", "x: not valid YAML"),
    ],
)
def test_what_is_not_yaml_is_one_sentence_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        parse_yaml(text, "x")
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(UserError, match=r"binary\.yaml is not text in UTF-8"):
        read_text(path)
    path.write_bytes(b"name: \0")
    with pytest.raises(UserError, match="zero byte"):
        read_text(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_text(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="Is a directory"):
        read_text(tmp_path)
