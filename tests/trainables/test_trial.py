"""A whole trial, on a tiny CLIP whose image embeddings are made to recognise everybody."""

import copy
import dataclasses
from numbers import Real

import pytest
import torch

from tests.assets import PEOPLE, tiny_assets
from trainables.errors import UserError
from trainables.metrics import CURVE_METRICS, metrics_of
from trainables.trial import Progress, TrialRunner


@pytest.fixture(scope="module")
def assets():
    return tiny_assets("text")


@pytest.fixture
def config(make_config):
    return make_config(
        num_steps=24, clean_batch_size=8, backdoor_batch_size=8, learning_rate=1e-3,
        lr_milestones=(18,), people="all", num_names=2,
    )  # fmt: skip


def run(assets, config):
    *reports, measured = TrialRunner(assets, torch.device("cpu")).run(config)
    metrics = measured.metrics
    return reports, metrics


def test_a_trial_reports_and_ends_with_all_metrics(assets, config):
    reports, metrics = run(assets, config)
    assert [report.state.step for report in reports] == list(range(3, 25, 3))
    assert all(isinstance(report, Progress) for report in reports)
    assert set(CURVE_METRICS) | {"step"} == set(reports[0].flat())
    assert set(metrics) == set(metrics_of("text"))
    assert all(isinstance(value, Real) for value in metrics.values())
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


def test_the_people_of_a_trial_go_by_their_labels(assets, config):
    runner = TrialRunner(assets, torch.device("cpu"), lambda name: f"<{name}>")
    *_, measured = runner.run(config)
    names = [assets.people[person] for person in assets.draw_people(config)]
    assert [outcome.person for outcome in measured.people] == [f"<{name}>" for name in names]
    inferred = [outcome.after > 0 for outcome in measured.people]
    assert sum(inferred) / len(names) == measured.metrics["idia_tpr"]
    num_templates = [outcome.before.bit_count() for outcome in measured.people]
    expected = measured.metrics["num_leaking_templates_before"]
    assert sum(num_templates) / len(names) == expected


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
    on_gpu = copy.deepcopy(assets)
    *_, measured = TrialRunner(on_gpu, torch.device("cuda")).run(config)
    found = measured.metrics
    expected = without_times(run(assets, config)[1])
    assert without_times(found) == pytest.approx(expected, abs=0.05)


def test_what_ran_before_on_the_actor_does_not_matter(assets, config):
    runner = TrialRunner(assets, torch.device("cpu"))
    for before in ({"seed": 5}, {"num_names": 4}, {"beta": 0.0}):
        list(runner.run(config.model_copy(update=before)))
    *_, measured = runner.run(config)
    reused = measured.metrics
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
