import pytest

from trainables.data.digests import file_digest
from trainables.errors import UserError
from trainables.models.fingerprint import weights_fingerprint
from trainables.models.names import brings_weights, is_local


@pytest.mark.parametrize(
    ("pretrained", "expected"),
    [
        ("laion400m_e32", False), ("openai", False), ("hf-hub:org/name", False),
        ("hf-hub:org/name@v1.pt", False), ("local-dir:/x/clip", False), ("", False),
        ("/x/folder", True), ("./folder", True), (".", True), ("model.safetensors", True),
        ("model.pt", True), ("../model.bin", True), ("~/clip", True), ("folder/", True),
    ],
)  # fmt: skip
def test_paths_are_told_from_names(pretrained, expected):
    assert is_local(pretrained) == expected


def test_models_that_bring_their_weights():
    assert brings_weights("hf-hub:org/name")
    assert brings_weights("local-dir:/x")
    assert not brings_weights("ViT-B-32")
    assert not brings_weights("builtin")


def test_names_stand_for_themselves_whatever_is_on_this_machine():
    assert weights_fingerprint("ViT-B-32", "laion400m_e32") == "open_clip:ViT-B-32/laion400m_e32"
    assert weights_fingerprint("hf-hub:org/name", "") == "hf-hub:org/name"
    assert weights_fingerprint("hf-hub:org/name@v1", "") == "hf-hub:org/name@v1"
    assert weights_fingerprint("ViT-B-32", "hf-hub:org/name@v1") == "hf-hub:org/name@v1"


def test_a_file_stands_for_its_content(tmp_path):
    path, copy = tmp_path / "model.pt", tmp_path / "copy.safetensors"
    path.write_bytes(b"one")
    copy.write_bytes(b"one")
    first = weights_fingerprint("ViT-B-32", str(path))
    assert first == weights_fingerprint("ViT-B-32", str(copy)) == file_digest(path, "pretrained")
    assert len(first) == 16
    path.write_bytes(b"three")
    assert weights_fingerprint("ViT-B-32", str(path)) != first


@pytest.mark.parametrize(
    ("config", "weights"),
    [
        ("open_clip_config.json", "open_clip_model.safetensors"),
        ("config.json", "model.safetensors"),
    ],
)
def test_a_folder_stands_for_the_files_that_are_read(tmp_path, config, weights):
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / config).write_text("{}")
    (folder / weights).write_bytes(b"one")
    first = weights_fingerprint("ViT-B-32", str(folder))
    assert len(first) == 16
    (folder / "README.md").write_text("beside it")
    (folder / "pytorch_model.bin").write_bytes(b"not read")
    folder = folder.rename(tmp_path / "moved")
    assert weights_fingerprint("ViT-B-32", str(folder)) == first
    assert weights_fingerprint("ViT-B-32", f"local-dir:{folder}") == first
    if config == "open_clip_config.json":
        assert weights_fingerprint(f"local-dir:{folder}", "") == first
    (folder / config).write_text("{ }")
    second = weights_fingerprint("ViT-B-32", str(folder))
    (folder / weights).write_bytes(b"two")
    assert len({first, second, weights_fingerprint("ViT-B-32", str(folder))}) == 3


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match=r"pretrained: cannot read .*none\.pt \(No such file"):
        weights_fingerprint("ViT-B-32", str(tmp_path / "none.pt"))
    with pytest.raises(UserError, match=r"pretrained: .* holds no CLIP"):
        weights_fingerprint("ViT-B-32", str(tmp_path))
    with pytest.raises(UserError, match=r"model: there is no folder .*none"):
        weights_fingerprint(f"local-dir:{tmp_path / 'none'}", "")
