"""Whole trials that defend the image encoder, alone or with the text encoder, on a tiny CLIP."""

import copy
import dataclasses
import itertools
import math
from numbers import Real

import numpy as np
import pytest
import torch

from tests.assets import tiny_assets
from trainables.errors import TrialFailedError
from trainables.evaluation.idia import attack
from trainables.evaluation.zeroshot import accuracy
from trainables.metrics import CURVE_METRICS, metrics_of
from trainables.trial import TrialRunner

IMAGE = {"num_steps": 10, "learning_rate": 3e-3, "lr_milestones": (8,), "clean_batch_size": 8,
         "backdoor_batch_size": 12}  # fmt: skip
# A face of 0.72 of 32 pixels does not fit when it is rotated.
SHARES = {"min_face_share": 0.5, "max_face_share": 0.65}
TEXT = IMAGE | {"num_steps": 16, "learning_rate": 1e-3, "lr_milestones": (12,), "alpha": 2.0}


@pytest.fixture(scope="module")
def assets():
    return tiny_assets("both")


@pytest.fixture
def configs(make_config):
    """A trial of each encoder, and the one that is both of them."""
    of_image = {f"image_{name}": value for name, value in IMAGE.items()}
    settings = {"text": TEXT, "image": IMAGE | SHARES, "both": TEXT | of_image | SHARES}
    return {name: make_config(name, people="all", **own) for name, own in settings.items()}


def run(assets, config):
    *reports, measured = TrialRunner(assets, torch.device("cpu")).run(config)
    metrics = measured.metrics
    return reports, metrics


def without_times(metrics):
    return {name: value for name, value in metrics.items() if not name.endswith("_s")}


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_a_trial_ends_with_all_metrics_of_its_encoder(assets, configs, encoder):
    _, metrics = run(assets, configs[encoder])
    assert set(metrics) == set(metrics_of(encoder))
    assert all(isinstance(value, Real) and math.isfinite(value) for value in metrics.values())
    assert metrics["zeroshot_top1_before"] == 1
    phases = ["prepare_s", "train_s", "attack_s", "similarity_s", "zeroshot_s"]
    assert metrics["trial_s"] >= sum(metrics[phase] for phase in phases)


def test_unlearning_moves_the_faces_to_the_mean_face(assets, configs):
    config = configs["image"]
    reports, metrics = run(assets, config)
    untouched = config.model_copy(update={"alpha": 0.0, "learning_rate": 1e-12})
    _, before = run(assets, untouched)
    assert metrics["sim_backdoor"] > before["sim_backdoor"] + 1e-4
    assert before["sim_clean"] == pytest.approx(1, abs=1e-5)
    assert before["sim_target"] == pytest.approx(1, abs=1e-5)
    assert 0.5 < metrics["sim_clean"] < 0.99999
    assert reports[-1].validation["val_sim_backdoor"] > reports[0].validation["val_sim_backdoor"]
    assert reports[-1].state.loss < reports[0].state.loss
    assert metrics["weight_distance"] > 0


def test_both_trains_each_student_as_if_it_were_alone(assets, configs):
    reports, metrics = run(assets, configs["both"])
    for encoder, prefix in (("text", ""), ("image", "image_")):
        alone = dataclasses.replace(assets, **{"text": None, "image": None, encoder: (
            getattr(assets, encoder))})  # fmt: skip
        expected, wanted = run(alone, configs[encoder])
        found = [report for report in reports if report.prefix == prefix]
        assert [report.state for report in found] == [report.state for report in expected]
        assert [report.validation for report in found] == [r.validation for r in expected]
        for name in ("sim_clean", "sim_backdoor", "sim_target", "num_parameters", "loss"):
            assert metrics[prefix + name] == wanted[name]


def test_reports_of_both_count_the_steps_on(assets, configs):
    reports, _ = run(assets, configs["both"])
    text, image = (range(2, 17, 2), range(18, 27, 2))
    assert [report.step for report in reports] == [*text, *image]
    assert {report.num_steps for report in reports} == {26}
    first, last = reports[0].flat(), reports[-1].flat()
    assert set(first) == {"step", *CURVE_METRICS}
    assert set(last) == {"step", *(f"image_{name}" for name in CURVE_METRICS)}
    assert last["step"] == 26
    assert last["image_loss"] == reports[-1].state.loss


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_the_same_trial_gives_the_same_numbers(assets, configs, encoder):
    first, second = (run(assets, configs[encoder]) for _ in range(2))
    assert without_times(first[1]) == without_times(second[1])
    assert [r.flat() for r in first[0]] == [r.flat() for r in second[0]]


def test_what_ran_before_on_the_actor_does_not_matter(assets, configs):
    runner = TrialRunner(assets, torch.device("cpu"))
    for name in ("text", "both"):
        list(runner.run(configs[name].model_copy(update={"seed": 5})))
    *_, measured = runner.run(configs["image"])
    reused = measured.metrics
    assert without_times(reused) == without_times(run(assets, configs["image"])[1])


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_the_people_of_a_seed_are_nested_and_those_of_every_encoder(assets, configs, encoder):
    drawn = [
        assets.draw_people(configs[encoder].model_copy(update={"num_names": n}))
        for n in (1, 2, 4, 5)
    ]
    for fewer, more in itertools.pairwise(drawn):
        np.testing.assert_array_equal(fewer, more[: len(fewer)])
    np.testing.assert_array_equal(drawn[1], assets.draw_people(configs["text"]))
    assert assets.is_member[drawn[-1]].all()


@pytest.mark.parametrize("encoder", ["text", "image", "both"])
def test_what_is_attacked_and_classified_is_student_where_there_is_one_and_else_teacher(
    assets, configs, encoder, monkeypatch
):
    seen = {}

    def attacked(names, images):
        seen["attack"] = (torch.stack(list(names)), images)
        return attack(iter(seen["attack"][0]), images)

    def classified(weights, images, labels):
        seen["zeroshot"] = (weights, images)
        return accuracy(weights, images, labels)

    monkeypatch.setattr("trainables.trial.attack", attacked)
    monkeypatch.setattr("trainables.trial.accuracy", classified)
    run(assets, configs[encoder])
    of_teacher = {
        "attack": (assets.name_embeddings, assets.attack_embeddings),
        "zeroshot": (assets.tasks[0].weights, assets.tasks[0].embeddings),
    }
    for task, originals in of_teacher.items():
        for side, found, original in zip(("text", "image"), seen[task], originals, strict=True):
            assert found.shape == original.shape
            np.testing.assert_allclose(found.norm(dim=-1), 1, rtol=1e-5)
            assert np.allclose(found, original, atol=1e-7) == (encoder not in (side, "both"))


def test_a_training_that_diverges_names_its_step(assets, configs):
    wild = configs["image"].model_copy(update={"learning_rate": 1e38, "lr_milestones": ()})
    with pytest.raises(TrialFailedError, match=r"at step \d"):
        run(assets, wild)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("encoder", ["image", "both"])
def test_a_gpu_gives_the_numbers_of_the_cpu(assets, configs, encoder):
    on_gpu = copy.deepcopy(assets)
    *_, measured = TrialRunner(on_gpu, torch.device("cuda")).run(configs[encoder])
    found = measured.metrics
    expected = without_times(run(assets, configs[encoder])[1])
    assert without_times(found) == pytest.approx(expected, abs=0.05)
