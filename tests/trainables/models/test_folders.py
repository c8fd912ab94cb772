"""Folders in open_clip's form and repositories of the hub, which lie in its cache as folders."""

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import builtin_config
from tests.trainables.models.conftest import ARCHITECTURES, Evil
from trainables.errors import UserError
from trainables.models.load import load_clip
from trainables.models.transformers_names import to_transformers

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(make, save_open_clip, tmp_path):
    return save_open_clip(make(), tmp_path / "clip")


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
        ({"model_cfg": {"embed_dim": 3}}, "open_clip cannot build what .* asks for"),
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


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The hub's cache on a machine without network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def publish(cache):
    """Puts a folder's files where a download would leave them."""

    def publish(folder, name="org/name", revision="main", commit=COMMIT):
        home = cache / f"models--{name.replace('/', '--')}"
        snapshot = home / "snapshots" / commit
        for made in (home / "refs", home / "blobs", snapshot):
            made.mkdir(parents=True, exist_ok=True)
        (home / "refs" / revision).write_text(commit)
        for file in folder.iterdir():
            content = file.read_bytes()
            blob = home / "blobs" / hashlib.sha256(content).hexdigest()
            blob.write_bytes(content)
            (snapshot / file.name).symlink_to(blob)
        return snapshot

    return publish


@pytest.fixture
def theirs(make, tmp_path):
    """A folder in the form of transformers."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    save_file(to_transformers(make().state_dict()), folder / "model.safetensors")
    tower = {"hidden_act": "gelu", "num_attention_heads": 2}
    config = {"model_type": "clip", "text_config": tower, "vision_config": tower}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_repository_of_open_clip_is_a_model_or_its_weights(folder, publish, make, load, same):
    publish(folder)
    for names in (
        ("hf-hub:org/name",),
        ("tiny", "hf-hub:org/name"),
        ("tiny", "hf-hub:org/name@main"),
    ):
        assert same(load(*names), make())


def test_a_repository_of_transformers_is_the_weights_of_an_architecture(
    theirs, publish, make, load, same
):
    publish(theirs)
    assert same(load("tiny", "hf-hub:org/name"), make())
    with pytest.raises(UserError, match="hf-hub:org/name was saved by transformers: name its arch"):
        load("hf-hub:org/name")


def test_shards_of_a_repository(theirs, publish, make, load, same, tmp_path):
    state = load_file(theirs / "model.safetensors")
    (theirs / "model.safetensors").unlink()
    parts = {name: f"model-{n % 3}.safetensors" for n, name in enumerate(state)}
    for part in set(parts.values()):
        save_file({k: v for k, v in state.items() if parts[k] == part}, theirs / part)
    index = theirs / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    snapshot = publish(theirs)
    assert same(load("tiny", "hf-hub:org/name"), make())
    (snapshot / "model-1.safetensors").unlink()
    with pytest.raises(UserError, match="is not on this machine and could not be downloaded"):
        load("tiny", "hf-hub:org/name")


def test_a_repository_in_both_forms_is_read_in_the_form_that_is_here(
    folder, theirs, publish, make, load, same
):
    (folder / "open_clip_model.safetensors").unlink()
    publish(folder)
    publish(theirs)
    assert same(load("tiny", "hf-hub:org/name"), make())


def test_a_revision_is_kept_to(folder, publish, make, save_open_clip, load, same, tmp_path):
    publish(folder)
    publish(save_open_clip(make(seed=1), tmp_path / "old"), revision="v1", commit="f" * 40)
    for revision in ("v1", "f" * 40):
        assert same(load(f"hf-hub:org/name@{revision}"), make(seed=1))
        assert same(load("tiny", f"hf-hub:org/name@{revision}"), make(seed=1))
    assert same(load("hf-hub:org/name"), make())


def test_safetensors_of_a_repository_are_preferred_and_pickles_not_run(
    folder, publish, load, canary
):
    torch.save(Evil(canary), folder / "open_clip_pytorch_model.bin")
    snapshot = publish(folder)
    load("hf-hub:org/name")
    (snapshot / "open_clip_model.safetensors").unlink()
    with pytest.raises(UserError, match=r"is not a plain checkpoint \(its pickle asks for"):
        load("hf-hub:org/name")


@pytest.mark.parametrize("names", [("hf-hub:org/name",), ("tiny", "hf-hub:org/name@v2")])
def test_a_repository_that_is_not_here(cache, load, names):
    with pytest.raises(UserError, match=r"hf-hub:org/name(@v2)? is not on this machine and could"):
        load(*names)


@pytest.mark.parametrize("name", ["", "org/name/more", "org/na me", "../x", "a/b@../c", "a/b@"])
def test_names_of_no_repository(cache, load, name):
    for names in ((f"hf-hub:{name}",), ("tiny", f"hf-hub:{name}")):
        with pytest.raises(UserError, match="names no repository: write hf-hub:org/name"):
            load(*names)


def test_repositories_that_the_hub_refuses(load, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("401")

    monkeypatch.setattr("trainables.models.hub.hf_hub_download", refuse)
    with pytest.raises(
        UserError, match=r"cannot be fetched \(PermissionError\); name a repository"
    ):
        load("hf-hub:org/name")


def test_only_what_is_needed_is_fetched(folder, theirs, monkeypatch, tmp_path, load):
    """On a hub that has everything, in both forms."""
    from huggingface_hub.errors import EntryNotFoundError

    asked = []

    def download(repo, file, revision):
        asked.append((file, revision))
        for source in (folder, theirs):
            if (source / file).is_file():
                (tmp_path / COMMIT).mkdir(exist_ok=True)
                (tmp_path / COMMIT / file).write_bytes((source / file).read_bytes())
                return str(tmp_path / COMMIT / file)
        raise EntryNotFoundError(file)

    monkeypatch.setattr("trainables.models.hub.hf_hub_download", download)
    load("tiny", "hf-hub:org/name")
    assert asked == [("open_clip_config.json", None), ("open_clip_model.safetensors", COMMIT)]
    asked.clear()
    (folder / "open_clip_config.json").unlink()
    (folder / "open_clip_model.safetensors").unlink()
    (theirs / "model.safetensors").unlink()
    (tmp_path / COMMIT / "open_clip_config.json").unlink()
    with pytest.raises(UserError, match="hf-hub:org/name holds no CLIP; open_clip_config"):
        load("tiny", "hf-hub:org/name")
