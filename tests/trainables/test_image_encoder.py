import copy

import numpy as np
import open_clip
import pytest
import torch
from torch import nn

from tests.models import RESNET, TIMM, VISION, colourful, tiny_clip
from trainables.errors import UserError
from trainables.image_encoder import (
    ImageEncoder,
    encode_chunks,
    encode_images,
    put_image_encoder,
    take_image_encoder,
    to_pixels,
)
from trainables.unlearning.loop import trainable_parameters

TOWERS = {
    "plain": VISION | {"layers": 3},
    "one layer": VISION,
    "layer scale": VISION | {"ls_init_value": 0.1},
    "ln_pre off": VISION | {"no_ln_pre": True},
    "average pool": VISION | {"pool_type": "avg"},
    "norm after pool": VISION | {"final_ln_after_pool": True},
    "attention pool": VISION
    | {"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 2},
    "other blocks": VISION | {"layers": 2, "qk_norm": True},
    "patch dropout": VISION | {"patch_dropout": 0.5},
    "resnet": RESNET,
    "timm": TIMM,
}
TRAINED = ["plain", "layer scale", "resnet", "timm"]


@pytest.fixture(scope="module")
def model_of():
    """CLIPs by the name of their image tower; tests leave them as they are."""
    made = {}

    def model_of(tower):
        if tower not in made:
            made[tower] = tiny_clip(vision=TOWERS[tower])
        return made[tower]

    return model_of


def stock(model, pixels):
    """What open_clip does with the pixels of a picture once they are normalised."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (model.visual.image_mean,
                                                            model.visual.image_std))  # fmt: skip
    return model.encode_image((pixels - mean) / std)


def pictures(number, size):
    return (colourful(number, size).permute(0, 2, 3, 1) * 255).to(torch.uint8).numpy()


@pytest.mark.parametrize("tower", TOWERS)
def test_an_encoder_equals_open_clips_encode_image(model_of, tower):
    model = model_of(tower)
    encoder = take_image_encoder(model)
    images = pictures(7, encoder.image_size)
    found = encode_images(encoder, images, chunk_size=3)
    with torch.no_grad():
        expected = stock(model, torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
        raw = torch.cat(list(encode_chunks(encoder, images)))
    torch.testing.assert_close(found, nn.functional.normalize(expected), atol=1e-5, rtol=0)
    torch.testing.assert_close(raw, expected, atol=1e-5, rtol=1e-5)
    assert found.std(dim=0).mean() > 1e-3


def training_gradients(model, encoder, pixels, weight):
    """Gradients of all that is trained, by name: of the encoder, and of open_clip's own tower."""
    stock_model = copy.deepcopy(model).double().eval().requires_grad_(True)
    (stock(stock_model, pixels) * weight).sum().backward()
    trainable_parameters(encoder)
    (encoder(pixels) * weight).sum().backward()
    wanted = dict(stock_model.visual.named_parameters())
    named = encoder.tower.named_parameters()
    trained = {name: p.grad for name, p in named if p.requires_grad}
    return trained, {name: wanted[name].grad for name in trained}


@pytest.mark.parametrize("tower", TRAINED)
def test_gradients_of_all_that_is_trained_are_those_of_the_stock_tower(model_of, tower):
    model = model_of(tower)
    encoder = take_image_encoder(model).double()
    pixels = colourful(6, encoder.image_size).double()
    weight = torch.randn(6, 16, generator=torch.manual_seed(0), dtype=torch.float64)
    found, expected = training_gradients(model, encoder, pixels, weight)
    assert found
    for name, gradient in expected.items():
        torch.testing.assert_close(
            found[name], gradient, rtol=1e-6, atol=1e-9 * float(gradient.abs().max()) + 1e-12
        )


@pytest.mark.parametrize("tower", TRAINED)
def test_taking_copies_and_putting_back_changes_every_weight(model_of, tower):
    model = copy.deepcopy(model_of(tower))
    pixels = colourful(4, 64 if tower in ("resnet", "timm") else 32)
    with torch.no_grad():
        before = stock(model, pixels)
        student = take_image_encoder(model)
        generator = torch.manual_seed(3)
        for parameter in student.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
        torch.testing.assert_close(stock(model, pixels), before, rtol=0, atol=0)
        put_image_encoder(model, student)
        for name, value in model.visual.state_dict().items():
            assert torch.equal(value, student.tower.state_dict()[name]), name
        torch.testing.assert_close(stock(model, pixels), student(pixels), atol=1e-5, rtol=1e-5)
        assert not torch.equal(stock(model, pixels), before)


def test_what_is_taken_is_in_evaluation_mode_and_knows_its_size(model_of):
    encoder = take_image_encoder(model_of("resnet").train())
    model_of("resnet").eval()
    assert not any(module.training for module in encoder.modules())
    assert encoder.image_size == 64
    assert encoder.device == torch.device("cpu")


def test_a_read_only_pool_becomes_pixels():
    images = pictures(2, 8)
    images.flags.writeable = False
    pixels = to_pixels(images, torch.device("cpu"))
    assert pixels.shape == (2, 3, 8, 8)
    np.testing.assert_array_equal((pixels * 255).round().permute(0, 2, 3, 1).numpy(), images)


@pytest.mark.parametrize(
    ("tower", "sentence"),
    [
        (nn.Identity(), "Identity is not one that can be defended: choose a model with"),
        (VISION | {"output_tokens": True}, "gives tokens beside the embedding"),
        (VISION | {"image_size": (32, 48)}, "takes images of 32 x 48 pixels: only square"),
    ],
    ids=["another class", "tokens", "not square"],
)
def test_a_tower_that_cannot_be_defended_is_refused(tower, sentence):
    if isinstance(tower, dict):
        tower = open_clip.CLIP(16, open_clip.CLIPVisionCfg(**tower), open_clip.CLIPTextCfg(
            width=32, heads=2, layers=1)).visual  # fmt: skip
    with pytest.raises(UserError, match=sentence):
        ImageEncoder(tower)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ViT-B-32", "RN50"])
def test_an_encoder_equals_encode_image_of_real_architectures(name):
    model = open_clip.create_model(name, pretrained=None).eval()
    encoder = take_image_encoder(model)
    images = pictures(2, encoder.image_size)
    with torch.no_grad():
        expected = stock(model, torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
    found = encode_images(encoder, images)
    torch.testing.assert_close(found, nn.functional.normalize(expected), atol=1e-5, rtol=0)
