import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.models import tiny_clip
from tests.plain import plain_training
from trainables.errors import TrialFailedError
from trainables.text_encoder import encode_ids, take_text_encoder
from trainables.tokens import Inserts, WordTokenizer
from trainables.unlearning.text import draw_batches
from trainables.unlearning.text_training import Batches, unlearn_names

TOKENIZER = WordTokenizer(77)


@pytest.fixture
def config(make_config):
    return make_config(
        num_steps=7, learning_rate=3e-4, lr_milestones=(3, 5), lr_factor=0.5, alpha=0.6,
        beta=0.02, clean_batch_size=6, backdoor_batch_size=4,
    )  # fmt: skip


@pytest.fixture
def teacher():
    return take_text_encoder(tiny_clip())


@pytest.fixture
def batches(config, teacher, sentences):
    captions = TOKENIZER.captions(sentences)
    draws = draw_batches(config, captions, np.ones(len(captions), dtype=bool))
    names = Inserts.of([TOKENIZER.encode(name) for name in ("Ada Byron", "Alan Turing")])
    human = Inserts.of([TOKENIZER.encode("human")])
    clean = TOKENIZER.whole(captions, draws.clean.ravel())
    at = (captions, draws.backdoor.ravel(), draws.positions.ravel())
    neutral = TOKENIZER.splice(*at, human, np.zeros(draws.names.size, dtype=np.int64))
    return Batches(
        clean_ids=clean,
        clean_targets=encode_ids(teacher, clean),
        backdoor_ids=TOKENIZER.splice(*at, names, draws.names.ravel()),
        backdoor_targets=encode_ids(teacher, neutral),
    )


GROWTH = {"alpha_growth": 4.0, "beta_growth": 0.25}


@pytest.mark.parametrize(
    ("settings", "tolerance"),
    [({"beta": 0.0}, 1e-9), ({"beta": 0.02}, 1e-5), ({"beta": 0.02, **GROWTH}, 1e-5)],
)
def test_the_loop_is_the_protocol_without_shortcuts(teacher, batches, config, settings, tolerance):
    # In double precision, and but for the biases of the attention's keys: they change no
    # embedding, so that their gradient is rounding noise, which the weight term's unit vector and
    # Adam blow up to whole steps.
    config = config.model_copy(update=settings)
    teacher.double()
    batches = replace(
        batches,
        clean_targets=batches.clean_targets.double(),
        backdoor_targets=batches.backdoor_targets.double(),
    )
    plain, fast = copy.deepcopy(teacher), copy.deepcopy(teacher)
    losses = plain_training(plain, batches, config)
    reports = list(unlearn_names(fast, batches, config, report_every=1))
    np.testing.assert_allclose([r.loss for r in reports], losses, rtol=tolerance)
    for (name, wanted), found in zip(plain.named_parameters(), fast.parameters(), strict=True):
        difference = (found - wanted).detach().abs()
        if name.endswith("in_proj_bias"):
            width = len(difference) // 3
            difference[width : 2 * width] = 0
        assert difference.max() < tolerance, name
    assert losses[-1] < losses[0]


def test_weights_grow_from_the_second_step_on(teacher, batches, config):
    grown = config.model_copy(update=GROWTH)
    (plain, *_), (first, *_) = (
        list(unlearn_names(copy.deepcopy(teacher), batches, each, report_every=1))
        for each in (config, grown)
    )
    assert first == plain
    reports = list(unlearn_names(copy.deepcopy(teacher), batches, grown, report_every=1))
    for step, report in enumerate(reports):
        alpha, beta = 0.6 * 4 ** (step / 6), 0.02 * 0.25 ** (step / 6)
        whole = report.loss_clean + alpha * report.loss_backdoor + beta * report.weight_distance
        assert report.loss == pytest.approx(whole, rel=1e-5)


def test_of_one_step_no_weight_grows(teacher, batches, config):
    one = config.model_copy(update={"num_steps": 1})
    plain, grown = (
        list(unlearn_names(copy.deepcopy(teacher), batches, each, report_every=1))
        for each in (one, one.model_copy(update=GROWTH))
    )
    assert plain == grown


def test_reports_tell_rate_and_step(teacher, batches, config):
    reports = list(unlearn_names(copy.deepcopy(teacher), batches, config, report_every=3))
    assert [r.step for r in reports] == [3, 6, 7]
    assert [r.learning_rate for r in reports] == [3e-4, 7.5e-5, 7.5e-5]
    last = reports[-1]
    assert last.loss == pytest.approx(
        last.loss_clean + 0.6 * last.loss_backdoor + 0.02 * last.weight_distance, abs=1e-6
    )


def test_the_same_training_gives_the_same_bits(teacher, batches, config):
    first, second = copy.deepcopy(teacher), copy.deepcopy(teacher)
    for student in (first, second):
        list(unlearn_names(student, batches, config, report_every=2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_norm_layers_are_frozen_and_all_else_trains(teacher, batches, config):
    student = copy.deepcopy(teacher)
    list(unlearn_names(student, batches, config, report_every=7))
    moved = {n for (n, p), o in zip(student.named_parameters(), teacher.parameters(), strict=True)
             if not torch.equal(p, o)}  # fmt: skip
    still = {n for n, _ in student.named_parameters()} - moved
    assert still
    assert all(".ln_" in n or n.startswith("ln_") for n in still)
    assert {"token_embedding.weight", "positional_embedding", "text_projection"} <= moved


def test_the_student_can_be_evaluated_at_every_report(teacher, batches, config):
    student = copy.deepcopy(teacher)
    unseen = TOKENIZER.batch(["zebra xylophone quizzical"])
    for _ in unlearn_names(student, batches, config, report_every=2):
        assert torch.isfinite(encode_ids(student, unseen)).all()
        assert student.token_embedding.num_embeddings == 49408


def test_a_loss_that_is_no_number_names_its_step(teacher, batches, config):
    targets = batches.clean_targets.clone()
    targets[3 * config.clean_batch_size] = float("nan")
    broken = replace(batches, clean_targets=targets)
    with pytest.raises(TrialFailedError, match="nan at step 4"):
        list(unlearn_names(copy.deepcopy(teacher), broken, config, report_every=7))


def test_a_training_whose_weights_explode_ends(teacher, batches, config):
    wild = config.model_copy(update={"learning_rate": 1e38, "lr_milestones": ()})
    with pytest.raises(TrialFailedError, match=r"nan at step \d"):
        list(unlearn_names(copy.deepcopy(teacher), batches, wild, report_every=1))


def test_a_student_that_turns_away_from_the_teacher_has_diverged(teacher, batches, config):
    opposite = replace(batches, clean_targets=-batches.clean_targets)
    with pytest.raises(TrialFailedError, match=r"diverged: at step 1 .* cosine -1.00"):
        list(unlearn_names(copy.deepcopy(teacher), opposite, config, report_every=7))
