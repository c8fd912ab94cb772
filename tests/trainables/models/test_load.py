import contextlib
import pickle
import tarfile

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.trainables.models.conftest import ARCHITECTURES, Evil
from trainables.errors import UserError
from trainables.models.checkpoints import read_checkpoint
from trainables.models.load import _other_activation, load_clip


@pytest.mark.parametrize("name", ["tiny", "tiny-quickgelu", "tiny-custom", "tiny-timm"])
def test_a_checkpoint_is_loaded_into_its_architecture(tmp_path, make, load, name):
    model = make(name)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    loaded = load(name, tmp_path / "model.safetensors")
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def test_a_loaded_clip_is_ready_to_be_asked(tmp_path, make, make_config):
    save_file(make().state_dict(), tmp_path / "model.safetensors")
    loaded = load_clip(make_config(model="tiny", pretrained=str(tmp_path / "model.safetensors")))
    assert loaded.context_length == 16
    assert not loaded.model.training
    assert not any(value.requires_grad for value in loaded.model.parameters())


@pytest.mark.parametrize("suffix", ["pt", "pth", "bin"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_files_of_torch_are_loaded(tmp_path, make, load, same, suffix, is_zip):
    state = {f"module.{name}": value.half() for name, value in make().state_dict().items()}
    training = {"epoch": 3, "name": "mine", "state_dict": state, "optimizer": {"lr": 0.1}}
    path = tmp_path / f"model.{suffix}"
    torch.save(training, path, _use_new_zipfile_serialization=is_zip)
    expected = make()
    expected.load_state_dict({name: value.half() for name, value in make().state_dict().items()})
    assert same(load("tiny", path), expected)
    assert load("tiny", path).logit_scale.dtype == torch.float32


def test_weights_of_older_forms_are_brought_into_todays(tmp_path, make, load, same):
    state = make().state_dict()
    state["logit_scale"] = state["logit_scale"].reshape(1)
    torch.save(state | {"context_length": torch.tensor(16)}, tmp_path / "old.pt")
    assert same(load("tiny", tmp_path / "old.pt"), make())
    # A text encoder of its own took other names over.
    assert same(load("tiny-custom", tmp_path / "old.pt"), make())


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, load, canary):
    evil = {"state_dict": {"logit_scale": Evil(canary)}}
    torch.save(evil, tmp_path / "zip.pt")
    torch.save(evil, tmp_path / "legacy.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "raw.bin").write_bytes(pickle.dumps(Evil(canary), protocol=2))
    for name in ("zip.pt", "legacy.pt"):
        with pytest.raises(UserError, match=r"not a plain checkpoint \(its pickle asks for .*open"):
            load("tiny", tmp_path / name)
    with pytest.raises(UserError, match="not a plain checkpoint"):
        load("tiny", tmp_path / "raw.bin")


def test_a_tar_file_is_not_unpacked(tmp_path, make, load):
    (tmp_path / "stray").write_text("outside")
    with tarfile.open(tmp_path / "old.pt", "w") as tar:
        for name in ("pickle", "storages", "tensors", "../escaped"):
            tar.add(tmp_path / "stray", arcname=name)
    with pytest.raises(UserError, match="not a plain checkpoint"):
        load("tiny", tmp_path / "old.pt")
    assert not (tmp_path.parent / "escaped").exists()


def test_files_that_are_no_checkpoints(tmp_path, make, load):
    text = tmp_path / "model.safetensors"
    text.write_text("no weights")
    with pytest.raises(UserError, match=r"pretrained: .*model\.safetensors is not a plain checkpo"):
        load("tiny", text)
    torch.save({"state_dict": {"logit_scale": 3}}, tmp_path / "numbers.pt")
    with pytest.raises(UserError, match="logit_scale in it is not a tensor"):
        load("tiny", tmp_path / "numbers.pt")
    torch.save([torch.zeros(3)], tmp_path / "list.pt")
    with pytest.raises(UserError, match="it holds no weights by name"):
        load("tiny", tmp_path / "list.pt")
    with pytest.raises(UserError, match="there is no checkpoint"):
        load("tiny", tmp_path / "none.pt")


def test_weights_of_another_architecture(tmp_path, make, load):
    path = tmp_path / "model.safetensors"
    save_file(make().state_dict(), path)
    with pytest.raises(UserError, match=r"text_projection is 32 x 16 and should be 32 x 24"):
        load("tiny-wide", path)
    with pytest.raises(UserError, match=r"it has no transformer\.resblocks\.2\.\S+ and 11 more\)"):
        load("tiny-deep", path)
    save_file(make("tiny-deep").state_dict(), path)
    with pytest.raises(UserError, match=r"it has transformer\.resblocks\.2\.\S+ and 11 more, whi"):
        load("tiny", path)
    # A name that makes open_clip take it for MobileCLIP.
    save_file({"image_encoder.model.patch_embed.0.rbr_conv.0.conv.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="does not fit tiny"):
        load("tiny", path)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), suffix=st.sampled_from([".pt", "-legacy.pt", ".safetensors"]))
def test_damaged_files_are_refused_in_one_sentence(tmp_path_factory, data, suffix):
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    state = {"logit_scale": torch.arange(4.0)}
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=suffix == ".pt")
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    # What is damaged may still be tensors.
    with contextlib.suppress(UserError):
        assert all(isinstance(x, torch.Tensor) for x in read_checkpoint(path, "x").state.values())


def test_truncated_files_are_refused(tmp_path, make, load):
    torch.save(make().state_dict(), tmp_path / "model.pt")
    save_file(make().state_dict(), tmp_path / "model.safetensors")
    for name in ("model.pt", "model.safetensors"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(UserError, match="not a plain checkpoint"):
            load("tiny", tmp_path / name)


def test_an_architecture_that_open_clip_cannot_build(tmp_path, make, load, monkeypatch):
    text = {"hf_model_name": "org/missing", "hf_tokenizer_name": "org/missing"}
    architecture = ARCHITECTURES["tiny"] | {"text_cfg": text}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny-hf", architecture)
    save_file(make().state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"open_clip cannot build tiny-hf \(.*choose a model whose"):
        load("tiny-hf", tmp_path / "model.safetensors")


def test_unknown_models_and_tags(load):
    with pytest.raises(UserError, match="unknown model 'ViT-B-23': did you mean 'ViT-B-32'"):
        load("ViT-B-23", "openai")
    with pytest.raises(UserError, match="'laion400m_e23': did you mean 'laion400m_e32'"):
        load("ViT-B-32", "laion400m_e23")
    with pytest.raises(UserError, match="'mine': name the path"):
        load("tiny", "mine")


@pytest.fixture
def tagged(monkeypatch, tmp_path):
    """A file that open_clip downloads for a tag."""
    path = tmp_path / "open_clip_pytorch_model.bin"
    cfg = {"hf_hub": "org/name/", "mean": (0.1, 0.2, 0.3), "std": (1.0, 1.0, 1.0)}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"mine": cfg})
    monkeypatch.setattr("open_clip.download_pretrained", lambda cfg: str(path))
    monkeypatch.setattr("open_clip.factory.download_pretrained", lambda cfg, cache_dir: str(path))
    return path


def test_the_weights_of_a_tag(tagged, make, load, same):
    torch.save(make().state_dict(), tagged)
    loaded = load("tiny", "mine")
    assert same(loaded, make())
    assert loaded.visual.image_mean == (0.1, 0.2, 0.3)


def test_weights_of_openai_run_with_their_own_activation(tagged, make, load, monkeypatch):
    tags = open_clip.pretrained._PRETRAINED["tiny"]
    openai = tags["mine"] | {"quick_gelu": True}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", tags | {"openai": openai})
    torch.save(make().state_dict(), tagged)
    kinds = {tag: {type(part).__name__ for part in load("tiny", tag).modules()} for tag in
             ("mine", "openai")}  # fmt: skip
    assert "QuickGELU" in kinds["openai"]
    assert "QuickGELU" not in kinds["mine"]


def test_another_activation_than_in_training_is_said():
    assert "ViT-B-32-quickgelu runs it so" in _other_activation("ViT-B-32", "laion400m_e32")
    for same in (
        ("ViT-B-32-quickgelu", "laion400m_e32"),
        ("ViT-B-32", "/a.pt"),
        ("RN50", "openai"),
    ):
        assert _other_activation(*same) == ""


def test_what_is_downloaded_for_a_tag_is_not_run(tagged, load, canary, monkeypatch):
    # Set by people whose own checkpoints hold more than tensors.
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    torch.save({"state_dict": Evil(canary)}, tagged)
    with pytest.raises(UserError, match=r"the weights 'mine'.*its pickle asks for"):
        load("tiny", "mine")


def test_weights_that_cannot_be_downloaded(load, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="could not be downloaded"):
        load("ViT-B-32-quickgelu", "openai")
