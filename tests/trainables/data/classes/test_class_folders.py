import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.classes.read import classes_digest, read_classes
from trainables.errors import UserError
from trainables.profile.schema import ClassSource


def source(root, **options):
    return ClassSource(path=str(root), **options)


@pytest.fixture
def animals(tmp_path, write_pictures):
    return write_pictures(
        tmp_path / "animals",
        {"sea_lion/b.jpg": 1, "sea_lion/inner/a.jpg": 2, "cat/1.JPG": 3, "Dog/1.jpg": 4},
    )


def test_folders_are_classes_named_as_people_say_them(animals, shades):
    found = read_classes("animals", source(animals))
    assert found.name == "animals"
    assert found.class_names == ("Dog", "cat", "sea lion")
    assert found.labels.tolist() == [0, 1, 2, 2]
    assert shades(found) == [4, 3, 1, 2]


@pytest.mark.parametrize(
    "content", ["hound\ntom cat\nsea lion\n", "\ufeffhound\r\n\r\n tom cat \r\nsea lion"]
)
def test_a_file_names_the_sorted_folders(tmp_path, animals, content):
    names = tmp_path / "names.txt"
    names.write_text(content, encoding="utf-8", newline="")
    found = read_classes("animals", source(animals, classes=str(names)))
    assert found.class_names == ("hound", "tom cat", "sea lion")


def test_a_file_may_name_two_classes_alike_as_imagenet_does(tmp_path, animals):
    names = tmp_path / "names.txt"
    names.write_text("crane\ncrane\nsea lion\n")
    found = read_classes("animals", source(animals, classes=str(names)))
    assert found.class_names == ("crane", "crane", "sea lion")


def test_folders_that_are_all_numbers_are_sorted_as_such(tmp_path, write_pictures, shades):
    write_pictures(tmp_path, {"10/a.jpg": 10, "9/a.jpg": 9, "01/a.jpg": 1})
    found = read_classes("digits", source(tmp_path))
    assert found.class_names == ("01", "9", "10")
    assert shades(found) == [1, 9, 10]


def test_folders_that_are_not_all_numbers_are_sorted_by_letters(tmp_path, write_pictures):
    write_pictures(tmp_path, {"10/a.jpg": 10, "9/a.jpg": 9, "²/a.jpg": 1})
    assert read_classes("digits", source(tmp_path)).class_names == ("10", "9", "²")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"animals: cannot read .*names.txt: No such file"),
        (b"a\nb\n", r"animals: .*names.txt names 2 classes, and .*animals holds 3 folders"),
        (b"", r"names.txt names 0 classes"),
        (b"a\n\xff\nc", r"names.txt is not text in UTF-8: it holds byte 2"),
        (b"a\n\0\nc", r"names.txt is not text: it holds a zero byte"),
        (b"a\nb\x07\nc", r"'b\\x07' in .*animals is not the name of a class"),
    ],
)
def test_a_file_of_names_that_cannot_be_used(tmp_path, animals, content, message):
    names = tmp_path / "names.txt"
    if content is not None:
        names.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_classes("animals", source(animals, classes=str(names)))


@pytest.fixture(scope="module")
def two_folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / "1.jpg").touch()
    return root


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=20), st.text(max_size=20).map(str.encode)))
def test_any_file_of_names_is_one_or_a_sentence(tmp_path_factory, two_folders, content):
    path = tmp_path_factory.getbasetemp() / "names.txt"
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        assert len(classes_digest("any", source(two_folders, classes=str(path)))) == 16
    with contextlib.suppress(UserError):
        assert len(read_classes("any", source(two_folders, classes=str(path))).class_names) == 2


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("a.jpg", r"the picture .*a.jpg is in no class's folder; one folder for each class"),
        ("sea lion/a.jpg", "the folders sea lion and sea_lion .* both give the class 'sea lion'"),
        ("__/a.jpg", r"'' in .* is not the name of a class"),
    ],
)
def test_another_layout_is_named(animals, write_pictures, extra, message):
    write_pictures(animals, {extra: 0})
    with pytest.raises(UserError, match=f"animals: {message}"):
        read_classes("animals", source(animals))


def test_a_class_without_pictures_is_named(animals):
    (animals / "bird").mkdir()
    with pytest.raises(UserError, match=r"the folder .*bird of a class holds no picture"):
        read_classes("animals", source(animals))


def test_the_digest_tells_names_and_pictures_apart(tmp_path, animals, write_pictures):
    names = tmp_path / "names.txt"
    names.write_text("hound\ntom cat\nsea lion\n")
    digests = [classes_digest("animals", source(animals))]
    digests.append(classes_digest("animals", source(animals, classes=str(names))))
    names.write_text("hound\ncat\nsea lion\n")
    digests.append(classes_digest("animals", source(animals, classes=str(names))))
    digests.append(classes_digest("others", source(animals)))
    animals.rename(tmp_path / "moved")
    assert classes_digest("animals", source(tmp_path / "moved")) == digests[0]
    write_pictures(tmp_path / "more", {"Dog/1.jpg": 4})
    digests.append(classes_digest("animals", source(tmp_path / "more")))
    assert len(set(digests)) == 5
