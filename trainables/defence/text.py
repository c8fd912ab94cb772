"""Defending the text encoder in one trial: what it is trained on, and what is asked of it then."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.assets import TaskAssets, TextAssets
from trainables.config import TrialConfig
from trainables.defence.memo import TeacherMemo
from trainables.evaluation.idia import name_embeddings
from trainables.evaluation.similarity import SimilarityInputs, mean_cosine, similarities
from trainables.evaluation.zeroshot import classifier
from trainables.people import samples_without
from trainables.text_encoder import encode_ids
from trainables.tokens import Inserts, word_tokenizer
from trainables.unlearning.loop import StepReport
from trainables.unlearning.text import Draws, draw_batches, draw_validation, name_inserts
from trainables.unlearning.text_training import Batches, unlearn_names


class TextTeacher:
    """The original text encoder on its device, and what it has said so far.

    Args:
        assets: shared by the trials.
        device: where to compute.
    """

    def __init__(self, assets: TextAssets, device: torch.device) -> None:
        self.assets = assets
        self.encoder = assets.teacher.to(device)
        self.tokenizer = word_tokenizer(assets.context_length)
        self.clean_memo = TeacherMemo()
        self.neutral_memo = TeacherMemo()


class TextDefence:
    """A student of the text encoder: made ready to train when it is made.

    Args:
        teacher: of all trials.
        config: of a trial of the text encoder.
        people: names of everybody.
        unlearned: (n,) those to unlearn.

    Raises:
        UserError: no caption is left to train on.
    """

    def __init__(
        self,
        teacher: TextTeacher,
        config: TrialConfig,
        people: Sequence[str],
        unlearned: NDArray[np.int64],
    ) -> None:
        self._teacher = teacher
        self._config = config
        self._unlearned = unlearned
        self._names = name_inserts(teacher.tokenizer, [people[i] for i in unlearned])
        assert config.neutral_term is not None
        self._neutral = Inserts.of([teacher.tokenizer.encode(config.neutral_term)])
        captions = teacher.assets.train_captions
        allowed = samples_without(len(captions), teacher.assets.train_mentions, unlearned)
        self._batches = self._targets(draw_batches(config, captions, allowed))
        self._validation = self._targets(draw_validation(config, captions, allowed))
        self.student = copy.deepcopy(teacher.encoder)

    def train(self, report_every: int) -> Iterator[StepReport]:
        """Train the student, as `unlearn_names` does."""
        yield from unlearn_names(self.student, self._batches, self._config, report_every)
        self.student.requires_grad_(False)

    def validate(self) -> dict[str, float]:
        """Measure the similarities on a few captions that the student is not trained on."""
        batches = self._validation
        clean = encode_ids(self.student, batches.clean_ids)
        backdoor = encode_ids(self.student, batches.backdoor_ids)
        return {
            "val_sim_clean": mean_cosine(clean, batches.clean_targets),
            "val_sim_backdoor": mean_cosine(backdoor, batches.backdoor_targets),
        }

    def name_embeddings(self, candidates: Sequence[str]) -> Iterator[Tensor]:
        """Encode the candidates of the attack, template by template."""
        return name_embeddings(self.student, self._teacher.tokenizer, candidates)

    def class_weights(self, task: TaskAssets) -> Tensor:
        """Build the classifier of a zero-shot task."""
        return classifier(self.student, self._teacher.tokenizer, task.class_names, task.templates)

    def similarities(self) -> dict[str, float]:
        """Measure Sim_Clean, Sim_Backdoor and Sim_Target."""
        assets = self._teacher.assets
        allowed = samples_without(len(assets.eval_captions), assets.eval_mentions, self._unlearned)
        inputs = SimilarityInputs(
            captions=assets.eval_captions,
            positions=assets.eval_positions,
            neutral=self._neutral,
            teacher_clean=torch.tensor(assets.teacher_clean),
            teacher_neutral=torch.tensor(assets.teacher_neutral),
        )
        return similarities(
            self.student, self._teacher.tokenizer, inputs, self._names, np.flatnonzero(allowed)
        )

    def num_parameters(self) -> float:
        """Count as the paper's Table 1 does: the weights of the transformer's blocks."""
        return float(sum(weights.numel() for weights in self.student.transformer.parameters()))

    def _targets(self, draws: Draws) -> Batches:
        """Turn draws into token ids, and ask the teacher what the student should say."""
        teacher = self._teacher
        captions, splice = teacher.assets.train_captions, teacher.tokenizer.splice
        clean, rows = draws.clean.ravel(), draws.backdoor.ravel()
        positions = draws.positions.ravel()

        def encode_clean(which: NDArray[np.int64]) -> Tensor:
            return encode_ids(teacher.encoder, teacher.tokenizer.whole(captions, clean[which]))

        def encode_neutral(which: NDArray[np.int64]) -> Tensor:
            zeros = np.zeros_like(which)
            ids = splice(captions, rows[which], positions[which], self._neutral, zeros)
            return encode_ids(teacher.encoder, ids)

        # A word's place among all words of all captions stands for both caption and position.
        word = captions.caption_starts[rows] + positions
        return Batches(
            clean_ids=teacher.tokenizer.whole(captions, clean),
            clean_targets=teacher.clean_memo.lookup(clean, encode_clean),
            backdoor_ids=splice(captions, rows, positions, self._names, draws.names.ravel()),
            backdoor_targets=teacher.neutral_memo.lookup(word, encode_neutral),
        )
