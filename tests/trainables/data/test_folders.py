import os
import shutil
from pathlib import Path

import pytest

from trainables.data import folders
from trainables.data.folders import find_pictures, folder_digest, pictures_digest
from trainables.errors import UserError


def touch(folder, *names, content=None):
    """Write files that pass for pictures, by default each of its own content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name if content is None else content)


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


def test_the_digest_of_a_folder_is_that_of_all_its_pictures(tmp_path):
    touch(tmp_path, "a/1.jpg", "2.png")
    pictures = find_pictures(tmp_path, "train_images")
    assert pictures_digest(tmp_path, pictures) == folder_digest(tmp_path, "train_images")
    assert pictures_digest(tmp_path, pictures[:1]) != folder_digest(tmp_path, "train_images")
