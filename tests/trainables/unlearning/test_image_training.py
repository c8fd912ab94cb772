import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from tests.models import RESNET, TIMM, VISION, colourful, tiny_clip
from tests.plain import plain_image_training
from trainables.errors import TrialFailedError
from trainables.image_encoder import encode_images, take_image_encoder
from trainables.unlearning.faces import draw_clean_images, draw_faces, side_range
from trainables.unlearning.image_training import ImageBatches, unlearn_faces

TOWERS = {"vision transformer": VISION | {"layers": 2}, "resnet": RESNET, "timm": TIMM}
NUM_FACES = np.array([2, 3])


def pool(number, size):
    return (colourful(number, size).permute(0, 2, 3, 1) * 255).to(torch.uint8).numpy()


def batches_of(config, encoder):
    """Batches of two people; what the teacher says is in the precision of the encoder."""
    size = encoder.image_size
    images = pool(20, size)
    draws = draw_faces(config, np.ones(20, dtype=bool), NUM_FACES, size)
    taught = encode_images(encoder, images)
    return ImageBatches(
        images=images,
        teacher=taught,
        clean=draw_clean_images(config, np.ones(20, dtype=bool)),
        faces=pool(5, side_range(config, size)[1]),
        face_rows=np.array([0, 2])[draws.people] + draws.faces,
        draws=draws,
        bounds=side_range(config, size),
        target=normalize(taught[::3].mean(dim=0), dim=0),
    )


@pytest.fixture
def config(make_config):
    return make_config(
        "image", num_steps=6, learning_rate=3e-4, lr_milestones=(2, 4), lr_factor=0.5, alpha=0.8,
        beta=0.02, clean_batch_size=6, backdoor_batch_size=4, min_face_share=0.4,
        max_face_share=0.6,
    )  # fmt: skip


@pytest.fixture
def teacher():
    return take_image_encoder(tiny_clip())


@pytest.fixture
def batches(config, teacher):
    return batches_of(config, teacher)


@pytest.mark.parametrize(("beta", "tolerance"), [(0.0, 1e-9), (0.002, 1e-5)])
@pytest.mark.parametrize("tower", TOWERS)
def test_the_training_is_the_protocol_without_shortcuts(config, tower, beta, tolerance):
    # In double precision, and but for the biases of the attention's keys: they change no
    # embedding, so that their gradient is rounding noise, which the weight term's unit vector and
    # Adam blow up to whole steps. Single weights behind dead units come to that, too, after more
    # steps than four.
    config = config.model_copy(update={"beta": beta, "num_steps": 4, "lr_milestones": (2, 3)})
    plain = tiny_clip(vision=TOWERS[tower]).double()
    fast = take_image_encoder(plain).double()
    batches = batches_of(config, fast)
    losses = plain_image_training(plain, batches, config)
    reports = list(unlearn_faces(fast, batches, config, report_every=1))
    np.testing.assert_allclose([r.loss for r in reports], losses, rtol=tolerance)
    wanted = dict(plain.visual.named_parameters())
    for name, found in fast.tower.named_parameters():
        difference = (found - wanted[name]).detach().abs()
        if name.endswith("in_proj_bias"):
            width = len(difference) // 3
            difference[width : 2 * width] = 0
        if not name.endswith("k_proj.bias"):
            assert difference.max() < tolerance, name
    assert reports[-1].weight_distance > 0.1


@pytest.mark.parametrize("tower", TOWERS)
def test_what_normalises_is_frozen_and_all_else_trains(config, tower):
    student = take_image_encoder(tiny_clip(vision=TOWERS[tower]))
    batches = batches_of(config, student)
    before = copy.deepcopy(student.state_dict())
    list(unlearn_faces(student, batches, config, report_every=6))
    assert not any(module.training for module in student.modules())
    norms = [n for n, m in student.named_modules() if isinstance(m, nn.LayerNorm | nn.BatchNorm2d)]
    assert norms
    # The statistics of BatchNorm among them.
    for name, value in student.state_dict().items():
        of_norm = any(name.startswith(f"{norm}.") for norm in norms)
        assert torch.equal(value, before[name]) == of_norm, name


def test_reports_tell_rate_and_step(teacher, batches, config):
    reports = list(unlearn_faces(copy.deepcopy(teacher), batches, config, report_every=4))
    assert [r.step for r in reports] == [4, 6]
    assert [r.learning_rate for r in reports] == [1.5e-4, 7.5e-5]
    last = reports[-1]
    assert last.loss == pytest.approx(
        last.loss_clean + 0.8 * last.loss_backdoor + 0.02 * last.weight_distance, abs=1e-6
    )


def test_the_same_training_gives_the_same_bits(teacher, batches, config):
    first, second = copy.deepcopy(teacher), copy.deepcopy(teacher)
    for student in (first, second):
        list(unlearn_faces(student, batches, config, report_every=2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_backdoor_batch_is_the_faces_of_its_rows_on_the_images_of_its_draws(batches):
    # Neither the images nor the faces change colour, so that each can be told by its own.
    neutral = np.broadcast_to([1.0, 1.0, 1.0, 0.0], batches.draws.factors.shape)
    shades = np.arange(20, dtype=np.uint8)[:, None, None, None] * 5
    of_faces = 150 + np.arange(5, dtype=np.uint8)[:, None, None, None] * 20
    plain = replace(
        batches,
        images=np.broadcast_to(shades, batches.images.shape),
        faces=np.broadcast_to(of_faces, batches.faces.shape),
        draws=replace(batches.draws, factors=neutral.copy()),
    )
    for step in (0, 5):
        pixels = plain.backdoor_pixels(step).mul(255).round().flatten(1)
        np.testing.assert_array_equal(pixels.min(dim=1).values, plain.draws.images[step] * 5)
        expected = 150 + plain.face_rows[step] * 20
        np.testing.assert_array_equal(pixels.max(dim=1).values, expected)
        clean = plain.clean_pixels(step).mul(255).round().flatten(1)
        np.testing.assert_array_equal(clean.max(dim=1).values, plain.clean[step] * 5)


def test_a_loss_that_is_no_number_names_its_step(teacher, batches, config):
    taught = batches.teacher.clone()
    seen_first = np.setdiff1d(batches.clean[3], batches.clean[:3])
    taught[seen_first[0]] = float("nan")
    with pytest.raises(TrialFailedError, match="nan at step 4"):
        list(unlearn_faces(copy.deepcopy(teacher), replace(batches, teacher=taught), config, 6))


def test_a_student_that_turns_away_from_the_teacher_has_diverged(teacher, batches, config):
    opposite = replace(batches, teacher=-batches.teacher)
    with pytest.raises(TrialFailedError, match=r"diverged: at step 1 .* cosine -1.00"):
        list(unlearn_faces(copy.deepcopy(teacher), opposite, config, report_every=6))
