import contextlib

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.datasets import Flowers102

from trainables.data.classes.read import classes_digest, read_classes
from trainables.errors import UserError
from trainables.profile.schema import ClassSource


def source(root, **options):
    return ClassSource(path=str(root), **options)


@pytest.fixture
def sun(tmp_path, write_pictures):
    write_pictures(
        tmp_path / "SUN397",
        {
            "p/palace/sun_bbb.jpg": 3,
            "a/apartment_building/outdoor/sun_ccc.jpg": 2,
            "a/abbey/sun_bbb.jpg": 1,
            "a/abbey/sun_aaa.jpg": 0,
        },
    )
    names = tmp_path / "SUN397" / "ClassName.txt"
    names.write_text("/a/abbey\n/a/apartment_building/outdoor\n/p/palace\n")
    return tmp_path


def test_sun397_has_readable_names_and_a_fixed_order(sun, shades):
    found = read_classes("sun397", source(sun))
    assert found.class_names == ("abbey", "apartment building outdoor", "palace")
    assert found.labels.tolist() == [0, 0, 1, 2]
    assert shades(found) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            "/a/abbey\n/p/palace\n",
            r"sun397: 'apartment_building/outdoor' is missing in its files of",
        ),
        ("\n\n", r"sun397: '\w+.*' is missing in its files of names .*; the folder SUN397"),
        (None, r"sun397: .*\(.*No such file.*\); the folder SUN397 of its archive is expected"),
    ],
)
def test_sun397_without_its_names(sun, names, message):
    file = sun / "SUN397" / "ClassName.txt"
    file.unlink()
    if names is not None:
        file.write_text(names)
    with pytest.raises(UserError, match=message):
        read_classes("sun397", source(sun))


def test_sun397_that_is_not_there_or_empty(tmp_path):
    for give in (read_classes, classes_digest):
        with pytest.raises(UserError, match=r"sun397: .*(not found|does not exist)"):
            give("sun397", source(tmp_path))
    (tmp_path / "SUN397").mkdir()
    (tmp_path / "SUN397" / "ClassName.txt").write_text("/a/abbey\n")
    for give in (read_classes, classes_digest):
        with pytest.raises(UserError, match="holds no picture"):
            give("sun397", source(tmp_path))


def test_a_class_of_sun397_without_a_name_is_refused(sun):
    with (sun / "SUN397" / "ClassName.txt").open("a") as file:
        file.write("\n")
    with pytest.raises(UserError, match=r"sun397: '' in .* is not the name of a class"):
        read_classes("sun397", source(sun))


def test_the_digest_of_sun397_covers_its_names(sun):
    before = classes_digest("sun397", source(sun))
    (sun / "SUN397" / "ClassName.txt").write_text("/a/abbey\n/p/palace\n")
    assert classes_digest("sun397", source(sun)) != before


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_any_names_of_sun397_are_read_or_a_sentence(tmp_path_factory, any_sun, content):
    (any_sun / "SUN397" / "ClassName.txt").write_bytes(content)
    with contextlib.suppress(UserError):
        assert len(read_classes("sun397", source(any_sun)).labels) == 1


@pytest.fixture(scope="module")
def any_sun(tmp_path_factory):
    root = tmp_path_factory.mktemp("sun")
    (root / "SUN397" / "a" / "abbey").mkdir(parents=True)
    (root / "SUN397" / "a" / "abbey" / "sun_a.jpg").touch()
    return root


@pytest.fixture
def flowers(tmp_path, write_pictures, monkeypatch):
    folder = tmp_path / "flowers-102"
    write_pictures(folder / "jpg", {f"image_{number:05}.jpg": number for number in range(1, 7)})
    labels = np.array([[102, 1, 2, 2, 77, 1]], np.uint8)
    scipy.io.savemat(folder / "imagelabels.mat", {"labels": labels})
    splits = {"trnid": [[1]], "valid": [[2]], "tstid": [[6, 3, 5, 4]]}
    scipy.io.savemat(folder / "setid.mat", {key: np.array(ids) for key, ids in splits.items()})
    files = {name: (file, None) for name, (file, _) in Flowers102._file_dict.items()}
    monkeypatch.setattr(Flowers102, "_file_dict", files)
    return tmp_path


def test_flowers102_gives_the_test_pictures(flowers, shades):
    found = read_classes("flowers102", source(flowers))
    assert found.class_names == tuple(Flowers102.classes)
    assert len(found.class_names) == 102
    assert found.labels.tolist() == [0, 1, 76, 1]
    assert shades(found) == [6, 3, 5, 4]


def test_flowers102_is_compared_with_the_published_sums(flowers, monkeypatch):
    files = dict(Flowers102._file_dict, label=("imagelabels.mat", "0" * 32))
    monkeypatch.setattr(Flowers102, "_file_dict", files)
    with pytest.raises(UserError, match=r"\(Dataset not found or corrupted\); a folder flowers-10"):
        read_classes("flowers102", source(flowers))


@pytest.mark.parametrize("name", ["imagelabels.mat", "setid.mat"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"MATLAB 5.0 MAT-file".ljust(400, b"\7")])
def test_damaged_labels_of_flowers102(flowers, name, content):
    (flowers / "flowers-102" / name).write_bytes(content)
    with pytest.raises(UserError, match=r"flowers102: .* cannot be read .*; a folder flowers-102"):
        read_classes("flowers102", source(flowers))


def test_a_picture_that_flowers102_lacks_is_named(flowers):
    (flowers / "flowers-102" / "jpg" / "image_00005.jpg").unlink()
    with pytest.raises(UserError, match=r"1 of the pictures are missing, such as .*00005.jpg"):
        read_classes("flowers102", source(flowers))


def test_flowers102_that_is_not_there(tmp_path):
    for give in (read_classes, classes_digest):
        with pytest.raises(UserError, match=r"flowers102: .*(not found|does not exist)"):
            give("flowers102", source(tmp_path))


def test_the_digest_of_flowers102_covers_its_labels(flowers):
    before = classes_digest("flowers102", source(flowers))
    assert classes_digest("flowers102", source(flowers)) == before
    (flowers / "flowers-102" / "setid.mat").write_bytes(b"others")
    assert classes_digest("flowers102", source(flowers)) != before
