import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from tests.models import tiny_clip
from tests.plain import edited
from trainables.evaluation.similarity import SimilarityInputs, similarities
from trainables.text_encoder import encode_ids, take_text_encoder
from trainables.tokens import Inserts, WordTokenizer
from trainables.unlearning.text import eval_positions

TOKENIZER = WordTokenizer(77)
NAMES = ["Ada Byron", "Alan Turing", "Kurt"]


@pytest.fixture
def encoders():
    teacher = take_text_encoder(tiny_clip())
    student = copy.deepcopy(teacher)
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.manual_seed(1)))
    return teacher, student


def test_the_similarities_are_eqs_2_to_4(encoders, sentences):
    teacher, student = encoders
    captions = TOKENIZER.captions(sentences)
    positions = eval_positions(captions)
    neutral = [edited(c, p, "human") for c, p in zip(sentences, positions, strict=True)]

    def encode(encoder, texts):
        return encode_ids(encoder, TOKENIZER.batch(texts))

    inputs = SimilarityInputs(
        captions, positions, Inserts.of([TOKENIZER.encode("human")]),
        encode(teacher, sentences), encode(teacher, neutral),
    )  # fmt: skip
    rows = np.arange(3, 40)
    names = Inserts.of([TOKENIZER.encode(name) for name in NAMES])
    found = similarities(student, TOKENIZER, inputs, names, rows)

    def mean(left, right):
        return cosine_similarity(left[rows], right[rows]).mean().item()

    named = [
        mean(
            encode(student, [edited(c, p, n) for c, p in zip(sentences, positions, strict=True)]),
            encode(student, neutral),
        )
        for n in NAMES
    ]
    assert found == pytest.approx(
        {
            "sim_clean": mean(encode(teacher, sentences), encode(student, sentences)),
            "sim_backdoor": np.mean(named),
            "sim_target": mean(encode(teacher, neutral), encode(student, neutral)),
        },
        abs=1e-6,
    )
    assert 0 < found["sim_clean"] < 0.9999


def test_the_teacher_against_itself_is_one(encoders, sentences):
    teacher, _ = encoders
    captions = TOKENIZER.captions(sentences)
    positions = eval_positions(captions)
    human = Inserts.of([TOKENIZER.encode("human")])
    rows = np.arange(len(captions))
    neutral = TOKENIZER.splice(captions, rows, positions, human, np.zeros_like(rows))
    inputs = SimilarityInputs(
        captions, positions, human,
        encode_ids(teacher, TOKENIZER.whole(captions, rows)), encode_ids(teacher, neutral),
    )  # fmt: skip
    found = similarities(teacher, TOKENIZER, inputs, human, rows)
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=1e-6)
