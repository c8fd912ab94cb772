import shutil

import numpy as np
import pytest
from PIL import Image

from trainables.data.folders import find_pictures
from trainables.data.people.read import read_people
from trainables.data.pictures import FilePictures
from trainables.errors import UserError


def test_names_are_those_of_the_folders_sorted(tmp_path, write_folders, folders_of, touch):
    write_folders(tmp_path, Zoë_Kraft=2, Ada_Byron=2, **{"Jo  Bieber": 2, "Ed_O'Neal_": 2})
    write_folders(tmp_path, **{".hidden": 9})
    touch(tmp_path, "readme.txt", "sheet.jpg")
    found = read_people(folders_of(tmp_path), 1)
    assert found.people == found.everyone == ("Ada Byron", "Ed O'Neal", "Jo Bieber", "Zoë Kraft")
    assert [paths[0].parent.name for paths in found.attack] == [
        "Ada_Byron", "Ed_O'Neal_", "Jo  Bieber", "Zoë_Kraft",
    ]  # fmt: skip
    assert found.is_member.tolist() == [True] * 4
    assert found.left_out == ()


def test_the_split_is_that_of_the_first_version(tmp_path, write_folders, folders_of):
    """Results of trials that are finished stand or fall with it."""
    write_folders(tmp_path, Ada_Byron=12)
    for name in ("004.jpg", "008.jpg"):
        shutil.copy(tmp_path / "Ada_Byron" / "000.jpg", tmp_path / "Ada_Byron" / name)
    found = read_people(folders_of(tmp_path), 3)
    assert [path.stem for path in found.attack[0]] == ["002", "007", "010"]
    assert [path.stem for path in found.everyone_attack[0]] == ["002", "007", "010", "001", "003"]
    assert [path.stem for path in found.triggers[0]] == ["005", "011", "009", "006", "000"]
    assert found.faces == found.triggers


@pytest.mark.parametrize(
    ("num_pictures", "num_attack_images", "num_triggers"),
    [(2, 1, 1), (3, 1, 1), (3, 2, 1), (4, 2, 2), (10, 3, 5), (39, 20, 19), (41, 20, 20)],
)
def test_half_is_for_triggers_and_no_picture_is_in_both(
    tmp_path, write_folders, folders_of, num_pictures, num_attack_images, num_triggers
):
    write_folders(tmp_path, Ada=num_pictures, Bob=num_pictures + 20)
    found = read_people(folders_of(tmp_path), num_attack_images)
    attack, triggers = set(found.everyone_attack[0]), set(found.triggers[0])
    assert found.attack[0] == found.everyone_attack[0][:num_attack_images]
    assert len(found.triggers[0]) == len(triggers) == num_triggers
    assert not attack & triggers
    assert attack | triggers == set(find_pictures(tmp_path / "Ada", "people"))


def test_more_people_or_another_place_do_not_change_a_split(tmp_path, write_folders, folders_of):
    write_folders(tmp_path / "few", Bob=9)
    write_folders(tmp_path / "many", Ada=12, Bob=9, Cleo=5)
    few = read_people(folders_of(tmp_path / "few"), 3)
    many = read_people(folders_of(tmp_path / "many"), 3)
    for few_paths, many_paths in ((few.attack, many.attack), (few.triggers, many.triggers)):
        assert [path.name for path in few_paths[0]] == [path.name for path in many_paths[1]]


def test_people_are_split_in_different_ways(tmp_path, write_folders, folders_of):
    write_folders(tmp_path, Ada=40, Bob=40)
    found = read_people(folders_of(tmp_path), 20)
    assert [path.name for path in found.attack[0]] != [path.name for path in found.attack[1]]


def test_copies_and_links_count_as_one_picture(tmp_path, write_folders, folders_of):
    write_folders(tmp_path, Ada=6)
    shutil.copy(tmp_path / "Ada" / "003.jpg", tmp_path / "Ada" / "copy.jpg")
    (tmp_path / "Ada" / "link.jpg").symlink_to(tmp_path / "Ada" / "004.jpg")
    found = read_people(folders_of(tmp_path), 3)
    used = {path.name for path in found.attack[0] + found.triggers[0]}
    assert used == {f"{place:03}.jpg" for place in range(6)}
    with pytest.raises(UserError, match=r"fewer than 7 different pictures \(1\)"):
        read_people(folders_of(tmp_path), 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda write, touch, folder: None, "people: .*faces does not exist; name a folder"),
        (lambda write, touch, folder: folder.write_text(""), "people: .*faces is not a folder"),
        (
            lambda write, touch, folder: folder.mkdir(),
            "faces holds no folders; one folder for each",
        ),
        (
            lambda write, touch, folder: touch(folder, "1.jpg"),
            r"faces holds pictures but no folders; one folder .*\(Joe_Biden/1.jpg\)",
        ),
        (
            lambda write, touch, folder: touch(folder, "actors/Ada/1.jpg"),
            r"people: nobody in .*faces is left to attack, since they have fewer than 5 different "
            r"pictures \(1\); add pictures, or change num_attack_images \(3\), min_pictures or occ",
        ),
        (
            lambda write, touch, folder: write(folder, A_B=9, **{"A B": 9}),
            "faces/A B and .*faces/A_B both give the name 'A B'; put",
        ),
        (lambda write, touch, folder: write(folder, Ada=9, **{"0001": 9}), "0001' is not named as"),
        (lambda write, touch, folder: write(folder, **{"_ _": 9}), "_ _' is not named as a person"),
        (lambda write, touch, folder: write(folder, **{"A\x1bB": 9}), r"A\\x1bB' is not named as"),
    ],
)
def test_folders_that_are_not_people_are_refused(
    tmp_path, write_folders, touch, folders_of, make, message
):
    folder = tmp_path / "faces"
    make(write_folders, touch, folder)
    with pytest.raises(UserError, match=message) as refused:
        read_people(folders_of(folder), 3)
    assert "\n" not in str(refused.value)


def test_the_pictures_of_a_person_are_read(tmp_path, folders_of):
    (tmp_path / "Ada").mkdir()
    for shade in range(4):
        Image.new("L", (20, 30), shade).save(tmp_path / "Ada" / f"{shade}.png")
    (paths,) = read_people(folders_of(tmp_path), 2).attack
    images = FilePictures(paths).read(np.arange(2), 8)
    assert [int(image.max()) for image in images] == [int(path.stem) for path in paths]
