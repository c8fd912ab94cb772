import json

import numpy as np
import pytest
import yaml
from PIL import Image

from sweeps.cli import main
from trainables.profile.check import check_profile
from trainables.profile.read import inspect_profile
from trainables.profile.sizes import Counts, asset_bytes


def picture(path, side=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([*str(path.name).encode()]).integers(0, 256, (side, side, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture
def data(tmp_path):
    """A small copy of everything: 3 people, captions, images, classes."""
    for name, number in (("Ada_Byron", 40), ("Max_Born", 39), ("Emmy_Noether", 3)):
        for n in range(number):
            picture(tmp_path / "people" / name / f"{n}.png")
    for n in range(5):
        picture(tmp_path / "images" / f"{n}.png")
        picture(tmp_path / "classes" / "dog" / f"{n}.png")
    (tmp_path / "train.csv").write_text("TEXT,url\na dog in the snow,x\nAda Byron at night,y\n")
    (tmp_path / "eval.txt").write_text("a cat\ntwo dogs\n")
    return tmp_path


WHOLE = {
    "people": {"layout": "folders", "path": "people"},
    "captions": {"train": {"path": "train.csv", "column": "TEXT"}, "eval": "eval.txt"},
    "images": {"train": "images", "eval": "images"},
    "zeroshot": {"things": "classes", "identities": True},
}


def write(folder, **changes):
    (folder / "data.yaml").write_text(yaml.safe_dump(WHOLE | changes, sort_keys=False))
    return str(folder / "data.yaml")


def checked(folder, **changes):
    told = []
    report = check_profile(
        inspect_profile(folder / "data.yaml") if not changes else
        inspect_profile(type(folder)(write(folder, **changes))),
        lambda what, done, total: told.append((what, done, total)),
    )  # fmt: skip
    assert told[-1][1] == told[-1][2]
    return report


def test_all_is_counted(data):
    report = checked(data, images=WHOLE["images"])
    found = {finding.part: finding.found for finding in report.findings if finding.found}
    assert report.faults == []
    assert report.people == ("Ada Byron", "Max Born")
    assert found["people"].startswith("2 of 3 people")
    assert "1 " in found["people"].split("left out:")[1]
    assert found["captions.train"] == "2 captions, 1 of them name somebody"
    assert found["captions.eval"] == "2 captions, 0 of them name somebody"
    assert found["images.train"] == "5 pictures"
    assert found["zeroshot.things"] == "1 classes, 5 pictures"
    assert report.counts.num_train_images == 5
    assert report.counts.num_class_images == 5 + report.counts.num_identity_images


def test_data_sets_that_are_not_named_stand_there_with_where_they_are_published(data):
    report = checked(data, images=WHOLE["images"])
    absent = {f.part: f.hint for f in report.findings if not f.found}
    assert set(absent) == {
        "zeroshot.imagenet-v2", "zeroshot.imagenet", "zeroshot.cifar10", "zeroshot.cifar100",
        "zeroshot.sun397", "zeroshot.flowers102",
    }  # fmt: skip
    assert all("http" in hint for hint in absent.values())


def test_six_faults_are_all_named(data, capsys):
    picture(data / "classes" / "cat" / "0.png")
    broken = data / "classes" / "cat" / "1.png"
    broken.write_bytes((data / "classes" / "cat" / "0.png").read_bytes()[:60])
    (data / "eval.txt").write_bytes(b"a cat\0")
    profile = write(
        data,
        people={"layout": "folders", "path": "nobody"},
        captions={"train": {"path": "train.csv", "column": "TXT"}, "eval": "eval.txt"},
        images={"train": "${NOT_SET}/images", "eval": {"path": "images", "colum": 1}},
        zeroshot={"things": "classes"},
    )
    assert main(["data", "check", profile]) == 2
    out = capsys.readouterr().out
    assert "6 wrong:" in out
    for told in (
        "nobody does not exist", "did you mean 'TEXT'", "eval.txt", "NOT_SET",
        "images.eval.colum: unknown key", "cat/1.png",
    ):  # fmt: skip
        assert told in out, told
    assert "Traceback" not in out


def test_the_command_says_what_there_is(data, capsys):
    assert main(["data", "check", write(data), "--names"]) == 0
    out = capsys.readouterr().out
    assert "attack set: 2 people" in out
    assert "  Max Born" in out
    assert main(["data", "check", write(data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["faults"] == []
    assert found["counts"]["num_people"] == 2
    assert "people" not in found


def test_init_writes_a_profile_once(tmp_path, capsys):
    path = tmp_path / "deep" / "mine.yaml"
    assert main(["data", "init", str(path)]) == 0
    assert not inspect_profile(path).faults
    assert main(["data", "init", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_sizes_grow_with_what_there_is_up_to_what_trials_use():
    few = asset_bytes(Counts(num_train_images=10))
    many = asset_bytes(Counts(num_train_images=30_000))
    assert many["text"] == few["text"]
    assert many["image"] - few["image"] == 29_990 * (3 * 224**2 + 4 * 512)
    assert asset_bytes(Counts(num_train_images=10**9)) == many
