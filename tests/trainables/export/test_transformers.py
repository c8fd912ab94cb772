"""What transformers reads is the defended CLIP; a text encoder also as diffusers' pipelines do."""

import json
import logging
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image

from tests.models import TIMM, VISION
from tests.trainables.export.conftest import CAPTIONS, defend, embeddings, make_clip
from trainables.errors import UserError
from trainables.export.tokenizer import write_tokenizer
from trainables.export.transformers import check_transformers, write_transformers

with warnings.catch_warnings():
    # Of its own imports.
    warnings.simplefilter("ignore")
    import transformers

BOTH = ("text", "image")
KNOWN, CLEANED = SimpleTokenizer(context_length=77), SimpleTokenizer(context_length=77)
CLEANED.clean_fn = str


@pytest.fixture(autouse=True)
def _quiet():
    transformers.logging.set_verbosity(logging.ERROR)
    transformers.logging.disable_progress_bar()


def load(kind, folder, **options):
    """Load without a weight that is missing or left over, but for those that a part leaves over."""
    model, report = getattr(transformers, kind).from_pretrained(
        folder, output_loading_info=True, **options
    )
    assert not report["missing_keys"]
    assert not report["mismatched_keys"]
    return model.eval(), set(report["unexpected_keys"])


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder, 77)
    return transformers.CLIPTokenizer.from_pretrained(folder)


def ids_of(tokenizer, length=None):
    found = tokenizer(
        list(CAPTIONS), padding="max_length", truncation=True, max_length=length,
        return_tensors="pt",
    )  # fmt: skip
    return found["input_ids"]


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_clip_is_the_same(tmp_path, quick_gelu):
    clip = defend(make_clip(quick_gelu=quick_gelu, context_length=40), *BOTH)
    write_transformers(clip, tmp_path, BOTH)
    names, images = embeddings(clip)
    model, left_over = load("CLIPModel", tmp_path)
    assert not left_over
    processor = transformers.CLIPProcessor.from_pretrained(tmp_path)
    ids = ids_of(processor.tokenizer)
    assert ids.shape == (len(CAPTIONS), 40)
    assert torch.equal(ids.argmax(dim=1), KNOWN(CAPTIONS, 40).argmax(dim=1))
    close(model.get_text_features(ids).pooler_output, names)
    close(model.logit_scale, clip.logit_scale)
    mean = torch.tensor(clip.visual.image_mean)[:, None, None]
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - mean
    close(model.get_image_features(pixels).pooler_output, clip.encode_image(pixels))
    assert images.shape == (3, 16)


@torch.no_grad()
def test_a_text_encoder_is_the_same_alone(tmp_path, quick_gelu):
    clip = defend(make_clip(quick_gelu=quick_gelu), "text")
    write_transformers(clip, tmp_path, ["text"])
    names, _ = embeddings(clip)
    tokenizer = transformers.CLIPTokenizer.from_pretrained(tmp_path, subfolder="tokenizer")
    ids = ids_of(tokenizer)
    projected, left_over = load("CLIPTextModelWithProjection", tmp_path)
    assert all(name.startswith(("vision_model", "visual_proj", "logit")) for name in left_over)
    close(projected(ids).text_embeds, names)
    alone, left_over = load("CLIPTextModel", tmp_path, subfolder="text_encoder")
    assert not left_over
    close(alone(ids).pooler_output @ clip.text_projection, names)
    # What a diffusion model reads: the states of all places.
    state = clip.ln_final(clip.transformer(
        clip.token_embedding(ids) + clip.positional_embedding, attn_mask=clip.attn_mask
    ))  # fmt: skip
    close(alone(ids).last_hidden_state, state)


@torch.no_grad()
def test_a_text_encoder_beside_an_image_encoder_that_has_no_place(tmp_path, resnet):
    clip = defend(resnet, "text")
    write_transformers(clip, tmp_path, ["text"])
    assert not (tmp_path / "preprocessor_config.json").exists()
    names, _ = embeddings(clip)
    projected, left_over = load("CLIPTextModelWithProjection", tmp_path)
    assert not left_over
    ids = ids_of(transformers.CLIPTokenizer.from_pretrained(tmp_path))
    close(projected(ids).text_embeds, names)
    alone, left_over = load("CLIPTextModel", tmp_path, subfolder="text_encoder")
    assert not left_over
    close(alone(ids).pooler_output @ clip.text_projection, names)


def test_a_text_encoder_that_was_not_defended_is_not_written_apart(tmp_path):
    write_transformers(defend(make_clip(), "image"), tmp_path, ["image"])
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json", "model.safetensors", "preprocessor_config.json", "vocab.json", "merges.txt",
        "tokenizer_config.json", "special_tokens_map.json",
    }  # fmt: skip


def test_pictures_are_prepared_as_open_clip_does(tmp_path):
    from open_clip.transform import PreprocessCfg, image_transform_v2

    write_transformers(make_clip(), tmp_path, ["image"])
    processor = transformers.CLIPProcessor.from_pretrained(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).resize((70, 60))
    found = processor(images=picture, return_tensors="pt")["pixel_values"][0]
    expected = image_transform_v2(PreprocessCfg(size=32), is_train=False)(picture)
    assert found.shape == (3, 32, 32)
    # The two libraries round differently.
    assert (found - expected).abs().mean() < 0.02
    known = {"resize_mode": "squash", "interpolation": "bilinear"}
    squashing = make_clip()
    squashing.visual.preprocess_cfg = known
    (tmp_path / "squash").mkdir()
    write_transformers(squashing, tmp_path / "squash", ["image"])
    config = json.loads((tmp_path / "squash" / "preprocessor_config.json").read_text())
    assert config["size"] == {"height": 32, "width": 32}
    assert (config["do_center_crop"], config["resample"]) == (False, 2)


def test_tokens_are_the_same(tokenizer):
    expected = KNOWN(CAPTIONS)
    ends = expected.argmax(dim=1)
    found = ids_of(tokenizer)
    for row, end in enumerate(ends):
        assert torch.equal(found[row, : end + 1], expected[row, : end + 1])
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (49406, 49407)
    assert tokenizer.model_max_length == 77
    assert tokenizer.decode(found[1], skip_special_tokens=True) == "human"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["C"]), max_size=60))
def test_tokens_of_any_plain_text_are_the_same(tokenizer, text):
    # Cleaning, which open_clip does before, mends encodings and markup.
    text = KNOWN.clean_fn(text)
    assert tokenizer(text)["input_ids"][1:-1] == CLEANED.encode(text)


@pytest.mark.parametrize(
    "vision", [TIMM, VISION | {"no_ln_pre": True}, VISION | {"pool_type": "avg"}]
)
def test_an_image_encoder_without_a_place_is_refused(vision):
    clip = make_clip(vision=vision)
    check_transformers(clip, ["text"])
    with pytest.raises(UserError, match=r"has no place in transformers' CLIP.*--to open_clip"):
        check_transformers(clip, BOTH)


def test_blocks_without_a_place_are_refused():
    with pytest.raises(UserError, match="the image encoder is no plain transformer"):
        check_transformers(make_clip(vision=VISION | {"ls_init_value": 0.1}), ["image"])
    with pytest.raises(UserError, match="has no plain projection"):
        check_transformers(make_clip(proj_bias=True), ["text"])
