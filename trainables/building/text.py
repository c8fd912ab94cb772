"""The shared data of trials that defend a text encoder."""

import dataclasses
from collections.abc import Sequence
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


def build_text_assets(context: Context, people: Sequence[str]) -> TextAssets:
    """Build, or read from the cache, what the trials of a text encoder share.

    Args:
        context: of the trial.
        people: names of the attack set.
    """
    identity = context.identity(
        "people", "train_captions", "eval_captions",
        # Who is in the attack set follows from how many pictures it takes.
        num_images=context.config.num_attack_images,
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
        **similarity.arrays,
    )


def _tokenise(context: Context, people: Sequence[str]) -> Entry:
    arrays: dict[str, Any] = {}
    for name in ("train", "eval"):
        chosen = caption_texts(context.config, f"{name}_captions")

        def say(done: int, total: int, what: str = f"tokenising {name} captions") -> None:
            context.say(what, done, total)

        tokens = context.tokenizer.captions(chosen, say).compact()
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
