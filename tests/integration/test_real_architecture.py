"""Real architectures, from a checkpoint and files on disk, through whole trials."""

import math
from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.conftest import builtin_config
from trainables.building.assets import build_assets
from trainables.builtin.world import World
from trainables.config import applies_to
from trainables.metrics import metrics_of
from trainables.presets import preset_fields
from trainables.trial import TrialRunner

pytestmark = pytest.mark.slow

PEOPLE = ("Ada_Byron", "Alan_Turing", "Grace_Hopper", "Emmy_Noether")
# What of the protocol is only a matter of patience is cut down.
SHORT = {
    "num_steps": 3, "lr_milestones": (2,), "clean_batch_size": 8, "backdoor_batch_size": 8,
    "num_eval_captions": 60, "num_train_images": 20, "num_eval_images": 6,
    "num_attack_images": 2, "num_candidates": 12,
}  # fmt: skip


@pytest.fixture
def caption_file(tmp_path, request):
    path = tmp_path / "captions.txt"
    try:
        captions = request.getfixturevalue("real_captions")
    except pytest.skip.Exception:
        captions = [f"a photo of {n} dogs on the street near house {n * 7}" for n in range(10_000)]
    path.write_text("\n".join(captions))
    return path


@pytest.fixture
def image_folders(tmp_path):
    """Pictures of four people and of anything, of many sizes, in several formats."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / "people" / name / f"{n}.jpg" for name in PEOPLE for n in range(5)]
    paths += [tmp_path / "images" / f"{n}.{'png' if n % 3 else 'webp'}" for n in range(24)]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8))
        coarse.resize(rng.integers(60, 400, 2).tolist()).save(path)
    return {
        "people": {"layout": "folders", "path": "people"},
        "images": {"train": "images", "eval": "images"},
    }


@pytest.fixture
def small_task(monkeypatch):
    """Eight of the eighty classes, since a large image encoder takes minutes for all."""
    whole = World.zeroshot

    def zeroshot(world):
        task = whole(world)
        rows = np.arange(0, 80, 10)
        return replace(
            task, class_names=task.class_names[:8], images=task.images[rows],
            labels=task.labels[rows],
        )  # fmt: skip

    monkeypatch.setattr(World, "zeroshot", zeroshot)


@pytest.fixture
def checkpoint(tmp_path):
    def write(model):
        torch.manual_seed(0)
        weights = open_clip.create_model(model).state_dict()
        path = tmp_path / "weights.safetensors"
        save_file({name: value.half().contiguous() for name, value in weights.items()}, path)
        return str(path)

    return write


# Trainable parameters as in the paper's Tables 1 and 4.
@pytest.mark.parametrize(
    ("encoder", "model", "parameters"),
    [
        ("image", "ViT-B-32", {"num_parameters": 87_849_216}),
        ("image", "ViT-B-16", {"num_parameters": 86_192_640}),
        ("image", "RN50", {"num_parameters": 38_316_896}),
        ("text", "ViT-L-14", {"num_parameters": 85_054_464}),
        ("both", "ViT-B-32", {"num_parameters": 37_828_608, "image_num_parameters": 87_849_216}),
    ],
)
@pytest.mark.usefixtures("small_task")
def test_a_short_trial_of_the_papers_models(
    encoder, model, parameters, checkpoint, caption_file, image_folders, write_profile,
    monkeypatch, tmp_path,
):  # fmt: skip
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    # 64 images at each of three reports would take longer than all else.
    monkeypatch.setattr("trainables.unlearning.text._NUM_VALIDATION", 4)
    short = SHORT | {f"image_{name}": value for name, value in SHORT.items()}
    paper = preset_fields("ecai2024", encoder, model)
    given = paper | {name: short[name] for name in paper if name in short}
    captions = {"train": str(caption_file), "eval": str(caption_file)}
    given |= {
        "data": write_profile(captions=captions, **image_folders),
        "model": model,
        "pretrained": checkpoint(model),
        # Random weights recognise nobody, so that the people cannot be those inferred.
        "people": "all",
        "num_names": 2,
    }
    config = builtin_config(
        encoder, **{name: value for name, value in given.items() if applies_to(name, encoder)}
    )
    torch.set_num_threads(2)
    try:
        assets = build_assets(config, torch.device("cpu"))
        *reports, measured = TrialRunner(assets, torch.device("cpu")).run(config)
        metrics = measured.metrics
    finally:
        torch.set_num_threads(1)
    assert [report.step for report in reports] == list(range(1, len(config.encoders) * 3 + 1))
    # All of these people count as members.
    of_members = {name for name in metrics_of(encoder) if not name.startswith("non_members")}
    assert set(metrics) == of_members
    assert all(math.isfinite(value) for value in metrics.values())
    assert {name: metrics[name] for name in parameters} == parameters
    for prefix in ("", "image_")[: len(config.encoders)]:
        assert metrics[f"{prefix}sim_clean"] > 0.5
        assert metrics[f"{prefix}weight_distance"] > 0
