"""How much disk and memory the shared assets of a profile will take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.evaluation.templates import TEMPLATES
from trainables.presets import preset_fields

SETTINGS: Mapping[str, Any] = preset_fields("ecai2024", "image", "ViT-B-32")
"""What a profile is checked for: the ECAI paper's settings of a ViT-B/32."""

_IMAGE_SIZE = 224
_EMBED_DIM = 512
_BYTES_PER_CAPTION = 200


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much a profile holds."""

    num_people: int = 0
    num_triggers: int = 0
    num_faces: int = 0
    num_identity_images: int = 0
    num_train_captions: int = 0
    num_eval_captions: int = 0
    num_train_images: int = 0
    num_eval_images: int = 0
    num_class_images: int = 0


def asset_bytes(counts: Counts) -> dict[str, int]:
    """Estimate the size of what trials share, for the ECAI paper's settings of a ViT-B/32.

    As much is kept in the cache folder, and in the shared memory of each machine that runs trials.

    Args:
        counts: of a profile.

    Returns:
        Bytes for `text` and for `image`.
    """
    settings = SETTINGS
    num_train = min(counts.num_train_images, settings["num_train_images"])
    num_eval = min(counts.num_eval_images, settings["num_eval_images"])
    num_targets = min(counts.num_triggers, settings["num_eval_images"])
    num_attack = counts.num_people * settings["num_attack_images"]
    embedded = num_attack + counts.num_class_images
    names = len(TEMPLATES) * settings["num_candidates"]
    shared = 4 * _EMBED_DIM * (embedded + names)
    captions = counts.num_train_captions + counts.num_eval_captions
    text = shared + _BYTES_PER_CAPTION * captions + 8 * _EMBED_DIM * counts.num_eval_captions
    pixels = num_train + num_eval + num_targets + num_attack + counts.num_class_images
    face_pixels = counts.num_faces * settings["max_face_share"] ** 2
    image = (
        shared
        + 4 * _EMBED_DIM * (num_train + num_eval + num_targets)
        + round((pixels + face_pixels) * 3 * _IMAGE_SIZE**2)
    )
    return {"text": text, "image": image}
