"""Folders in open_clip's form, as models and as weights."""

import json

import pytest
import torch

from tests.conftest import builtin_config
from tests.trainables.models.conftest import ARCHITECTURES, Evil
from trainables.errors import UserError
from trainables.models.load import load_clip


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["tiny", "tiny-quickgelu", "tiny-custom"])
def test_a_folder_brings_its_architecture(make, save_open_clip, load, same, tmp_path, name):
    save_open_clip(make(name), tmp_path / "clip", name)
    assert same(load(f"local-dir:{tmp_path / 'clip'}"), make(name))


def test_a_folder_brings_a_tower_of_timm(make, save_open_clip, load, tmp_path):
    name = "tiny-timm"
    save_open_clip(make(name), tmp_path / "clip", name)
    loaded = load(f"local-dir:{tmp_path / 'clip'}").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in make(name).state_dict().items())


def test_a_trial_may_name_a_folder_as_its_model(folder, make):
    loaded = load_clip(builtin_config(model=f"local-dir:{folder}", pretrained=""))
    assert loaded.context_length == 16
    with pytest.raises(ValueError, match="stays empty for the built-in one and for models that"):
        builtin_config(model=f"local-dir:{folder}", pretrained="openai")
    with pytest.raises(ValueError, match="pretrained names the weights"):
        builtin_config(model="ViT-B-32", pretrained="")


@pytest.mark.parametrize("prefix", ["", "local-dir:"])
def test_a_folder_may_be_the_weights_of_an_architecture(folder, make, load, same, prefix):
    assert same(load("tiny", f"{prefix}{folder}"), make())
    assert same(load("tiny-quickgelu", f"{prefix}{folder}"), make())
    with pytest.raises(UserError, match="does not fit tiny-deep"):
        load("tiny-deep", f"{prefix}{folder}")


def test_the_pixels_of_a_folder(folder, load):
    pixels = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}
    change(folder / "open_clip_config.json", preprocess_cfg=pixels)
    for visual in (load("tiny", folder).visual, load(f"local-dir:{folder}").visual):
        assert tuple(visual.image_mean) == (0.1, 0.2, 0.3)
        assert tuple(visual.image_std) == (0.5, 0.6, 0.7)


def test_weights_of_torch_in_a_folder_are_read_as_tensors_only(folder, make, load, same, canary):
    (folder / "open_clip_model.safetensors").unlink()
    torch.save(make().state_dict(), folder / "open_clip_pytorch_model.bin")
    assert same(load(f"local-dir:{folder}"), make())
    torch.save({"state_dict": Evil(canary)}, folder / "open_clip_pytorch_model.bin")
    with pytest.raises(UserError, match=r"model: .*is not a plain checkpoint \(its pickle asks fo"):
        load(f"local-dir:{folder}")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "has no model_cfg"),
        (
            {"model_cfg": {"embed_dim": 3}},
            r"open_clip cannot build local-dir:.* \(KeyError: 'text_cfg'\)",
        ),
        ({"model_cfg": ARCHITECTURES["tiny-wide"]}, "text_projection is 32 x 16 and should be 32"),
        (
            {"model_cfg": ARCHITECTURES["tiny"] | {"text_cfg": {"hf_model_name": "some/thing"}}},
            "the text encoder 'some/thing' of another library",
        ),
        (
            {"model_cfg": ARCHITECTURES["tiny"], "preprocess_cfg": {"std": [0, 0, 0]}},
            "has the std .* three numbers",
        ),
    ],
)
def test_configurations_that_make_no_model(folder, load, config, message):
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=message):
        load(f"local-dir:{folder}")


def test_folders_that_hold_no_model(folder, load, tmp_path):
    with pytest.raises(UserError, match=r"model: there is no folder .*none; name one that exists"):
        load(f"local-dir:{tmp_path / 'none'}")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model: .* holds no CLIP; open_clip_config\.json with"):
        load(f"local-dir:{folder}")
    (folder / "open_clip_config.json").rename(folder / "config.json")
    with pytest.raises(UserError, match="was saved by transformers: name its architecture as mod"):
        load(f"local-dir:{folder}")
