"""A real architecture, from a checkpoint and a caption file on disk, through a whole trial."""

import math

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from trainables.building.assets import build_assets
from trainables.metrics import METRICS
from trainables.presets import preset_fields
from trainables.trial import TrialRunner

pytestmark = pytest.mark.slow


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
def checkpoint(tmp_path):
    torch.manual_seed(0)
    weights = open_clip.create_model("ViT-B-32").state_dict()
    path = tmp_path / "vit-b-32.safetensors"
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
    return path


def test_a_short_trial_of_vit_b_32(make_config, checkpoint, caption_file, monkeypatch, tmp_path):
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    config = make_config(
        **preset_fields("ecai2024", "text", "ViT-B-32")
        | {
            "model": "ViT-B-32",
            "pretrained": str(checkpoint),
            "train_captions": str(caption_file),
            "eval_captions": str(caption_file),
            # Random weights recognise nobody, so that the people cannot be those inferred.
            "people": "all",
            "num_names": 2,
            # What of the protocol is only a matter of patience is cut down.
            "num_steps": 3, "clean_batch_size": 16, "backdoor_batch_size": 16,
            "num_eval_captions": 60, "num_attack_images": 1, "num_candidates": 128,
        }
    )  # fmt: skip
    torch.set_num_threads(2)
    try:
        assets = build_assets(config, torch.device("cpu"))
        assert len(assets.train_captions) == 10_000
        *reports, metrics = TrialRunner(assets, torch.device("cpu")).run(config)
    finally:
        torch.set_num_threads(1)
    assert [report.state.step for report in reports] == [1, 2, 3]
    assert set(metrics) == set(METRICS)
    assert all(math.isfinite(value) for value in metrics.values())
    assert metrics["sim_clean"] > 0.5
    assert metrics["weight_distance"] > 0
