import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from trainables.data.folders import folder_digest
from trainables.data.images import images_digest, read_images
from trainables.data.tars import find_tars, names_tars
from trainables.errors import UserError
from trainables.profile.schema import ImageSource


def png(shade):
    file = io.BytesIO()
    Image.new("L", (8, 8), shade).save(file, "PNG")
    return file.getvalue()


def write_tar(path, contents):
    with tarfile.open(path, "w") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def shades(pictures):
    return pictures.read(np.arange(len(pictures)), 8)[:, 0, 0, 0].tolist()


def source(path):
    return ImageSource(path=str(path))


@pytest.fixture
def coco(tmp_path):
    for shade, name in enumerate(["val2017/a.png", "train2017/b.png", "train2017/a.png"]):
        path = tmp_path / "coco" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(shade))
    return tmp_path / "coco"


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    write_tar(folder / "00000.tar", {"1.png": png(1), "1.txt": b"A boat", "2.png": png(2)})
    write_tar(folder / "00001.tar", {"3.png": png(3)})
    return folder


def test_a_folder_with_folders_as_that_of_coco(coco):
    assert shades(read_images(source(coco), "train_images")) == [2, 1, 0]
    assert shades(read_images(source(coco / "val2017"), "train_images")) == [0]


@pytest.mark.parametrize("pattern", ["{00000..00001}.tar", "*.tar", "*"])
def test_tars_by_a_pattern(shards, pattern):
    assert shades(read_images(source(shards / pattern), "train_images")) == [1, 2, 3]


def test_a_single_tar(shards):
    assert shades(read_images(source(shards / "00001.tar"), "train_images")) == [3]


@pytest.mark.parametrize("give", [read_images, images_digest])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none", "eval_images: .*none does not exist; name a folder of pictures"),
        ("none.tar", "eval_images: there is no tar .*none.tar"),
        ("shards", "eval_images: the folder .*shards holds no picture"),
        ("shards/{00000..00002}.tar", "eval_images: 1 of the 3 tars .* are missing"),
    ],
)
def test_what_is_missing_is_named(tmp_path, shards, give, path, message):
    with pytest.raises(UserError, match=message):
        give(source(tmp_path / path), "eval_images")


def test_the_digest_of_a_folder_is_that_of_folders(coco):
    assert images_digest(source(coco), "train_images") == folder_digest(coco, "train_images")


def test_the_digest_of_tars_stays_when_they_are_moved(tmp_path, shards):
    before = images_digest(source(shards / "*.tar"), "train_images")
    assert len(before) == 16
    int(before, 16)
    shards.rename(tmp_path / "moved")
    assert images_digest(source(tmp_path / "moved" / "*.tar"), "eval_images") == before


@pytest.mark.parametrize(
    ("shard", "contents", "same"),
    [
        ("00001.tar", {"3.png": png(3)}, True),
        ("00001.tar", {"3.png": png(3), "3.txt": b"another caption"}, True),
        ("00001.tar", {"4.png": png(3)}, False),
        ("00001.tar", {"3.png": png(3) + b"longer"}, False),
        ("00001.tar", {"3.png": png(3), "4.png": png(4)}, False),
        ("00002.tar", {"3.png": png(3)}, False),
    ],
)
def test_the_digest_of_tars_tells_their_pictures_apart(shards, shard, contents, same):
    before = images_digest(source(shards / "*.tar"), "train_images")
    (shards / "00001.tar").unlink()
    write_tar(shards / shard, contents)
    assert (images_digest(source(shards / "*.tar"), "train_images") == before) == same


def names(tmp_path, pattern):
    found = find_tars(str(tmp_path / pattern), "train_images")
    return [str(path.relative_to(tmp_path)) for path in found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("s/00000.tar", ["s/00000.tar"]),
        ("s/{00000..00002}.tar", ["s/00000.tar", "s/00001.tar", "s/00002.tar"]),
        ("s/*.tar", ["s/00000.tar", "s/00001.tar", "s/00002.tar"]),
        ("*/*1.tar", ["[t]/1.tar", "s/00001.tar"]),
        ("[t]/*.tar", ["[t]/1.tar", "[t]/10.tar", "[t]/9.tar"]),
        ("[t]/{9..10}.tar", ["[t]/9.tar", "[t]/10.tar"]),
        ("{0..1}/{08..09}.tar", ["0/08.tar", "0/09.tar", "1/08.tar", "1/09.tar"]),
        ("{0..1}/*8.tar", ["0/08.tar", "1/08.tar"]),
    ],
)
def test_patterns_name_tars(tmp_path, pattern, expected):
    for name in ["s/00000.tar", "s/00001.tar", "s/00002.tar", "[t]/9.tar", "[t]/10.tar",
                 "[t]/1.tar", "0/08.tar", "0/09.tar", "1/08.tar", "1/09.tar"]:  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "s" / "folder.tar").mkdir()
    assert names(tmp_path, pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none.tar", "train_images: there is no tar .*none.tar; name one"),
        ("4*.tar", r"there is no tar .*4\*.tar; name one"),
        ("{0..5}.tar", r"5 of the 6 tars of .* are missing \(.*0.tar, .*1.tar, .*2.tar, ...\)"),
        ("{2..3}.tar", r"1 of the 2 tars of .* are missing \([^,]*2.tar\); put them"),
        ("{5..2}.tar", r"\{5..2\} in .* goes down"),
        ("{0..99999999}.tar", r"makes more than 100,000 tars"),
        ("{0..999}{0..999}.tar", r"\{0..999\} in .* makes more than 100,000 tars"),
        ("n" * 300 + ".tar", "there is no tar"),
        ("\0.tar", "there is no tar"),
        ("\0/*.tar", "there is no tar"),
    ],
)
def test_tars_that_are_missing_are_named(tmp_path, pattern, message):
    (tmp_path / "3.tar").touch()
    with pytest.raises(UserError, match=message):
        names(tmp_path, pattern)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shards/{00000..00041}.tar", True),
        ("shards/*", True),
        ("one.TAR", True),
        ("one.tar.gz", True),
        ("one.tgz", True),
        ("coco/train2017", False),
        ("my.tar/pictures", False),
        ("guitar", False),
    ],
)
def test_tars_are_told_from_folders(path, expected):
    assert names_tars(path) == expected
