import open_clip
import pytest

from trainables.data.classes.read import classes_digest, read_classes
from trainables.errors import UserError
from trainables.profile.schema import ClassSource


def read(name, path):
    return read_classes(name, ClassSource(path=str(path)))


def test_folders_of_imagenet_v2_are_in_the_order_of_their_numbers(imagenet_v2, shades):
    found = read("imagenet-v2", imagenet_v2)
    assert found.class_names == tuple(open_clip.IMAGENET_CLASSNAMES)
    assert found.labels.tolist() == list(range(1000))
    assert shades(found) == [number % 256 for number in range(1000)]


def test_folders_of_imagenet_are_in_the_order_of_wordnet(imagenet, shades):
    found = read("imagenet", imagenet)
    assert found.class_names == tuple(open_clip.IMAGENET_CLASSNAMES)
    assert found.labels.tolist() == list(range(1000))
    assert shades(found) == [number % 256 for number in range(1000)]


def test_the_folder_itself_or_the_one_it_is_in(imagenet, imagenet_v2, tmp_path):
    inner = tmp_path / "imagenetv2-matched-frequency-format-val"
    inner.symlink_to(imagenet_v2)
    assert len(read("imagenet-v2", tmp_path).labels) == 1000
    assert len(read("imagenet", imagenet / "val").labels) == 1000
    for name, outer, folder in [
        ("imagenet-v2", tmp_path, imagenet_v2),
        ("imagenet", imagenet, imagenet / "val"),
    ]:
        digests = {classes_digest(name, ClassSource(path=str(path))) for path in (outer, folder)}
        assert len(digests) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("7", "1007", r"the folder .*1007 is of no class; folders named 0 to 999 are expected"),
        ("7", "007", r"the folder .*007 is of no class"),
        ("7", "goldfish", r"the folder .*goldfish is of no class"),
        ("7", ".7", r"1 of the folders of .* are missing \(such as 7\)"),
        ("7/0a1b2c.jpeg", "7/0a1b2c.txt", r"the folder .*/7 of a class holds no picture"),
        ("7/0a1b2c.jpeg", "0a1b2c.jpeg", r"the picture .*0a1b2c.jpeg is in no class's folder"),
    ],
)
def test_another_layout_of_imagenet_v2_is_named(imagenet_v2, old, new, message):
    (imagenet_v2 / old).rename(imagenet_v2 / new)
    try:
        with pytest.raises(UserError, match=f"imagenet-v2: {message}"):
            read("imagenet-v2", imagenet_v2)
    finally:
        (imagenet_v2 / new).rename(imagenet_v2 / old)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n00000007", "tench", r"the folder .*tench is of no class; 1,000 folders named as in W"),
        ("n00000007", "n0007", r"the folder .*n0007 is of no class"),
        ("n00000007", ".hidden", r".*val holds 999 folders; 1,000 folders named"),
    ],
)
def test_another_layout_of_imagenet_is_named(imagenet, old, new, message):
    (imagenet / "val" / old).rename(imagenet / "val" / new)
    try:
        with pytest.raises(UserError, match=f"imagenet: {message}"):
            read("imagenet", imagenet)
    finally:
        (imagenet / "val" / new).rename(imagenet / "val" / old)


def test_unsorted_pictures_of_imagenet_are_told_how_to_be_sorted(tmp_path, write_pictures):
    write_pictures(tmp_path / "val", {"ILSVRC2012_val_00000001.JPEG": 1})
    with pytest.raises(UserError, match=r"is in no class's folder; .*\(root, 'val'\) sorts"):
        read("imagenet", tmp_path)


@pytest.mark.parametrize("name", ["imagenet", "imagenet-v2"])
@pytest.mark.parametrize("give", [read_classes, classes_digest])
def test_a_folder_that_is_missing_or_empty(tmp_path, name, give):
    with pytest.raises(UserError, match=f"{name}: .*none does not exist; name a folder"):
        give(name, ClassSource(path=str(tmp_path / "none")))
    with pytest.raises(UserError, match=f"{name}: the folder .* holds no picture"):
        give(name, ClassSource(path=str(tmp_path)))
