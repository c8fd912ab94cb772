"""What a trial spends its time on, beside a plain version of it."""

import copy
from collections.abc import Callable

import numpy as np
import open_clip
import torch

from tests.plain import edited, plain_training
from trainables.config import TrialConfig
from trainables.evaluation.similarity import SimilarityInputs, similarities
from trainables.presets import preset_fields
from trainables.text_encoder import TextEncoder, encode_ids, take_text_encoder
from trainables.tokens import Inserts, WordTokenizer
from trainables.unlearning.text import draw_batches, eval_positions
from trainables.unlearning.text_training import Batches, unlearn_names

Pair = tuple[Callable[[], object], Callable[[], object]]

TOKENIZER = WordTokenizer(77)
REFERENCE = open_clip.get_tokenizer("ViT-B-32")
NAMES = [f"{first} {last}" for first in ("Ada", "Alan") for last in ("Byron", "Turing", "Noether")]
# As long as MS-COCO's captions, whose mean is 13.6 tokens.
_WORDS = "a the two red small man dog street with near table standing over wooden city"


def sentences(number: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(_WORDS.split(), size=rng.integers(8, 16))) for _ in range(number)]


def model(device: torch.device) -> open_clip.CLIP:
    """ViT-B/32 on a GPU; its text tower with two of twelve layers where that would take minutes."""
    torch.manual_seed(0)
    layers = 12 if device.type == "cuda" else 2
    config = open_clip.get_model_config("ViT-B-32")
    text = open_clip.CLIPTextCfg(**{**config["text_cfg"], "layers": layers})
    vision = open_clip.CLIPVisionCfg(layers=1, width=64, head_width=64, patch_size=112)
    return open_clip.CLIP(512, vision, text).eval().to(device)


def encode(device: torch.device) -> Pair:
    clip, texts = model(device), sentences(256)
    encoder = take_text_encoder(clip)
    ids, padded = TOKENIZER.batch(texts), REFERENCE(texts).to(device)

    def baseline() -> object:
        with torch.no_grad():
            return [clip.encode_text(part, normalize=True) for part in padded.split(128)]

    return lambda: encode_ids(encoder, ids), baseline


def splice(_device: torch.device) -> Pair:
    texts = sentences(10_000)
    captions = TOKENIZER.captions(texts)
    rows, positions = np.arange(len(texts)), eval_positions(captions)
    which = rows % len(NAMES)
    inserts = Inserts.of([TOKENIZER.encode(name) for name in NAMES])

    def baseline() -> object:
        changed = zip(texts, positions, which, strict=True)
        return REFERENCE([edited(text, at, NAMES[name]) for text, at, name in changed])

    return lambda: TOKENIZER.splice(captions, rows, positions, inserts, which), baseline


def step(device: torch.device) -> Pair:
    config = TrialConfig(
        **preset_fields("ecai2024", "text", "ViT-B-32")
        | {"num_steps": 3, "num_names": len(NAMES), "encoder": "text", "model": "ViT-B-32",
           "pretrained": "none", "data": "builtin", "world_seed": 0, "seed": 0}
    )  # fmt: skip
    teacher = take_text_encoder(model(device))
    batches = batches_of(config, teacher)

    def ours() -> object:
        return list(unlearn_names(copy.deepcopy(teacher), batches, config, report_every=3))

    return ours, lambda: plain_training(copy.deepcopy(teacher), batches, config, length=77)


def batches_of(config: TrialConfig, teacher: TextEncoder) -> Batches:
    captions = TOKENIZER.captions(sentences(1000))
    draws = draw_batches(config, captions, np.ones(len(captions), dtype=np.bool_))
    names = Inserts.of([TOKENIZER.encode(name) for name in NAMES])
    clean = TOKENIZER.whole(captions, draws.clean.ravel())
    at = (captions, draws.backdoor.ravel(), draws.positions.ravel())
    neutral = Inserts.of([TOKENIZER.encode("human")])
    target = TOKENIZER.splice(*at, neutral, np.zeros(draws.names.size, dtype=np.int64))
    return Batches(
        clean_ids=clean,
        clean_targets=encode_ids(teacher, clean),
        backdoor_ids=TOKENIZER.splice(*at, names, draws.names.ravel()),
        backdoor_targets=encode_ids(teacher, target),
    )


def sim_backdoor(device: torch.device) -> Pair:
    encoder = take_text_encoder(model(device))
    texts = sentences(400)
    captions = TOKENIZER.captions(texts)
    rows, positions = np.arange(len(texts)), eval_positions(captions)
    names = Inserts.of([TOKENIZER.encode(name) for name in NAMES])
    human = Inserts.of([TOKENIZER.encode("human")])
    neutral = encode_ids(encoder, TOKENIZER.splice(captions, rows, positions, human, 0 * rows))
    clean = encode_ids(encoder, TOKENIZER.whole(captions, rows))
    inputs = SimilarityInputs(captions, positions, human, clean, neutral)

    def baseline() -> object:
        encode_ids(encoder, TOKENIZER.whole(captions, rows))
        means = []
        for name in NAMES:
            for word in (name, "human"):
                changed = [edited(t, at, word) for t, at in zip(texts, positions, strict=True)]
                ids = REFERENCE(changed)[:, : TOKENIZER.batch(changed).shape[1]].numpy()
                means.append(encode_ids(encoder, ids))
        return means

    return lambda: similarities(encoder, TOKENIZER, inputs, names, rows), baseline
