"""CLIPs that transformers saved, loaded without it."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel

from tests.trainables.models.conftest import Evil
from trainables.errors import UserError
from trainables.models.transformers_names import to_open_clip, to_transformers

TEXT = {
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 16, "bos_token_id": 98, "eos_token_id": 99,
}  # fmt: skip
VISION = {
    "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 16,
}  # fmt: skip


both_activations = pytest.mark.parametrize("theirs", ["quick_gelu", "gelu"], indirect=True)


@pytest.fixture
def theirs(request):
    """A CLIP of transformers with weights that a training could have left."""
    act = getattr(request, "param", "gelu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = CLIPConfig(
            text_config=TEXT | {"hidden_act": act},
            vision_config=VISION | {"hidden_act": act},
            projection_dim=16,
        )
        model = CLIPModel(config).eval().requires_grad_(False)
        for value in model.parameters():
            value.add_(torch.randn_like(value) * 0.1)
    return model


@pytest.fixture
def folder(theirs, tmp_path):
    theirs.save_pretrained(tmp_path / "clip")
    return tmp_path / "clip"


@pytest.fixture
def check(theirs, pixels, ids):
    """Holds a loaded model against that of transformers."""

    def check(model):
        with torch.no_grad():
            expected = theirs(input_ids=ids, pixel_values=pixels)
            images, texts = model.encode_image(pixels), model.encode_text(ids)
            logits = model.get_logits(pixels, ids)[0]
        unit = torch.nn.functional.normalize
        torch.testing.assert_close(unit(images, dim=-1), expected.image_embeds, atol=1e-5, rtol=0)
        torch.testing.assert_close(unit(texts, dim=-1), expected.text_embeds, atol=1e-5, rtol=0)
        torch.testing.assert_close(logits, expected.logits_per_image, atol=1e-4, rtol=1e-5)

    return check


@both_activations
@pytest.mark.parametrize("name", ["tiny", "tiny-quickgelu", "tiny-custom"])
def test_a_saved_clip_computes_the_same_in_open_clip(folder, load, check, name):
    # Its own files say which activation it has, whatever the architecture's name says.
    check(load(name, folder))


@both_activations
def test_shards_are_put_together(theirs, tmp_path, load, check):
    theirs.save_pretrained(tmp_path / "clip", max_shard_size="50KB")
    assert len(list((tmp_path / "clip").glob("model-*.safetensors"))) > 2
    check(load("tiny", tmp_path / "clip"))


def test_weights_of_torch_are_read_as_tensors_only(theirs, folder, load, check, canary):
    (folder / "model.safetensors").unlink()
    torch.save(theirs.state_dict(), folder / "pytorch_model.bin")
    check(load("tiny", folder))
    torch.save(theirs.state_dict() | {"logit_scale": Evil(canary)}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin is not a plain checkpoint \(its pick"):
        load("tiny", folder)


def test_safetensors_are_preferred_to_a_pickle(folder, load, check, canary):
    torch.save(Evil(canary), folder / "pytorch_model.bin")
    check(load("tiny", folder))


@pytest.mark.parametrize("is_new", [True, False])
def test_the_pixels_of_the_preprocessor(folder, load, is_new):
    said = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.6, 0.7]}
    name = "processor_config.json" if is_new else "preprocessor_config.json"
    (folder / name).write_text(json.dumps({"image_processor": said} if is_new else said))
    visual = load("tiny", folder).visual
    assert visual.image_mean == (0.1, 0.2, 0.3)
    assert visual.image_std == (0.5, 0.6, 0.7)


@pytest.mark.parametrize("wrong", ["0.5", [0.5], [0.5, 0.5, 0], [1, None, 1], [1, 1, 1e999]])
def test_pixels_that_are_no_three_numbers(folder, load, wrong):
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_std": wrong}))
    with pytest.raises(UserError, match=r"image_std .* three numbers, one for each channel"):
        load("tiny", folder)


def test_openais_own_pixels_where_nothing_is_said(folder, load, make):
    assert load("tiny", folder).visual.image_mean == make().visual.image_mean


def test_old_files_say_it_twice(folder, load, check):
    config = json.loads((folder / "config.json").read_text())
    config["text_config_dict"] = config["text_config"]
    config["text_config"] = config["text_config"] | {"hidden_act": "quick_gelu"}
    (folder / "config.json").write_text(json.dumps(config))
    check(load("tiny", folder))


def test_old_weights_hold_positions(folder, load, check):
    state = load_file(folder / "model.safetensors")
    state["text_model.embeddings.position_ids"] = torch.arange(16)[None]
    save_file(state, folder / "model.safetensors")
    check(load("tiny", folder))


def test_another_architecture(folder, load):
    with pytest.raises(UserError, match=r"text_projection is 32 x 16 and should be 32 x 24"):
        load("tiny-wide", folder)
    with pytest.raises(UserError, match=r"its text encoder has 2 attention heads and should h"):
        load("tiny-heads", folder)
    with pytest.raises(UserError, match=r"does not fit tiny-timm \(it has no visual\.trunk\."):
        load("tiny-timm", folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "siglip"}, r"a model of type 'siglip'; a whole CLIP"),
        ({"text_config": {"hidden_act": "gelu_new"}}, r"hidden_act gelu and gelu_new; gelu or"),
        ({"text_config": {}}, r"hidden_act gelu and quick_gelu; gelu or quick_gelu for both"),
    ],
)
def test_other_models(folder, load, changes, message):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(UserError, match=message):
        load("tiny", folder)


def test_folders_that_are_not_whole(folder, load):
    state = load_file(folder / "model.safetensors")
    lost = "vision_model.encoder.layers.0.self_attn.k_proj.bias"
    save_file({k: v for k, v in state.items() if k != lost}, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"self_attn\.k_proj .*is missing"):
        load("tiny", folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json is not JSON"):
        load("tiny", folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(UserError, match=r"config\.json holds no JSON object"):
        load("tiny", folder)
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"holds no CLIP; open_clip_config\.json with .* or co"):
        load("tiny", folder)
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="there is no checkpoint"):
        load("tiny", folder)


@pytest.mark.parametrize(
    "listed", [{}, {"weight_map": {}}, {"weight_map": {"a": "../outside.safetensors"}}]
)
def test_an_index_that_leaves_its_folder(folder, load, listed):
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    with pytest.raises(UserError, match="does not list files beside it under weight_map"):
        load("tiny", folder)


def test_an_index_of_files_that_are_not_there(folder, load):
    (folder / "model.safetensors").unlink()
    listed = {"weight_map": {"logit_scale": "model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    with pytest.raises(UserError, match=r"names model-1\.safetensors, which is not beside it"):
        load("tiny", folder)


def test_its_weights_alone_do_not_say_the_activation(folder, load):
    with pytest.raises(UserError, match="was saved by transformers; name its folder"):
        load("tiny", folder / "model.safetensors")


def test_names_there_and_back(theirs, make):
    state = make().state_dict()
    renamed = to_transformers(state)
    theirs.load_state_dict(renamed)
    assert len({value.untyped_storage().data_ptr() for value in renamed.values()}) == (len(renamed))
    back = to_open_clip(renamed)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], value) for name, value in state.items())


def test_the_weights_of_one_encoder(theirs, make):
    state = {k: v for k, v in make().state_dict().items() if not k.startswith("visual.")}
    renamed = to_transformers(state)
    own = {f"text_model.{name}" for name in theirs.text_model.state_dict()}
    assert renamed.keys() == own | {"text_projection.weight", "logit_scale"}


@pytest.mark.parametrize("name", ["tiny-timm", "tiny-custom"])
def test_models_without_a_counterpart(make, name):
    with pytest.raises(UserError, match="has no counterpart: only a CLIP whose encoders"):
        to_transformers(make(name).state_dict())
    with pytest.raises(UserError, match="has no counterpart"):
        to_open_clip({"text_model.encoder.layers.0.mlp.fc3.weight": torch.zeros(1)})
