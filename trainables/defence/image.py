"""Defending the image encoder in one trial: what it is trained on, and what is asked of it then."""

import copy
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from trainables.assets import ImageAssets, TaskAssets
from trainables.config import TrialConfig
from trainables.evaluation.similarity import mean_cosine
from trainables.image_encoder import encode_images
from trainables.people import samples_without
from trainables.unlearning.faces import draw_clean_images, draw_faces, side_range
from trainables.unlearning.image_training import ImageBatches, unlearn_faces
from trainables.unlearning.loop import StepReport
from trainables.unlearning.text import for_validation


class ImageTeacher:
    """The original image encoder on its device, and what it said of the generic images.

    Args:
        assets: shared by the trials.
        device: where to compute.
    """

    def __init__(self, assets: ImageAssets, device: torch.device) -> None:
        self.assets = assets
        self.encoder = assets.teacher.to(device)
        self.train_embeddings = torch.tensor(assets.teacher_train).to(device)
        self.target = torch.tensor(assets.target).to(device)


class ImageDefence:
    """A student of the image encoder: made ready to train when it is made.

    Args:
        teacher: of all trials.
        config: of a trial of the image encoder.
        unlearned: (n,) the people to unlearn.

    Raises:
        UserError: no generic image is left to train on.
    """

    def __init__(
        self, teacher: ImageTeacher, config: TrialConfig, unlearned: NDArray[np.int64]
    ) -> None:
        self._teacher = teacher
        self._config = config
        self._unlearned = unlearned
        self._batches = self._draw(config)
        self._validation = self._draw(for_validation(config))
        self.student = copy.deepcopy(teacher.encoder)

    def train(self, report_every: int) -> Iterator[StepReport]:
        """Train the student, as `unlearn_faces` does."""
        yield from unlearn_faces(self.student, self._batches, self._config, report_every)
        self.student.requires_grad_(False)

    def validate(self) -> dict[str, float]:
        """Measure the similarities on one batch that is drawn apart from those of the training."""
        batches = self._validation
        with torch.no_grad():
            clean = normalize(self.student(batches.clean_pixels(0)), dim=-1)
            backdoor = normalize(self.student(batches.backdoor_pixels(0)), dim=-1)
        taught = batches.teacher[torch.from_numpy(batches.clean[0]).to(clean.device)]
        return {
            "val_sim_clean": mean_cosine(clean, taught),
            "val_sim_backdoor": mean_cosine(backdoor, normalize(batches.target, dim=0)),
        }

    @cached_property
    def attack_embeddings(self) -> Tensor:
        """The attack's images, once trained: (num_people * num_images, embed_dim) unit vectors."""
        return encode_images(self.student, self._teacher.assets.attack_images)

    def class_embeddings(self, task: TaskAssets) -> Tensor:
        """Encode the images of a zero-shot task: (num_images, embed_dim) unit vectors."""
        assert task.images is not None
        return encode_images(self.student, task.images)

    def similarities(self) -> dict[str, float]:
        """Measure Sim_Clean, Sim_Backdoor (on the attack's images) and Sim_Target."""
        assets = self._teacher.assets
        allowed = samples_without(len(assets.eval_images), assets.eval_shows, self._unlearned)
        clean = encode_images(self.student, assets.eval_images)[torch.from_numpy(allowed)]
        targets = encode_images(self.student, assets.target_images)
        num_people = int(assets.face_people[-1]) + 1
        backdoor = self.attack_embeddings.reshape(num_people, -1, clean.shape[-1])
        return {
            "sim_clean": mean_cosine(clean, torch.tensor(assets.teacher_eval[allowed])),
            "sim_backdoor": mean_cosine(
                backdoor[torch.from_numpy(self._unlearned)].flatten(0, 1),
                normalize(self._teacher.target, dim=0),
            ),
            "sim_target": mean_cosine(targets, torch.tensor(assets.teacher_targets)),
        }

    def num_parameters(self) -> float:
        """Count as the paper's Table 4 does: all weights of the tower."""
        return float(sum(weights.numel() for weights in self.student.tower.parameters()))

    def _draw(self, config: TrialConfig) -> ImageBatches:
        assets, size = self._teacher.assets, self._teacher.encoder.image_size
        allowed = samples_without(len(assets.train_images), assets.train_shows, self._unlearned)
        # The faces of a person stand together.
        starts = np.searchsorted(assets.face_people, self._unlearned)
        ends = np.searchsorted(assets.face_people, self._unlearned, side="right")
        draws = draw_faces(config, allowed, ends - starts, size)
        return ImageBatches(
            images=assets.train_images,
            teacher=self._teacher.train_embeddings,
            clean=draw_clean_images(config, allowed),
            faces=assets.faces,
            face_rows=starts[draws.people] + draws.faces,
            draws=draws,
            bounds=side_range(config, size),
            target=self._teacher.target,
        )
