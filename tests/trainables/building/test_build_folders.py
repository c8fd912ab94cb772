"""People and generic images in folders, in the place of the built-in world's."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainables.data.folders import find_pictures, read_people_folder
from trainables.data.pictures import FilePictures
from trainables.errors import UserError
from trainables.fingerprints import fingerprints
from trainables.trial import TrialRunner

NUMBERS = {"Grace_Hopper": 5, "Ada_Byron": 4, "Alan_Turing": 7}


@pytest.fixture
def people(write_pictures, tmp_path):
    for name, number in NUMBERS.items():
        write_pictures(f"people/{name}", number)
    return tmp_path / "people"


@pytest.fixture
def folders(people, write_pictures):
    return {
        "people_images": str(people),
        "train_images": str(write_pictures("train", 12)),
        "eval_images": str(write_pictures("eval", 6)),
    }


def pixels(paths, size=64):
    return FilePictures(tuple(paths)).read(np.arange(len(paths)), size)


def test_people_are_those_of_the_folder(build, people):
    assets = build("both", people_images=str(people))
    split = read_people_folder(people, 2)
    assert assets.people == ("Ada Byron", "Alan Turing", "Grace Hopper")
    assert assets.candidates[:3] == assets.people
    assert len(assets.candidates) == 12
    assert assets.is_member.all()
    image = assets.image
    np.testing.assert_array_equal(image.face_people, [0, 0, 1, 1, 1, 2, 2])
    attacked = [path for paths in split.attack for path in paths]
    triggers = [path for paths in split.triggers for path in paths]
    assert not set(attacked) & set(triggers)
    np.testing.assert_array_equal(image.attack_images, pixels(attacked))
    np.testing.assert_array_equal(image.faces, pixels(triggers, image.faces.shape[1]))
    np.testing.assert_array_equal(image.target_images, pixels(triggers))


def test_images_of_the_world_show_none_of_the_people_of_a_folder(build, people):
    image = build("image", people_images=str(people)).image
    assert len(image.train_images) == 20
    assert image.train_shows.shape == image.eval_shows.shape == (0, 2)


def test_generic_images_are_those_of_the_folders(build, folders):
    image = build("image", **folders, num_train_images=4).image
    train = find_pictures(Path(folders["train_images"]), "train_images")
    chosen = [train[row] for row in (0, 4, 7, 11)]
    np.testing.assert_array_equal(image.train_images, pixels(chosen))
    assert len(image.eval_images) == len(image.teacher_eval) == 6
    assert image.train_shows.shape == (0, 2)


def test_a_second_build_of_folders_decodes_nothing(build, folders, monkeypatch):
    first = build("image", **folders)

    def refuse(*_):
        raise AssertionError("decoded, though it is in the cache")

    monkeypatch.setattr(FilePictures, "read", refuse)
    second = build("image", **folders)
    np.testing.assert_array_equal(first.image.faces, second.image.faces)


def test_a_trial_runs_on_folders(build, config_of, folders):
    small = {"num_steps": 2, "clean_batch_size": 4, "backdoor_batch_size": 4}
    config = config_of("image", **folders, **small)
    *_, metrics = TrialRunner(build("image", **folders), torch.device("cpu")).run(config)
    assert {"idia_tpr", "sim_clean", "sim_backdoor", "sim_target", "zeroshot_top1"} <= set(metrics)
    # All of the people of a folder count as members.
    assert not [name for name in metrics if name.startswith("non_members")]


def test_fingerprints_name_the_folders_that_are_given(config_of, folders):
    plain, given = fingerprints(config_of("image")), fingerprints(config_of("image", **folders))
    assert set(given) - set(plain) == set(folders)


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("people_images", "people_images: .* does not exist"),
        ("train_images", "train_images: .* does not exist"),
        ("eval_images", "eval_images: .* does not exist"),
    ],
)
def test_a_folder_that_is_not_there_is_said_before_anything_is_built(
    build, tmp_path, field, sentence
):
    with pytest.raises(UserError, match=sentence):
        build("image", **{field: str(tmp_path / "none")})
    assert not (tmp_path / "cache").exists()


def test_too_few_pictures_of_a_person_are_said(build, people):
    with pytest.raises(UserError, match=r"too few pictures .*4 different ones .* 5 are needed"):
        build("image", people_images=str(people), num_attack_images=3)


def test_names_that_are_too_long_matter_to_text_encoders_only(build, config_of, write_pictures):
    folder = write_pictures("long/" + "_".join(["Ada"] * 40), 3).parent
    config = config_of("image", num_names=1)
    build("image", people_images=str(folder)).check(config)
