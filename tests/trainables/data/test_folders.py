import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainables.data import folders
from trainables.data.folders import find_pictures, folder_digest, read_people_folder
from trainables.data.pictures import FilePictures
from trainables.errors import UserError


def touch(folder, *names, content=None):
    """Write files that pass for pictures, by default each of its own content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name if content is None else content)


def write_people(folder, **num_pictures):
    for person, number in num_pictures.items():
        (folder / person).mkdir(parents=True)
        touch(folder / person, *(f"{place:03}.jpg" for place in range(number)))


def names(folder, what="train_images"):
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder, what)]


def test_all_pictures_below_a_folder_sorted_by_code_points(tmp_path):
    touch(tmp_path, "b/2.jpeg", "B/1.JPG", "a/z.png", "a/deep/er/1.TiFF", "a-b/1.webp")
    touch(tmp_path, "ä.bmp", "z.gif", "10.tif", "9.jpg")
    touch(tmp_path, "notes.txt", "a/jpg", "a/labels.csv", "archive.jpg.zip")
    assert names(tmp_path) == [
        "10.tif", "9.jpg", "B/1.JPG", "a/deep/er/1.TiFF", "a/z.png", "a-b/1.webp", "b/2.jpeg",
        "z.gif", "ä.bmp",
    ]  # fmt: skip


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    root = tmp_path / ".cache" / "pictures"
    touch(root, "1.jpg", "._1.jpg", ".thumbnails/1.jpg", "a/.2.jpg")
    assert names(root) == ["1.jpg"]


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path):
    touch(tmp_path, "a.jpg/1.png")
    assert names(tmp_path) == ["a.jpg/1.png"]


def test_links_are_followed_but_loops_are_not(tmp_path):
    touch(tmp_path / "elsewhere", "far.jpg", "sub/1.jpg")
    root = tmp_path / "root"
    touch(root, "a/1.jpg")
    (root / "link.jpg").symlink_to(tmp_path / "elsewhere" / "far.jpg")
    (root / "folder").symlink_to(tmp_path / "elsewhere" / "sub")
    (root / "again").symlink_to(tmp_path / "elsewhere" / "sub")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a" / "self")
    (root / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    assert names(root) == ["a/1.jpg", "again/1.jpg", "link.jpg"]


@pytest.mark.parametrize("function", [find_pictures, folder_digest])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "train_images: .*pictures does not exist; name a folder"),
        (lambda folder: folder.write_text(""), "train_images: .*pictures is not a folder; name"),
        (lambda folder: folder.symlink_to(folder), "train_images: .*pictures does not exist"),
        (lambda folder: folder.mkdir(), "train_images: .*pictures holds no picture; a JPEG, PNG"),
        (lambda folder: touch(folder, "a/1.txt"), "train_images: .*pictures holds no picture"),
    ],
)
def test_a_folder_without_pictures_is_refused(tmp_path, function, make, message):
    folder = tmp_path / "pictures"
    make(folder)
    with pytest.raises(UserError, match=message):
        function(folder, "train_images")


def test_a_folder_that_may_not_be_listed_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "1.jpg", "secret/1.jpg")
    list_folder = Path.iterdir

    def refuse(path):
        if path.name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    # Tests may run as root, who may list everything.
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UserError, match=r"cannot read .*secret \(Permission denied\); name"):
        find_pictures(tmp_path, "train_images")


def test_the_digest_does_not_depend_on_place_time_order_or_other_files(tmp_path):
    first, second = tmp_path / "first", tmp_path / "other" / "second"
    touch(first, "a/1.jpg", "b/2.jpg", "3.png")
    touch(second, "3.png", "b/2.jpg", "a/1.jpg", "notes.txt", ".hidden.jpg")
    os.utime(second / "3.png", (1, 1))
    digest = folder_digest(first, "train_images")
    assert len(digest) == 16
    assert set(digest) <= set("0123456789abcdef")
    assert folder_digest(second, "eval_images") == digest
    (tmp_path / "link").symlink_to(first)
    assert folder_digest(tmp_path / "link", "train_images") == digest


def test_the_digest_knows_odd_names(tmp_path):
    try:
        touch(tmp_path, os.fsdecode(b"caf\xe9.jpg"), content="x")
    except OSError:
        pytest.skip("the file system takes names in UTF-8 only")
    assert len(folder_digest(tmp_path, "train_images")) == 16


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: touch(folder, "a/2.jpg"),
        lambda folder: touch(folder, "a/1.jpg", content="longer than before"),
        lambda folder: (folder / "3.png").rename(folder / "4.png"),
        lambda folder: (folder / "3.png").rename(folder / "a" / "3.png"),
        lambda folder: (folder / "3.png").unlink(),
    ],
)
def test_the_digest_tells_other_folders_apart(tmp_path, change):
    first, second = tmp_path / "first", tmp_path / "second"
    touch(first, "a/1.jpg", "3.png")
    shutil.copytree(first, second)
    change(second)
    assert folder_digest(first, "train_images") != folder_digest(second, "train_images")


def test_the_digest_is_computed_once(tmp_path, monkeypatch):
    touch(tmp_path, "1.jpg")
    digest = folder_digest(tmp_path, "train_images")
    monkeypatch.setattr(folders, "find_pictures", None)
    assert folder_digest(tmp_path / "." / "", "train_images") == digest


def test_names_are_those_of_the_folders_sorted(tmp_path):
    write_people(tmp_path, Zoë_Kravitz=2, Ada_Lovelace=2, **{"Joe  Biden": 2, "Ed_O'Neill_": 2})
    write_people(tmp_path, **{".hidden": 9})
    touch(tmp_path, "readme.txt", "sheet.jpg")
    found = read_people_folder(tmp_path, 1)
    assert found.people == ("Ada Lovelace", "Ed O'Neill", "Joe Biden", "Zoë Kravitz")
    assert [paths[0].parent.name for paths in found.attack] == [
        "Ada_Lovelace", "Ed_O'Neill_", "Joe  Biden", "Zoë_Kravitz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("num_pictures", "num_attack_images", "num_triggers"),
    [(2, 1, 1), (3, 1, 1), (3, 2, 1), (4, 2, 2), (10, 3, 5), (39, 20, 19), (41, 20, 20)],
)
def test_half_is_for_triggers_and_no_picture_is_in_both(
    tmp_path, num_pictures, num_attack_images, num_triggers
):
    write_people(tmp_path, Ada=num_pictures, Bob=num_pictures + 20)
    found = read_people_folder(tmp_path, num_attack_images)
    attack, triggers = set(found.attack[0]), set(found.triggers[0])
    assert len(found.attack[0]) == len(attack) == num_attack_images
    assert len(found.triggers[0]) == len(triggers) == num_triggers
    assert not attack & triggers
    assert attack | triggers <= set(find_pictures(tmp_path / "Ada", "people"))


def test_more_people_or_another_place_do_not_change_a_split(tmp_path):
    write_people(tmp_path / "few", Bob=9)
    write_people(tmp_path / "many", Ada=12, Bob=9, Cleo=5)
    few = read_people_folder(tmp_path / "few", 3)
    many = read_people_folder(tmp_path / "many", 3)
    for few_paths, many_paths in ((few.attack, many.attack), (few.triggers, many.triggers)):
        assert [path.name for path in few_paths[0]] == [path.name for path in many_paths[1]]


def test_a_larger_attack_has_the_pictures_of_a_smaller_one(tmp_path):
    write_people(tmp_path, Ada=12)
    small, large = read_people_folder(tmp_path, 2), read_people_folder(tmp_path, 6)
    assert small.attack[0] == large.attack[0][:2]
    assert small.triggers == large.triggers


def test_people_are_split_in_different_ways(tmp_path):
    write_people(tmp_path, Ada=40, Bob=40)
    found = read_people_folder(tmp_path, 20)
    assert [path.name for path in found.attack[0]] != [path.name for path in found.attack[1]]


def test_copies_and_links_count_as_one_picture(tmp_path):
    write_people(tmp_path, Ada=6)
    shutil.copy(tmp_path / "Ada" / "003.jpg", tmp_path / "Ada" / "copy.jpg")
    (tmp_path / "Ada" / "link.jpg").symlink_to(tmp_path / "Ada" / "004.jpg")
    found = read_people_folder(tmp_path, 3)
    used = {path.name for path in found.attack[0] + found.triggers[0]}
    assert used == {f"{place:03}.jpg" for place in range(6)}
    with pytest.raises(UserError, match=r"\(6 different ones of Ada, 7 are"):
        read_people_folder(tmp_path, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "people_images: .*faces does not exist; name a folder"),
        (lambda folder: folder.write_text(""), "people_images: .*faces is not a folder"),
        (lambda folder: folder.mkdir(), "faces holds no folders; one folder for each person"),
        (
            lambda folder: touch(folder, "1.jpg"),
            r"faces holds pictures but no folders; one folder .*\(Joe_Biden/1.jpg\)",
        ),
        (
            lambda folder: write_people(folder, Ada=9, Bob=4),
            r"Bob has too few pictures in .*faces \(4 different ones of Bob, 5 are needed\); add "
            r"pictures, take the folder away, or lower num_attack_images \(3\)",
        ),
        (
            lambda folder: write_people(folder, Ada=9, Bob=0, Cleo=1),
            r"Bob and 1 more have too few pictures in .*faces \(0 different ones of Bob, 5 are",
        ),
        (
            lambda folder: touch(folder, "actors/Ada/1.jpg"),
            r"actors has too few pictures .*\(0 diff",
        ),
        (
            lambda folder: write_people(folder, A_B=9, **{"A B": 9}),
            "faces/A B and .*faces/A_B both give the name 'A B'; put",
        ),
        (lambda folder: write_people(folder, Ada=9, **{"0001": 9}), "0001' is not named as a per"),
        (lambda folder: write_people(folder, **{"_ _": 9}), "_ _' is not named as a person; one"),
        (lambda folder: write_people(folder, **{"A\x1bB": 9}), r"A\\x1bB' is not named as"),
    ],
)
def test_a_people_folder_that_cannot_be_split_is_refused(tmp_path, make, message):
    folder = tmp_path / "faces"
    make(folder)
    with pytest.raises(UserError, match=message) as refused:
        read_people_folder(folder, 3)
    assert "\n" not in str(refused.value)


def test_one_attack_image_leaves_a_trigger(tmp_path):
    write_people(tmp_path, Ada=1)
    with pytest.raises(UserError, match=r"1 different ones of Ada, 2 are needed"):
        read_people_folder(tmp_path, 1)


def test_the_pictures_of_a_person_are_read(tmp_path):
    (tmp_path / "Ada").mkdir()
    for shade in range(4):
        Image.new("L", (20, 30), shade).save(tmp_path / "Ada" / f"{shade}.png")
    (paths,) = read_people_folder(tmp_path, 2).attack
    images = FilePictures(paths).read(np.arange(2), 8)
    assert [int(image.max()) for image in images] == [int(path.stem) for path in paths]
