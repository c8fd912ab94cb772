"""Building what trials share, or reading from the cache what was built before."""

import dataclasses
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainables.assets import Assets
from trainables.builtin.recipe import default_recipe
from trainables.builtin.world import World
from trainables.clip import LoadedClip, Progress, load_clip
from trainables.config import TrialConfig
from trainables.data.captions import read_captions
from trainables.data.source import Captions
from trainables.evaluation.idia import attack, candidate_names
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.fingerprints import fingerprints
from trainables.paths import cache_dir
from trainables.people import find_mentions
from trainables.store import ArrayStore, Entry
from trainables.text_encoder import TextEncoder, encode_ids, take_text_encoder
from trainables.tokens import Inserts, TokenisedCaptions, WordTokenizer, word_tokenizer
from trainables.unlearning.text import eval_positions


def build_assets(
    config: TrialConfig, device: torch.device, progress: Progress | None = None
) -> Assets:
    """Build the assets of a trial, or read from the cache what was built before.

    Args:
        config: of any of the trials that share them.
        device: where to compute.
        progress: told what is being done.

    Raises:
        UserError: the model, a file or the cache folder is not usable.
    """
    # First what costs nothing to find out.
    for path in (config.train_captions, config.eval_captions):
        if path:
            read_captions(Path(path))
    return _Builder(config, device, progress).build()


class _Builder:
    """Holds what several parts need, each made only if one of them has to be computed."""

    def __init__(
        self, config: TrialConfig, device: torch.device, progress: Progress | None
    ) -> None:
        self._config = config
        self._device = device
        self._progress = progress
        self._store = ArrayStore(cache_dir() / "assets")
        self._prints = fingerprints(config)

    def build(self) -> Assets:
        total = 5
        self._say("loading the model", 0, total)
        teacher = self._teacher
        self._say("attack on the original model", 1, total)
        attacked = self._attack()
        self._say("captions", 2, total)
        captions = self._captions(attacked.texts["people"])
        self._say("zero-shot on the original model", 3, total)
        zeroshot = self._zeroshot()
        self._say("similarities of the original model", 4, total)
        similarity = self._similarity(captions)
        self._say("shared data", total, total)
        return Assets(
            teacher=teacher.cpu(),
            context_length=self._clip.context_length,
            people=tuple(attacked.texts["people"]),
            candidates=tuple(attacked.texts["candidates"]),
            is_member=attacked.arrays["is_member"],
            hits_before=attacked.arrays["hits_before"],
            image_embeddings=attacked.arrays["image_embeddings"],
            train_captions=_tokens(captions, "train"),
            train_mentions=captions.arrays["train_mentions"],
            eval_captions=_tokens(captions, "eval"),
            eval_mentions=captions.arrays["eval_mentions"],
            class_names=tuple(zeroshot.texts["class_names"]),
            class_templates=tuple(zeroshot.texts["templates"]),
            class_images=zeroshot.arrays["images"],
            class_labels=zeroshot.arrays["labels"],
            zeroshot_before={
                name: float(zeroshot.arrays[name]) for name in ("zeroshot_top1", "zeroshot_top5")
            },
            **similarity.arrays,
        )

    def _say(self, what: str, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(what, done, total)

    @cached_property
    def _clip(self) -> LoadedClip:
        return load_clip(self._config, self._progress)

    @cached_property
    def _teacher(self) -> TextEncoder:
        return take_text_encoder(self._clip.model).to(self._device)

    @cached_property
    def _tokenizer(self) -> WordTokenizer:
        return word_tokenizer(self._clip.context_length)

    @cached_property
    def _world(self) -> World:
        return world(self._config.world_seed)

    def _caption_identity(self) -> dict[str, Any]:
        prints = {name: value for name, value in self._prints.items() if name != "model"}
        return {
            **prints,
            "context_length": self._clip.context_length,
            "num_eval_captions": self._config.num_eval_captions,
        }

    def _captions(self, people: Sequence[str]) -> Entry:
        return self._store.get("captions", self._caption_identity(), lambda: self._tokenise(people))

    def _tokenise(self, people: Sequence[str]) -> Entry:
        texts = caption_texts(self._config, self._world)
        arrays = {}
        for name, chosen in (("train", texts.train), ("eval", texts.evaluation)):
            tokens = self._tokenizer.captions(chosen)
            for part in dataclasses.fields(tokens):
                arrays[f"{name}_{part.name}"] = getattr(tokens, part.name)
            arrays[f"{name}_mentions"] = find_mentions(chosen, people)
        return Entry(arrays)

    def _attack(self) -> Entry:
        identity = {
            "model": self._prints["model"],
            "data": self._prints["data"],
            "num_images": self._config.num_attack_images,
            "num_candidates": self._config.num_candidates,
        }
        return self._store.get("attack", identity, self._attack_original)

    def _attack_original(self) -> Entry:
        people = self._world.attack_set(self._config.num_attack_images)
        shape = people.images.shape
        embeddings = self._clip.encode_images(
            people.images.reshape(-1, *shape[2:]), self._device
        ).reshape(*shape[:2], -1)
        names = candidate_names(people.people, people.random_names, self._config.num_candidates)
        hits = attack(self._teacher, self._tokenizer, names, embeddings)
        return Entry(
            {
                "is_member": people.is_member,
                "image_embeddings": embeddings.numpy(),
                "hits_before": hits,
            },
            {"people": list(people.people), "candidates": names},
        )

    def _zeroshot(self) -> Entry:
        identity = {"model": self._prints["model"], "data": self._prints["data"]}
        return self._store.get("zeroshot", identity, self._classify_original)

    def _classify_original(self) -> Entry:
        task = self._world.zeroshot()
        images = self._clip.encode_images(task.images, self._device)
        weights = classifier(self._teacher, self._tokenizer, task.class_names, task.templates)
        found = accuracy(weights, images, torch.from_numpy(task.labels))
        return Entry(
            {
                "images": images.numpy(),
                "labels": task.labels,
                **{name: np.array(value) for name, value in found.items()},
            },
            {"class_names": list(task.class_names), "templates": list(task.templates)},
        )

    def _similarity(self, captions: Entry) -> Entry:
        identity = {
            **self._caption_identity(),
            "model": self._prints["model"],
            "neutral_term": self._config.neutral_term,
        }
        return self._store.get("similarity", identity, lambda: self._embed_captions(captions))

    def _embed_captions(self, captions: Entry) -> Entry:
        tokens = _tokens(captions, "eval")
        rows, positions = np.arange(len(tokens)), eval_positions(tokens)
        neutral = Inserts.of([self._tokenizer.encode(self._config.neutral_term)])
        spliced = self._tokenizer.splice(tokens, rows, positions, neutral, np.zeros_like(rows))
        clean = encode_ids(self._teacher, self._tokenizer.whole(tokens, rows))
        return Entry(
            {
                "eval_positions": positions,
                "teacher_clean": clean.cpu().numpy(),
                "teacher_neutral": encode_ids(self._teacher, spliced).cpu().numpy(),
            }
        )


@cache
def world(world_seed: int) -> World:
    """Give the built-in world of a seed."""
    return World(default_recipe(world_seed))


def caption_texts(config: TrialConfig, builtin: World) -> Captions:
    """Read a trial's captions from its files, or take those of the built-in world."""
    own = builtin.captions() if not (config.train_captions and config.eval_captions) else None
    train: Sequence[str] = own.train if own else ()
    evaluation: Sequence[str] = own.evaluation if own else ()
    if config.train_captions:
        train = read_captions(Path(config.train_captions))
    if config.eval_captions:
        evaluation = read_captions(Path(config.eval_captions))
    return Captions(train=tuple(train), evaluation=tuple(evaluation[: config.num_eval_captions]))


def _tokens(entry: Entry, name: str) -> TokenisedCaptions:
    return TokenisedCaptions(
        **{
            part.name: entry.arrays[f"{name}_{part.name}"]
            for part in dataclasses.fields(TokenisedCaptions)
        }
    )
