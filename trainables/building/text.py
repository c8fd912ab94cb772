"""The shared data of trials that defend a text encoder."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainables.assets import TextAssets
from trainables.building.context import Context
from trainables.building.sources import caption_texts
from trainables.people import find_mentions
from trainables.store import Entry
from trainables.text_encoder import encode_ids
from trainables.tokens import Inserts, TokenisedCaptions
from trainables.unlearning.text import eval_positions


def build_text_assets(
    context: Context, people: Sequence[str], classes: Mapping[str, Sequence[str]]
) -> TextAssets:
    """Build, or read from the cache, what the trials of a text encoder share.

    Args:
        context: of the trial.
        people: names of the attack set.
        classes: `class_names` and `templates` of the zero-shot task.
    """
    identity = context.identity(
        "data", "people_images", "train_captions", "eval_captions",
        context_length=context.clip.context_length,
        num_eval_captions=context.config.num_eval_captions,
    )  # fmt: skip
    context.say("captions", 0, 1)
    captions = context.store.get("captions", identity, lambda: _tokenise(context, people))
    context.say("similarities of the original model", 0, 1)
    similarity = context.store.get(
        "similarity",
        identity | context.identity("model", neutral_term=context.config.neutral_term),
        lambda: _embed_captions(context, captions),
    )
    return TextAssets(
        teacher=context.text_teacher.cpu(),
        context_length=context.clip.context_length,
        train_captions=_tokens(captions, "train"),
        train_mentions=captions.arrays["train_mentions"],
        eval_captions=_tokens(captions, "eval"),
        eval_mentions=captions.arrays["eval_mentions"],
        class_names=tuple(classes["class_names"]),
        class_templates=tuple(classes["templates"]),
        **similarity.arrays,
    )


def _tokenise(context: Context, people: Sequence[str]) -> Entry:
    texts = caption_texts(context.config)
    arrays: dict[str, Any] = {}
    for name, chosen in (("train", texts.train), ("eval", texts.evaluation)):
        tokens = context.tokenizer.captions(chosen)
        for part in dataclasses.fields(tokens):
            arrays[f"{name}_{part.name}"] = getattr(tokens, part.name)
        arrays[f"{name}_mentions"] = find_mentions(chosen, people)
    return Entry(arrays)


def _embed_captions(context: Context, captions: Entry) -> Entry:
    teacher, tokenizer = context.text_teacher, context.tokenizer
    assert context.config.neutral_term is not None
    tokens = _tokens(captions, "eval")
    rows, positions = np.arange(len(tokens)), eval_positions(tokens)
    neutral = Inserts.of([tokenizer.encode(context.config.neutral_term)])
    spliced = tokenizer.splice(tokens, rows, positions, neutral, np.zeros_like(rows))
    clean = encode_ids(teacher, tokenizer.whole(tokens, rows))
    return Entry(
        {
            "eval_positions": positions,
            "teacher_clean": clean.cpu().numpy(),
            "teacher_neutral": encode_ids(teacher, spliced).cpu().numpy(),
        }
    )


def _tokens(entry: Entry, name: str) -> TokenisedCaptions:
    return TokenisedCaptions(
        **{
            part.name: entry.arrays[f"{name}_{part.name}"]
            for part in dataclasses.fields(TokenisedCaptions)
        }
    )
