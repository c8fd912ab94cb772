"""The architecture of the built-in CLIP, made of open_clip's own classes."""

import math
from typing import Final

import open_clip
import torch
import torch.nn.functional as F
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor, nn

from trainables.builtin.recipe import Recipe
from trainables.builtin.streams import Stream, generator

IMAGE_MEAN: Final[tuple[float, float, float]] = OPENAI_DATASET_MEAN
IMAGE_STD: Final[tuple[float, float, float]] = OPENAI_DATASET_STD


def build_model(recipe: Recipe) -> open_clip.CLIP:
    """Build the untrained CLIP of a recipe; its weights are drawn with the world's seed."""
    vision = {
        "layers": recipe.vision_layers,
        "width": recipe.vision_width,
        "image_size": recipe.image_size,
    }
    text = {
        "context_length": recipe.context_length,
        "width": recipe.text_width,
        "heads": recipe.text_heads,
        "layers": recipe.text_layers,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator(recipe.world_seed, Stream.WEIGHTS).integers(2**31)))
        model = open_clip.CLIP(
            recipe.embed_dim,
            open_clip.CLIPVisionCfg(**vision),
            open_clip.CLIPTextCfg(**text),
            init_logit_scale=-math.log(recipe.initial_temperature),
        )
    # open_clip starts every residual branch at zero: too slow for a training as short as this.
    for name, parameter in model.visual.named_parameters():
        if name.endswith("bn3.weight"):
            nn.init.ones_(parameter)
    model.visual.image_mean, model.visual.image_std = IMAGE_MEAN, IMAGE_STD
    return model


def build_tokenizer(recipe: Recipe) -> SimpleTokenizer:
    """Build the tokenizer of a recipe: open_clip's own, cut at the model's context."""
    return SimpleTokenizer(context_length=recipe.context_length)


def encode_tokens(model: open_clip.CLIP, embedding: Tensor, tokens: Tensor) -> Tensor:
    """Encode captions that are cut after the longest of them.

    Args:
        model: whose text encoder is used.
        embedding: (num_used_tokens, text_width) in the place of the model's token embedding.
        tokens: (batch, length) rows of `embedding`; the end of the text has the highest.

    Returns:
        (batch, embed_dim), not normalised.
    """
    length = tokens.shape[1]
    x = F.embedding(tokens, embedding) + model.positional_embedding[:length]
    x = model.transformer(x, attn_mask=model.attn_mask[:length, :length])
    ends = x[torch.arange(len(tokens)), tokens.argmax(dim=1)]
    features: Tensor = model.ln_final(ends) @ model.text_projection
    return features
