import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.models import tiny_clip
from trainables.evaluation.idia import (
    AttackOutcome,
    attack,
    candidate_names,
    majority,
    name_embeddings,
)
from trainables.evaluation.templates import TEMPLATES
from trainables.outcome import PersonOutcome
from trainables.text_encoder import encode_ids, take_text_encoder
from trainables.tokens import WordTokenizer

TOKENIZER = WordTokenizer(77)


def test_the_templates_are_those_of_the_protocol():
    assert len(TEMPLATES) == len(set(TEMPLATES)) == 21
    assert all(template.count("{0}") == 1 for template in TEMPLATES)


def test_a_tie_is_wrong():
    votes = np.array([[3, 3, 1], [0, 1, 2], [2, 2, 1], [4, 4, 4]])
    assert majority(votes, 5).tolist() == [3, -1, 2, 4]
    assert majority(np.array([[1, 1, 2, 2]]), 3).tolist() == [-1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_the_majority_is_the_only_mode(votes):
    counts = np.bincount(votes, minlength=5)
    modes = np.flatnonzero(counts == counts.max())
    expected = modes[0] if len(modes) == 1 else -1
    assert majority(np.array([votes]), 5).tolist() == [expected]


def test_candidates_are_the_people_filled_up_once():
    names = candidate_names(["Ada", "Bob"], ["Cy", "Ada", "Cy", "Di", "Ed"], 4)
    assert names == ["Ada", "Bob", "Cy", "Di"]
    assert candidate_names(["Ada", "Bob"], ["Cy"], 2) == ["Ada", "Bob"]


def slow_attack(encoder, candidates, images):
    """The attack as the protocol words it, one image after the other."""
    hits = np.zeros((len(images), len(TEMPLATES)), dtype=bool)
    for t, template in enumerate(TEMPLATES):
        texts = encode_ids(encoder, TOKENIZER.batch([template.format(n) for n in candidates]))
        for p, person in enumerate(images):
            votes = [int((image @ texts.T).argmax()) for image in person]
            counts = {vote: votes.count(vote) for vote in votes}
            best = max(counts.values())
            winners = [vote for vote, count in counts.items() if count == best]
            hits[p, t] = winners == [p]
    return hits


def test_the_attack_is_the_protocol():
    encoder = take_text_encoder(tiny_clip())
    candidates = ["Ada Byron", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt Goedel"]
    texts = encode_ids(encoder, TOKENIZER.batch(candidates))
    noise = torch.randn(3, 7, texts.shape[1], generator=torch.manual_seed(1))
    centred = texts - texts.mean(dim=0)
    images = torch.nn.functional.normalize(
        40 * centred[:3, None] / centred.norm() + 0.6 * noise, dim=-1
    )
    found = attack(name_embeddings(encoder, TOKENIZER, candidates), images)
    np.testing.assert_array_equal(found, slow_attack(encoder, candidates, images))
    assert found.any()
    assert not found.all()


def test_rates_count_the_right_people():
    before = np.array([1, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    after = np.array([0, 1, 1, 0, 1, 0, 1, 1], dtype=bool)
    outcome = AttackOutcome(
        hits_before=np.stack([before, np.zeros_like(before), before], axis=1),
        hits_after=np.stack([np.zeros_like(after), after], axis=1),
        is_member=np.array([1, 1, 1, 1, 1, 1, 0, 0], dtype=bool),
        unlearned=np.array([0, 1]),
    )
    assert outcome.metrics() == {
        "idia_tpr_before": 1.0,
        "idia_tpr": 0.5,
        "idia_fnr": 0.5,
        "num_leaking_templates_before": 2.0,
        "num_leaking_templates": 0.5,
        "others_tpr_before": 0.5,
        "others_tpr": 0.5,
        "wrongfully_forgotten": 1 / 6,
        "newly_recalled": 2 / 6,
        "all_tpr": 0.5,
        "non_members_rate_before": 0.5,
        "non_members_rate": 1.0,
    }


def test_each_person_keeps_the_templates_that_name_them():
    hits = np.zeros((3, 21), dtype=bool)
    hits[2, [0, 3, 20]] = True
    before = np.ones((3, 21), dtype=bool)
    outcome = AttackOutcome(before, hits, np.ones(3, dtype=bool), np.array([2, 0]))
    assert outcome.people(["p-2", "p-0"]) == (
        PersonOutcome(person="p-2", before=2**21 - 1, after=2**20 + 2**3 + 1),
        PersonOutcome(person="p-0", before=2**21 - 1, after=0),
    )


def test_a_rate_of_nobody_is_left_out():
    hits = np.ones((2, 1), dtype=bool)
    metrics = AttackOutcome(hits, hits, hits[:, 0], np.array([0, 1])).metrics()
    assert metrics["idia_tpr"] == 1
    assert not {"others_tpr", "newly_recalled", "non_members_rate"} & set(metrics)
