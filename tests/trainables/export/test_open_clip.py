"""What open_clip reads back is the defended CLIP."""

import json

import open_clip
import pytest
import torch

from tests.models import RESNET, TIMM, VISION, tiny_custom_text_clip
from tests.trainables.export.conftest import defend, embeddings, make_clip
from trainables.errors import UserError
from trainables.export.open_clip import write_open_clip

TANH = {"act_kwargs": {"approximate": "tanh"}}
EPS = {"norm_kwargs": {"eps": 1e-3}}


def assert_the_same(found, expected):
    for new, old in zip(embeddings(found), embeddings(expected), strict=True):
        torch.testing.assert_close(new, old, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("vision", "text"),
    [
        (VISION, {}), (RESNET, {}), (RESNET | {"layers": (1, 2, 1, 1), "head_width": 32}, {}),
        (VISION | {"mlp_ratio": 2.0, "no_ln_pre": True}, {"mlp_ratio": 3.0}),
        (VISION | EPS, EPS | {"context_length": 40}),
    ],
)  # fmt: skip
def test_a_model_that_has_no_name_is_described(tmp_path, vision, text, quick_gelu):
    clip = defend(make_clip(vision=vision, quick_gelu=quick_gelu, **text), "text", "image")
    write_open_clip(clip, "builtin", tmp_path)
    again, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    assert_the_same(again.eval(), clip)
    assert preprocess is not None
    tokenizer = open_clip.get_tokenizer(f"local-dir:{tmp_path}")
    assert tokenizer.context_length == clip.context_length
    assert json.loads((tmp_path / "open_clip_config.json").read_text())["preprocess_cfg"] == {
        "mean": list(open_clip.OPENAI_DATASET_MEAN), "std": list(open_clip.OPENAI_DATASET_STD),
    }  # fmt: skip


def test_the_other_gelu(tmp_path):
    clip = make_clip(vision=VISION | TANH, **TANH)
    write_open_clip(clip, "mine", tmp_path)
    assert_the_same(open_clip.create_model(f"local-dir:{tmp_path}").eval(), clip)


def test_a_text_tower_of_its_own(tmp_path):
    clip = tiny_custom_text_clip()
    clip.visual.image_mean = clip.visual.image_std = (0.5, 0.5, 0.5)
    write_open_clip(clip, "mine", tmp_path)
    again = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    assert again.visual.image_mean == [0.5, 0.5, 0.5]
    assert_the_same(again, clip)


def test_what_has_no_description_is_refused(tmp_path):
    with pytest.raises(UserError, match="is of no architecture that open_clip has a name for"):
        write_open_clip(make_clip(vision=TIMM), "mine", tmp_path)
    with pytest.raises(UserError, match="the text encoder is no plain transformer"):
        write_open_clip(make_clip(ls_init_value=0.1), "mine", tmp_path)


def test_a_named_model_keeps_its_description(tmp_path, monkeypatch, quick_gelu):
    named = {
        "embed_dim": 16, "vision_cfg": TIMM,
        "text_cfg": {"width": 32, "heads": 2, "layers": 2, "ls_init_value": 0.1},
    }  # fmt: skip
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "mine", named)
    clip = make_clip(vision=TIMM, quick_gelu=quick_gelu, ls_init_value=0.1)
    write_open_clip(clip, "mine", tmp_path)
    assert_the_same(open_clip.create_model(f"local-dir:{tmp_path}").eval(), clip)


def test_a_folder_of_open_clip_keeps_its_description_but_for_places(tmp_path):
    clip = make_clip(vision=TIMM)
    text = {"width": 32, "heads": 2, "layers": 2, "hf_tokenizer_name": "/home/somebody/tokens"}
    config = {"model_cfg": {"embed_dim": 16, "vision_cfg": TIMM, "text_cfg": text}}
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    (tmp_path / "old" / "open_clip_config.json").write_text(json.dumps(config))
    (tmp_path / "old" / "open_clip_model.safetensors").touch()
    write_open_clip(clip, f"local-dir:{tmp_path / 'old'}", tmp_path / "new")
    assert_the_same(open_clip.create_model(f"local-dir:{tmp_path / 'new'}").eval(), clip)
    written = (tmp_path / "new" / "open_clip_config.json").read_text()
    assert "somebody" not in written
    assert str(tmp_path) not in written


def test_a_description_that_is_of_another_model_is_noticed(tmp_path, monkeypatch):
    other = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": {"width": 32, "heads": 4}}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "mine", other)
    with pytest.raises(UserError, match="mine cannot be described to open_clip"):
        write_open_clip(make_clip(), "mine", tmp_path)
    other["text_cfg"] = {"width": 32, "heads": 4, "layers": 2}
    with pytest.raises(UserError, match="mine cannot be described to open_clip"):
        write_open_clip(make_clip(), "mine", tmp_path)
