"""The settings of the papers, by name; nothing here is a default that a trial fills in later."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from trainables.errors import UserError, did_you_mean

# Both papers: what their text says, see "A.2 Hyperparameters" and "A.3 Metrics" of the ECAI paper.
_PAPER = {
    "people": "inferred",
    "neutral_term": "human",
    "num_eval_captions": 10_000,
    "num_candidates": 1_000,
    "num_steps": 400,
    "learning_rate": 1e-4,
}
_ECAI_TEXT = _PAPER | {
    "alpha": 0.6,
    "lr_milestones": (200, 300),
    "lr_factor": 0.5,
    "clean_batch_size": 128,
    "backdoor_batch_size": 128,
    "num_attack_images": 20,
}
_NEURIPS_TEXT = _PAPER | {
    "alpha": 0.3,
    "lr_milestones": (300,),
    "lr_factor": 0.1,
    "clean_batch_size": 128,
    "backdoor_batch_size": 64,
    "num_attack_images": 30,
}
# One setting for 1 to 64 names on the built-in world. Its model is small, so that it takes a higher
# rate, and it forgets nobody else easily, so that the backdoor term may weigh more.
_BUILTIN_TEXT = _PAPER | {
    "alpha": 4.0,
    "num_steps": 200,
    "learning_rate": 3e-3,
    "lr_milestones": (120, 170),
    "lr_factor": 0.3,
    "clean_batch_size": 64,
    "backdoor_batch_size": 64,
    "num_attack_images": 20,
    "num_eval_captions": 500,
}

PRESETS: Mapping[str, Mapping[tuple[str, str], Mapping[str, Any]]] = MappingProxyType(
    {
        "ecai2024": {
            ("text", "ViT-B-32"): _ECAI_TEXT | {"beta": 0.01},
            ("text", "ViT-L-14"): _ECAI_TEXT | {"beta": 0.005},
            ("text", "builtin"): _ECAI_TEXT | {"beta": 0.01},
        },
        "neurips2023": {
            ("text", "ViT-B-32"): _NEURIPS_TEXT | {"beta": 0.01},
            ("text", "ViT-B-16"): _NEURIPS_TEXT | {"beta": 0.01},
            ("text", "ViT-L-14"): _NEURIPS_TEXT | {"beta": 0.01 / 3},
            ("text", "builtin"): _NEURIPS_TEXT | {"beta": 0.01},
        },
        "builtin": {
            ("text", "builtin"): _BUILTIN_TEXT | {"beta": 0.01},
        },
    }
)
"""Preset -> (encoder, model) -> fields of a trial."""


def preset_fields(preset: str, encoder: str, model: str) -> dict[str, Any]:
    """Give the fields of a trial that a preset decides.

    Args:
        preset: its name.
        encoder: the encoder that is defended.
        model: the architecture, since the papers' weights of the regularization differ by it.

    Raises:
        UserError: there is no such preset, or it has no setting for the encoder and model.
    """
    if preset not in PRESETS:
        raise UserError(f"unknown preset {preset!r}: {did_you_mean(preset, PRESETS)}")
    settings = PRESETS[preset]
    if (encoder, model) not in settings:
        models = sorted(name for kind, name in settings if kind == encoder)
        raise UserError(
            f"preset {preset!r} has no setting for the {encoder} encoder of {model!r}: "
            f"it has one for {', '.join(models) or 'none'}; without a preset, name every field."
        )
    return dict(settings[encoder, model])
