import pickle

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from trainables.errors import UserError
from trainables.fingerprints import file_digest, fingerprints
from trainables.models.load import load_clip


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    return {k: v.contiguous() for k, v in open_clip.create_model("RN50").state_dict().items()}


@pytest.fixture
def load(make_config):
    def load(model, pretrained):
        return load_clip(make_config(model=model, pretrained=str(pretrained)))

    return load


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["safetensors", "pt", "bin"])
def test_a_checkpoint_is_loaded(tmp_path, weights, load, suffix):
    path = tmp_path / f"model.{suffix}"
    if suffix == "safetensors":
        save_file(weights, path)
    else:
        torch.save({"state_dict": weights}, path)
    loaded = load("RN50", path)
    assert loaded.context_length == 77
    assert not loaded.model.training
    for name, value in loaded.model.state_dict().items():
        assert torch.equal(value, weights[name]), name


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, load):
    marker = tmp_path / "ran"
    path = tmp_path / "evil.pt"
    torch.save({"state_dict": Evil(marker)}, path)
    with pytest.raises(UserError, match="not a plain checkpoint of ViT-B-32"):
        load("ViT-B-32", path)
    raw = tmp_path / "raw.pt"
    raw.write_bytes(pickle.dumps(Evil(marker), protocol=2))
    with pytest.raises(UserError, match="not a plain checkpoint"):
        load("ViT-B-32", raw)
    assert not marker.exists()


def test_files_that_are_no_checkpoints(tmp_path, load):
    text = tmp_path / "model.safetensors"
    text.write_text("no weights")
    with pytest.raises(UserError, match=r"model\.safetensors is not a plain checkpoint"):
        load("ViT-B-32", text)
    other = tmp_path / "other.safetensors"
    save_file({"positional_embedding": torch.zeros(77, 512)}, other)
    with pytest.raises(UserError, match="not a plain checkpoint of ViT-B-32"):
        load("ViT-B-32", other)
    with pytest.raises(UserError, match="there is no checkpoint"):
        load("ViT-B-32", tmp_path / "none.pt")


def test_unknown_models_and_tags(load):
    with pytest.raises(UserError, match="unknown model 'ViT-B-23': did you mean 'ViT-B-32'"):
        load("ViT-B-23", "openai")
    with pytest.raises(UserError, match="'laion400m_e23': did you mean 'laion400m_e32'"):
        load("ViT-B-32", "laion400m_e23")


def test_weights_that_cannot_be_downloaded(load, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="could not be downloaded"):
        load("ViT-B-32", "laion400m_e32")


def test_fingerprints_follow_the_content(make_config, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"one")
    first = fingerprints(make_config(model="ViT-B-32", pretrained=str(path)))
    copy = tmp_path / "copy.pt"
    copy.write_bytes(b"one")
    assert fingerprints(make_config(model="ViT-B-32", pretrained=str(copy))) == first
    path.write_bytes(b"three")
    assert fingerprints(make_config(model="ViT-B-32", pretrained=str(path))) != first
    tagged = fingerprints(make_config(model="ViT-B-32", pretrained="laion400m_e32"))
    assert tagged["model"] == "open_clip:ViT-B-32/laion400m_e32"
    assert fingerprints(make_config(world_seed=1)) != fingerprints(make_config(world_seed=2))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"train_captions: cannot read .*none\.txt"):
        file_digest(tmp_path / "none.txt", "train_captions")
