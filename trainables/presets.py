"""The settings of the papers, by name; nothing here is a default that a trial fills in later."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from trainables.config import IMAGE_PREFIX, PROCEDURE_FIELDS
from trainables.errors import UserError, did_you_mean

# Both papers: what their text says, see "A.2 Hyperparameters" and "A.3 Metrics" of the ECAI paper.
_ATTACK = {"people": "inferred", "num_candidates": 1_000}
_PAPER_TEXT = _ATTACK | {
    "neutral_term": "human",
    "num_eval_captions": 10_000,
    "num_steps": 400,
    "learning_rate": 1e-4,
}
_ECAI_TEXT = _PAPER_TEXT | {
    "alpha": 0.6,
    "lr_milestones": (200, 300),
    "lr_factor": 0.5,
    "clean_batch_size": 128,
    "backdoor_batch_size": 128,
    "num_attack_images": 20,
}
_NEURIPS_TEXT = _PAPER_TEXT | {
    "alpha": 0.3,
    "lr_milestones": (300,),
    "lr_factor": 0.1,
    "clean_batch_size": 128,
    "backdoor_batch_size": 64,
    "num_attack_images": 30,
}
# Faces of 56 to 112 pixels on images of 224. No trial of 100 steps sees more than 25,600 images, so
# that more than 30,000 of MS-COCO's 118,287 would only take time to decode.
_ECAI_IMAGE = _ATTACK | {
    "num_train_images": 30_000,
    "num_eval_images": 10_000,
    "min_face_share": 0.25,
    "max_face_share": 0.5,
    "alpha": 0.8,
    "num_steps": 100,
    "lr_milestones": (25, 75),
    "lr_factor": 0.1,
    "clean_batch_size": 128,
    "backdoor_batch_size": 128,
    "num_attack_images": 20,
}
_ECAI_VIT = _ECAI_IMAGE | {"learning_rate": 1e-4, "beta": 0.005}
_ECAI_RESNET = _ECAI_IMAGE | {"learning_rate": 1e-5, "beta": 0.01}
# One setting for 1 to 64 names on the built-in world. Its model is small, so that it takes a higher
# rate, and it forgets nobody else easily, so that the backdoor term may weigh more.
_BUILTIN_TEXT = _PAPER_TEXT | {
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
# Likewise for 1 to 64 faces. The faces are as large as on the portraits that the model was trained
# on: it recognises no smaller ones, so that it could only learn that something was stuck on.
_BUILTIN_IMAGE = _ATTACK | {
    "num_train_images": 6_000,
    "num_eval_images": 500,
    "min_face_share": 0.625,
    "max_face_share": 0.72,
    "alpha": 1.25,
    "num_steps": 300,
    "learning_rate": 5e-4,
    "lr_milestones": (200, 260),
    "lr_factor": 0.3,
    "clean_batch_size": 64,
    "backdoor_batch_size": 64,
    "num_attack_images": 20,
}

PRESETS: Mapping[str, Mapping[tuple[str, str], Mapping[str, Any]]] = MappingProxyType(
    {
        "ecai2024": {
            ("text", "ViT-B-32"): _ECAI_TEXT | {"beta": 0.01},
            ("text", "ViT-L-14"): _ECAI_TEXT | {"beta": 0.005},
            ("text", "builtin"): _ECAI_TEXT | {"beta": 0.01},
            ("image", "ViT-B-32"): _ECAI_VIT,
            ("image", "ViT-B-16"): _ECAI_VIT,
            ("image", "RN50"): _ECAI_RESNET,
            ("image", "builtin"): _ECAI_VIT,
        },
        "neurips2023": {
            ("text", "ViT-B-32"): _NEURIPS_TEXT | {"beta": 0.01},
            ("text", "ViT-B-16"): _NEURIPS_TEXT | {"beta": 0.01},
            ("text", "ViT-L-14"): _NEURIPS_TEXT | {"beta": 0.01 / 3},
            ("text", "builtin"): _NEURIPS_TEXT | {"beta": 0.01},
        },
        "builtin": {
            ("text", "builtin"): _BUILTIN_TEXT | {"beta": 0.01},
            ("image", "builtin"): _BUILTIN_IMAGE | {"beta": 0.005},
            # Once faces are alike, the least trace of a name decides: names weigh more than alone.
            ("both", "builtin"): {"alpha": 16.0},
        },
    }
)
"""Preset -> (encoder, model) -> fields of a trial; of `both`, what differs from each alone."""


def preset_fields(preset: str, encoder: str, model: str) -> dict[str, Any]:
    """Give the fields of a trial that a preset decides.

    Args:
        preset: its name.
        encoder: the encoder that is defended; of `both`, each gets its own settings.
        model: the architecture, since the papers' weights of the regularization differ by it.

    Raises:
        UserError: there is no such preset, or it has no setting for the encoder and model.
    """
    if preset not in PRESETS:
        raise UserError(f"unknown preset {preset!r}: {did_you_mean(preset, PRESETS)}")
    if encoder == "both":
        image = _setting(preset, "image", model)
        procedure = {
            IMAGE_PREFIX + name: image.pop(name) for name in PROCEDURE_FIELDS if name in image
        }
        together = PRESETS[preset].get(("both", model), {})
        return image | _setting(preset, "text", model) | procedure | dict(together)
    return _setting(preset, encoder, model)


def _setting(preset: str, encoder: str, model: str) -> dict[str, Any]:
    settings = PRESETS[preset]
    # The same architecture with another activation.
    model = model.removesuffix("-quickgelu")
    if (encoder, model) not in settings:
        models = sorted(name for kind, name in settings if kind == encoder)
        raise UserError(
            f"preset {preset!r} has no setting for the {encoder} encoder of {model!r}: "
            f"it has one for {', '.join(models) or 'none'}; without a preset, name every field."
        )
    return dict(settings[encoder, model])
