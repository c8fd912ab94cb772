"""A whole trial, on a tiny CLIP whose image embeddings are made to recognise everybody."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from tests.models import tiny_clip
from trainables.assets import Assets
from trainables.errors import UserError
from trainables.evaluation.idia import attack
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.metrics import CURVE_METRICS, METRICS
from trainables.people import find_mentions
from trainables.text_encoder import encode_ids, take_text_encoder
from trainables.tokens import Inserts, WordTokenizer
from trainables.trial import Progress, TeacherMemo, TrialRunner
from trainables.unlearning.text import eval_positions

PEOPLE = ("Ada Byron", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt Goedel", "Max Born")
CLASSES = ("red ball", "blue cube", "dog")


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


@pytest.fixture(scope="module")
def assets():
    tokenizer = WordTokenizer(77)
    teacher = take_text_encoder(tiny_clip())
    train = 4 * [
        "a dog by the house", "Ada Byron at a gala", "two red cubes near a ball",
        "Alan Turing with a dog", "a cat", "the house of Kurt Goedel at night",
    ]  # fmt: skip
    evaluation = ["a ball and a cube", "Ada Byron in the snow", "one dog near a tree"]
    names = encode_ids(teacher, tokenizer.batch(PEOPLE))
    centred = unit(names - names.mean(dim=0))
    images = centred[:, None].repeat(1, 5, 1)
    eval_tokens = tokenizer.captions(evaluation)
    positions = eval_positions(eval_tokens)
    rows = np.arange(len(eval_tokens))
    neutral = tokenizer.splice(
        eval_tokens, rows, positions, Inserts.of([tokenizer.encode("human")]), np.zeros_like(rows)
    )
    weights = classifier(teacher, tokenizer, CLASSES, ["a {}"])
    return Assets(
        teacher=teacher,
        context_length=77,
        people=PEOPLE,
        candidates=PEOPLE,
        is_member=np.array([True] * 5 + [False]),
        hits_before=attack(teacher, tokenizer, PEOPLE, images),
        image_embeddings=images.numpy(),
        train_captions=tokenizer.captions(train),
        train_mentions=find_mentions(train, PEOPLE),
        eval_captions=eval_tokens,
        eval_mentions=find_mentions(evaluation, PEOPLE),
        eval_positions=positions,
        teacher_clean=encode_ids(teacher, tokenizer.whole(eval_tokens, rows)).numpy(),
        teacher_neutral=encode_ids(teacher, neutral).numpy(),
        class_names=CLASSES,
        class_templates=("a {}",),
        class_images=weights.numpy(),
        class_labels=np.arange(3),
        zeroshot_before=accuracy(weights, weights, torch.arange(3)),
    )


@pytest.fixture
def config(make_config):
    return make_config(
        num_steps=24, clean_batch_size=8, backdoor_batch_size=8, learning_rate=1e-3,
        lr_milestones=(18,), people="all", num_names=2,
    )  # fmt: skip


def run(assets, config):
    *reports, metrics = TrialRunner(assets, torch.device("cpu")).run(config)
    return reports, metrics


def test_a_trial_reports_and_ends_with_all_metrics(assets, config):
    reports, metrics = run(assets, config)
    assert [report.state.step for report in reports] == list(range(3, 25, 3))
    assert all(isinstance(report, Progress) for report in reports)
    assert set(CURVE_METRICS) | {"step"} == set(reports[0].flat())
    assert set(metrics) == set(METRICS)
    assert all(isinstance(value, float) for value in metrics.values())
    assert metrics["idia_fnr"] == 1 - metrics["idia_tpr"]
    assert metrics["zeroshot_top1_before"] == 1
    phases = ["prepare_s", "train_s", "attack_s", "similarity_s", "zeroshot_s"]
    assert metrics["trial_s"] >= sum(metrics[phase] for phase in phases)


def test_unlearning_moves_the_names_to_the_neutral_term(assets, config):
    reports, metrics = run(assets, config)
    assert reports[-1].validation["val_sim_backdoor"] > reports[0].validation["val_sim_backdoor"]
    assert reports[-1].state.loss < reports[0].state.loss
    untouched = config.model_copy(update={"alpha": 0.0, "learning_rate": 1e-9})
    assert metrics["sim_backdoor"] > run(assets, untouched)[1]["sim_backdoor"]
    assert metrics["weight_distance"] > 0


def without_times(metrics):
    return {name: value for name, value in metrics.items() if not name.endswith("_s")}


def test_the_same_trial_gives_the_same_numbers(assets, config):
    first = run(assets, config)
    second = run(assets, config)
    assert without_times(first[1]) == without_times(second[1])
    assert [r.flat() for r in first[0]] == [r.flat() for r in second[0]]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_numbers_of_the_cpu(assets, config):
    on_gpu = dataclasses.replace(assets, teacher=copy.deepcopy(assets.teacher))
    *_, found = TrialRunner(on_gpu, torch.device("cuda")).run(config)
    expected = without_times(run(assets, config)[1])
    assert without_times(found) == pytest.approx(expected, abs=0.05)


def test_what_ran_before_on_the_actor_does_not_matter(assets, config):
    runner = TrialRunner(assets, torch.device("cpu"))
    for before in ({"seed": 5}, {"num_names": 4}, {"beta": 0.0}):
        list(runner.run(config.model_copy(update=before)))
    *_, reused = runner.run(config)
    assert without_times(reused) == without_times(run(assets, config)[1])


def test_only_inferred_people_are_unlearned(assets, config):
    hits = assets.hits_before.copy()
    hits[[0, 2, 3]] = False
    fewer = dataclasses.replace(assets, hits_before=hits)
    inferred = config.model_copy(update={"people": "inferred"})
    _, metrics = run(fewer, inferred)
    assert metrics["idia_tpr_before"] == 1
    with pytest.raises(UserError, match="only 2 people of the attack set are inferred"):
        run(fewer, inferred.model_copy(update={"num_names": 3}))


def test_what_cannot_run_is_refused_before_anything_does(assets, config):
    assets.check(config)
    with pytest.raises(UserError, match="only 5 people are in the attack set; ask for at most 5"):
        assets.check(config.model_copy(update={"num_names": 6}))
    long = dataclasses.replace(assets, people=("Ada " * 80,) * len(PEOPLE))
    with pytest.raises(UserError, match="takes 80 tokens"):
        long.check(config)


def test_the_memo_asks_only_for_what_it_has_not():
    asked = []

    def encode_of(keys):
        def encode(which):
            asked.extend(keys[which])
            return torch.from_numpy(keys[which]).float()[:, None]

        return encode

    memo = TeacherMemo(limit=6)
    for keys in ([3, 1, 3], [1, 2, 3, 9], [9, 9]):
        keys = np.array(keys)
        found = memo.lookup(keys, encode_of(keys))
        assert found[:, 0].tolist() == keys.tolist()
    assert sorted(asked) == [1, 2, 3, 9]
    keys = np.array([11, 12, 13])
    assert memo.lookup(keys, encode_of(keys))[:, 0].tolist() == [11, 12, 13]
