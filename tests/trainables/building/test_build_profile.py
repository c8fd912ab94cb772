"""Data that a profile names, in the place of the built-in world's."""

import numpy as np
import pytest
import torch

from trainables.data.folders import find_pictures
from trainables.data.people.read import read_people
from trainables.data.pictures import FilePictures
from trainables.errors import UserError
from trainables.fingerprints import fingerprints
from trainables.profile.parts import with_weights
from trainables.profile.schema import PeopleSource
from trainables.trial import TrialRunner

NUMBERS = {"Grace_Hopper": 5, "Ada_Byron": 4, "Alan_Turing": 7}


@pytest.fixture
def people(write_pictures, tmp_path):
    for name, number in NUMBERS.items():
        write_pictures(f"people/{name}", number)
    return tmp_path / "people"


@pytest.fixture
def of_people(people, write_profile):
    return write_profile("people.yaml", people={"layout": "folders", "path": str(people)})


@pytest.fixture
def of_all(people, write_pictures, write_profile):
    return write_profile(
        people={"layout": "folders", "path": str(people)},
        images={"train": str(write_pictures("train", 12)), "eval": str(write_pictures("eval", 6))},
    )


def pixels(paths, size=64):
    return FilePictures(tuple(paths)).read(np.arange(len(paths)), size)


def test_people_are_those_of_the_folder(build, people, of_people):
    assets = build("both", data=of_people)
    split = read_people(PeopleSource(layout="folders", path=str(people)), 2)
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


def test_images_of_the_world_show_none_of_the_people_of_a_folder(build, of_people):
    image = build("image", data=of_people).image
    assert len(image.train_images) == 20
    assert image.train_shows.shape == image.eval_shows.shape == (0, 2)


def test_generic_images_are_those_of_the_folders(build, of_all, tmp_path):
    image = build("image", data=of_all, num_train_images=4).image
    train = find_pictures(tmp_path / "train", "images.train")
    chosen = [train[row] for row in (0, 4, 7, 11)]
    np.testing.assert_array_equal(image.train_images, pixels(chosen))
    assert len(image.eval_images) == len(image.teacher_eval) == 6
    assert image.train_shows.shape == (0, 2)


def test_a_second_build_of_folders_decodes_nothing(build, of_all, monkeypatch):
    first = build("image", data=of_all)

    def refuse(*_):
        raise AssertionError("decoded, though it is in the cache")

    monkeypatch.setattr(FilePictures, "read", refuse)
    second = build("image", data=of_all)
    np.testing.assert_array_equal(first.image.faces, second.image.faces)


def test_a_trial_runs_on_a_profile(build, config_of, of_all):
    small = {"num_steps": 2, "clean_batch_size": 4, "backdoor_batch_size": 4}
    config = config_of("image", data=of_all, **small)
    *_, measured = TrialRunner(build("image", data=of_all), torch.device("cpu")).run(config)
    metrics = measured.metrics
    assert {"idia_tpr", "sim_clean", "sim_backdoor", "sim_target", "zeroshot_top1"} <= set(metrics)
    # All of these people count as members.
    assert not [name for name in metrics if name.startswith("non_members")]


def test_every_task_of_a_profile_is_measured_under_its_name(
    build, config_of, people, write_pictures, write_profile
):
    for name in ("cat", "dog", "big_tree"):
        write_pictures(f"classes/{name}", 2)
    data = write_profile(
        people={"layout": "folders", "path": str(people)},
        zeroshot={
            "things": {"path": str(people.parent / "classes"), "templates": ["a {}"]},
            "identities": {"max_images": 5},
        },
    )
    assets = build("both", data=data)
    assert [task.name for task in assets.tasks] == ["things", "identities"]
    things, identities = assets.tasks
    assert things.class_names == ("big tree", "cat", "dog")
    assert things.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert len(identities.images) == len(identities.labels) == 5
    assert identities.class_names == assets.people
    small = {"num_steps": 2, "clean_batch_size": 4, "backdoor_batch_size": 4}
    small |= {f"image_{name}": value for name, value in small.items()}
    config = config_of("both", data=data, **small)
    *_, measured = TrialRunner(assets, torch.device("cpu")).run(config)
    metrics = measured.metrics
    for score in ("zeroshot_top1", "zeroshot_top5"):
        for name in (score, f"{score}_before"):
            assert metrics[name] == metrics[f"things/{name}"]
            assert 0 <= metrics[f"identities/{name}"] <= 1


def test_fingerprints_are_of_what_the_encoder_needs(config_of, of_all):
    needed = {"model", "people", "candidates", "zeroshot/scenes"}
    of_text, of_images = (fingerprints(config_of(kind, data=of_all)) for kind in ("text", "image"))
    assert set(of_text) == needed | {"train_captions", "eval_captions"}
    assert set(of_images) == needed | {"train_images", "eval_images"}
    assert set(fingerprints(config_of("image"))) == {"model", "data"}


def test_what_a_trial_needs_and_a_profile_lacks_is_said_first(build, write_profile, tmp_path):
    data = write_profile(images={"train": "builtin"})
    build("text", data=data)
    with pytest.raises(UserError, match=r"data\.yaml: images\.eval is missing"):
        build("image", data=data)


@pytest.mark.parametrize("part", ["train", "eval"])
def test_a_folder_that_is_not_there_is_said(build, write_profile, part):
    data = write_profile(images={"train": "builtin", "eval": "builtin"} | {part: "nowhere"})
    with pytest.raises(UserError, match=rf"images\.{part}: .*nowhere does not exist"):
        build("image", data=data)


def test_names_that_are_too_long_matter_to_text_encoders_only(
    build, config_of, write_pictures, write_profile
):
    folder = write_pictures("long/" + "_".join(["Ada"] * 40), 3).parent
    data = write_profile(people={"layout": "folders", "path": str(folder)})
    build("image", data=data).check(config_of("image", num_names=1))
    with pytest.raises(UserError, match="Ada"):
        build("text", data=data).check(config_of("text", num_names=1))


def test_weights_of_a_profile_stand_for_a_tag(config_of, write_profile, tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    data = write_profile(models={"RN50/openai": "weights.safetensors"})
    config = config_of("text", model="RN50", pretrained="openai", data=data)
    assert with_weights(config).pretrained == str(tmp_path / "weights.safetensors")
    other = config.model_copy(update={"pretrained": "cc12m"})
    assert with_weights(other) == other
    assert fingerprints(config)["model"] != fingerprints(other)["model"]
