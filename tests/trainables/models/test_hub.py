"""Repositories of the hub, which lie in its cache as folders."""

import hashlib
import json

import pytest
import torch
from huggingface_hub.errors import EntryNotFoundError
from safetensors.torch import load_file, save_file

from tests.trainables.models.conftest import Evil
from trainables.errors import UserError
from trainables.models.transformers_names import to_transformers

COMMIT = "0123456789abcdef0123456789abcdef01234567"


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
