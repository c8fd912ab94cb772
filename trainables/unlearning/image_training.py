"""Training an image encoder: pools of pictures and draws in, reports out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainables.config import TrialConfig
from trainables.data.source import Images
from trainables.image_encoder import ImageEncoder, to_pixels
from trainables.unlearning.faces import FaceDraws, paste_faces
from trainables.unlearning.loop import StepEmbeddings, StepReport, optimise, trainable_parameters
from trainables.unlearning.text import Rows


@dataclass(frozen=True, kw_only=True)
class ImageBatches:
    """What the student sees and what it should say, for all steps.

    Attributes:
        images: (num_images, size, size, 3) generic images.
        teacher: (num_images, embed_dim) the teacher's embeddings of them, on the device.
        clean: (num_steps, clean batch) generic images without a face.
        faces: (num_faces, side, side, 3) of everybody.
        face_rows: (num_steps, backdoor batch) which face goes on each image.
        draws: where and how it goes there.
        bounds: the least and the greatest side of a face, in pixels.
        target: (embed_dim,) Delta, on the device.
    """

    images: Images
    teacher: Tensor
    clean: Rows
    faces: Images
    face_rows: Rows
    draws: FaceDraws
    bounds: tuple[int, int]
    target: Tensor

    def clean_pixels(self, step: int) -> Tensor:
        """Give a clean batch: (clean batch, 3, size, size) in 0..1."""
        return to_pixels(self.images[self.clean[step]], self.target.device)

    def backdoor_pixels(self, step: int) -> Tensor:
        """Make a backdoor batch: (backdoor batch, 3, size, size) in 0..1."""
        device, draws = self.target.device, self.draws.step(step)
        images = torch.from_numpy(np.asarray(self.images[draws.images])).to(device)
        faces = torch.from_numpy(np.asarray(self.faces[self.face_rows[step]])).to(device)
        return paste_faces(images, faces, draws, self.bounds)


def unlearn_faces(
    student: ImageEncoder, batches: ImageBatches, config: TrialConfig, report_every: int
) -> Iterator[StepReport]:
    """Train the student in place.

    Args:
        student: starts as a copy of the teacher.
        batches: of all steps.
        config: of the trial of an image encoder.
        report_every: steps between two reports; the last step is always reported.

    Raises:
        TrialFailedError: the training diverged.
    """
    num_clean = config.clean_batch_size

    def embed(step: int) -> StepEmbeddings:
        found = student(torch.cat([batches.clean_pixels(step), batches.backdoor_pixels(step)]))
        rows = torch.from_numpy(batches.clean[step]).to(student.device)
        return StepEmbeddings(
            student_clean=found[:num_clean],
            teacher_clean=batches.teacher[rows],
            student_backdoor=found[num_clean:],
            target=batches.target.expand(len(found) - num_clean, -1),
        )

    yield from optimise(trainable_parameters(student), embed, config, report_every)
