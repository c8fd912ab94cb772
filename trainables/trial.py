"""One trial from its configuration to its numbers: draw, unlearn, attack, measure."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.assets import Assets
from trainables.config import TrialConfig
from trainables.evaluation.idia import AttackOutcome, attack
from trainables.evaluation.similarity import SimilarityInputs, similarities
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.people import captions_without
from trainables.text_encoder import TextEncoder, encode_ids
from trainables.tokens import Ids, Inserts, word_tokenizer
from trainables.unlearning.loop import Batches, StepReport, unlearn
from trainables.unlearning.text import Draws, draw_batches, draw_validation, name_inserts

_NUM_REPORTS = 8
# What a trial reports of its last step beside what is measured afterwards.
_FINAL_STATE = ("loss", "loss_clean", "loss_backdoor", "weight_distance")


@dataclass(frozen=True)
class Progress:
    """A report from within a trial.

    Attributes:
        state: the training's own numbers.
        validation: the similarities on a few captions, cheap enough to stop a bad trial early.
    """

    state: StepReport
    validation: dict[str, float]

    def flat(self) -> dict[str, float]:
        """Give all numbers by the names of `trainables.metrics.CURVE_METRICS`."""
        return {**asdict(self.state), **self.validation}


class TeacherMemo:
    """Remembers the teacher's embeddings, since trials of one seed train on the same captions.

    Args:
        limit: entries kept at most; when it is passed all are dropped.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._keys = np.empty(0, dtype=np.int64)
        self._values: Tensor | None = None

    def lookup(
        self, keys: NDArray[np.int64], encode: Callable[[NDArray[np.int64]], Tensor]
    ) -> Tensor:
        """Give an embedding for each key.

        Args:
            keys: (num,) what is looked up; may repeat.
            encode: embeds (m,) positions of `keys` as (m, embed_dim).

        Returns:
            (num, embed_dim).
        """
        unique, first = np.unique(keys, return_index=True)
        if len(self._keys) + len(unique) > self._limit:
            self._keys, self._values = np.empty(0, dtype=np.int64), None
        new = ~np.isin(unique, self._keys)
        if new.any():
            fresh = encode(first[new])
            values = fresh if self._values is None else torch.cat([self._values, fresh])
            merged = np.concatenate([self._keys, unique[new]])
            order = np.argsort(merged)
            self._keys, self._values = merged[order], values[torch.from_numpy(order)]
        assert self._values is not None
        return self._values[torch.from_numpy(np.searchsorted(self._keys, keys))]


class TrialRunner:
    """Runs trials of one set of assets, one after the other.

    Args:
        assets: shared by the trials.
        device: where to compute.
    """

    def __init__(self, assets: Assets, device: torch.device) -> None:
        self._assets = assets
        self._device = device
        self._teacher = assets.teacher.to(device)
        self._tokenizer = word_tokenizer(assets.context_length)
        self._clean_memo = TeacherMemo()
        self._neutral_memo = TeacherMemo()

    def run(self, config: TrialConfig) -> Iterator[Progress | dict[str, float]]:
        """Run a trial.

        Yields:
            A few reports while the student trains; at last the metrics of the finished trial, by
            the names of `trainables.metrics.METRICS`.

        Raises:
            UserError: the configuration cannot be run on these assets.
            TrialFailedError: the training diverged.
        """
        started = time.perf_counter()
        clock = _Clock()
        unlearned = self._assets.draw_people(config)
        names = name_inserts(self._tokenizer, [self._assets.people[i] for i in unlearned])
        batches, validation = self._prepare(config, unlearned, names)
        clock.lap("prepare_s")
        student = copy.deepcopy(self._teacher)
        report_every = max(1, -(-config.num_steps // _NUM_REPORTS))
        state = None
        for state in unlearn(student, batches, config, report_every):
            yield Progress(state, _validate(student, validation))
        assert state is not None
        student.requires_grad_(False)
        clock.lap("train_s")
        found = self._attack(student, unlearned)
        clock.lap("attack_s")
        found |= self._similarities(config, student, names, unlearned)
        clock.lap("similarity_s")
        found |= self._zeroshot(student)
        clock.lap("zeroshot_s")
        found |= {name: value for name, value in asdict(state).items() if name in _FINAL_STATE}
        yield found | clock.laps | {"trial_s": time.perf_counter() - started}

    def _prepare(
        self, config: TrialConfig, unlearned: NDArray[np.int64], names: Inserts
    ) -> tuple[Batches, Batches]:
        """Give the batches to train on, and one of other captions to validate with."""
        captions = self._assets.train_captions
        allowed = captions_without(len(captions), self._assets.train_mentions, unlearned)
        draws = draw_batches(config, captions, allowed)
        return self._targets(config, draws, names), self._targets(
            config, draw_validation(config, captions, allowed), names
        )

    def _targets(self, config: TrialConfig, draws: Draws, names: Inserts) -> Batches:
        """Turn draws into token ids, and ask the teacher what the student should say."""
        captions, splice = self._assets.train_captions, self._tokenizer.splice
        neutral = Inserts.of([self._tokenizer.encode(config.neutral_term)])
        clean, rows = draws.clean.ravel(), draws.backdoor.ravel()
        positions = draws.positions.ravel()

        def encode_clean(which: NDArray[np.int64]) -> Tensor:
            return encode_ids(self._teacher, self._tokenizer.whole(captions, clean[which]))

        def encode_neutral(which: NDArray[np.int64]) -> Tensor:
            ids = splice(captions, rows[which], positions[which], neutral, np.zeros_like(which))
            return encode_ids(self._teacher, ids)

        # A word's place among all words of all captions stands for both caption and position.
        word = captions.caption_starts[rows] + positions
        return Batches(
            clean_ids=self._tokenizer.whole(captions, clean),
            clean_targets=self._clean_memo.lookup(clean, encode_clean),
            backdoor_ids=splice(captions, rows, positions, names, draws.names.ravel()),
            backdoor_targets=self._neutral_memo.lookup(word, encode_neutral),
        )

    def _attack(self, student: TextEncoder, unlearned: NDArray[np.int64]) -> dict[str, float]:
        hits = attack(
            student,
            self._tokenizer,
            self._assets.candidates,
            torch.from_numpy(self._assets.image_embeddings),
        )
        return AttackOutcome(
            before=np.any(self._assets.hits_before, axis=1),
            after=np.any(hits, axis=1),
            is_member=self._assets.is_member,
            unlearned=unlearned,
        ).metrics()

    def _similarities(
        self,
        config: TrialConfig,
        student: TextEncoder,
        names: Inserts,
        unlearned: NDArray[np.int64],
    ) -> dict[str, float]:
        assets = self._assets
        allowed = captions_without(len(assets.eval_captions), assets.eval_mentions, unlearned)
        inputs = SimilarityInputs(
            captions=assets.eval_captions,
            positions=assets.eval_positions,
            neutral=Inserts.of([self._tokenizer.encode(config.neutral_term)]),
            teacher_clean=torch.from_numpy(assets.teacher_clean),
            teacher_neutral=torch.from_numpy(assets.teacher_neutral),
        )
        return similarities(student, self._tokenizer, inputs, names, np.flatnonzero(allowed))

    def _zeroshot(self, student: TextEncoder) -> dict[str, float]:
        assets = self._assets
        weights = classifier(student, self._tokenizer, assets.class_names, assets.class_templates)
        labels = torch.from_numpy(assets.class_labels)
        found = accuracy(weights, torch.from_numpy(assets.class_images), labels)
        return found | {f"{name}_before": value for name, value in assets.zeroshot_before.items()}


def _validate(student: TextEncoder, batches: Batches) -> dict[str, float]:
    """Measure the similarities on a few captions that the student is not trained on."""

    def mean_cosine(ids: Ids, targets: Tensor) -> float:
        return float((encode_ids(student, ids) * targets).sum(dim=1).mean())

    return {
        "val_sim_clean": mean_cosine(batches.clean_ids, batches.clean_targets),
        "val_sim_backdoor": mean_cosine(batches.backdoor_ids, batches.backdoor_targets),
    }


class _Clock:
    """Measures the phases of a trial."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the phase `name`."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
