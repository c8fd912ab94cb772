"""A CLIP whose encoders are defended, as far as a test can tell: small changes to all weights."""

import copy

import open_clip
import pytest
import torch

from tests.models import RESNET, VISION, colourful
from trainables.export.state import put_students, student_arrays
from trainables.image_encoder import take_image_encoder
from trainables.text_encoder import take_text_encoder
from trainables.tokens import word_tokenizer
from trainables.unlearning.loop import trainable_parameters

CAPTIONS = (
    "a photo of the red dog's house, near 3 trees & one café by night", "human",
    "Grace Hopper over-sized co-op !?", "it's 2024: we'll see 1,000 naïve über-jalapeños", "",
    "日本 and Ελλάδα 🙂", "word " * 100,
)  # fmt: skip


def make_clip(*, quick_gelu=False, vision=VISION, seed=0, **text):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_config = open_clip.CLIPTextCfg(**{"width": 32, "heads": 2, "layers": 2, **text})
        vision_config = open_clip.CLIPVisionCfg(**vision)
        clip = open_clip.CLIP(16, vision_config, text_config, quick_gelu=quick_gelu).eval()
    clip.visual.image_mean = open_clip.OPENAI_DATASET_MEAN
    clip.visual.image_std = open_clip.OPENAI_DATASET_STD
    return clip


def students_of(clip, *encoders):
    """Students whose weights are a little off."""
    take = {"text": take_text_encoder, "image": take_image_encoder}
    found = {encoder: take[encoder](clip) for encoder in encoders}
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for student in found.values():
            for weights in trainable_parameters(student):
                noise = torch.randn(weights.shape, generator=generator)
                weights += 0.02 * noise
    return found


def defend(clip, *encoders):
    clip = copy.deepcopy(clip)
    put_students(clip, student_arrays(students_of(clip, *encoders)))
    return clip


@torch.no_grad()
def embeddings(clip):
    ids = torch.from_numpy(word_tokenizer(clip.context_length).batch(CAPTIONS)).long()
    ids = torch.nn.functional.pad(ids, (0, clip.context_length - ids.shape[1]))
    mean = torch.tensor(clip.visual.image_mean)[:, None, None]
    std = torch.tensor(clip.visual.image_std)[:, None, None]
    pixels = (colourful(3, clip.visual.image_size) - mean) / std
    return clip.encode_text(ids), clip.encode_image(pixels)


@pytest.fixture(params=[False, True], ids=["gelu", "quick_gelu"])
def quick_gelu(request):
    return request.param


@pytest.fixture
def resnet():
    return make_clip(vision=RESNET)
