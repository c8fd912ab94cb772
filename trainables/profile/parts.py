"""What a trial takes from its data: parts of a profile, or the built-in world's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainables.config import BUILTIN, TrialConfig
from trainables.errors import UserError
from trainables.profile.read import Builtin, Profile, load_profile
from trainables.profile.schema import (
    CandidateSource,
    CaptionSource,
    ClassSource,
    IdentitySource,
    ImageSource,
    PeopleSource,
)

PROFILE_KEYS = {
    "people": "people",
    "candidates": "candidates",
    "train_captions": "captions.train",
    "eval_captions": "captions.eval",
    "train_images": "images.train",
    "eval_images": "images.eval",
}
"""Part -> what a profile calls it."""
_NEEDED = {
    "text": ("people", "candidates", "train_captions", "eval_captions"),
    "image": ("people", "candidates", "train_images", "eval_images"),
}


@dataclass(frozen=True, kw_only=True)
class DataParts:
    """Where each kind of data comes from; None where the profile does not say.

    Attributes:
        source: what messages call it.
        people: the people and their pictures.
        candidates: names of nobody.
        train_captions: generic captions to train on.
        eval_captions: those of the similarities.
        train_images: generic images to train on.
        eval_images: those of the similarities.
        zeroshot: classification tasks by name.
        models: weights by `architecture/tag`.
    """

    source: str
    people: PeopleSource | Builtin | None = BUILTIN
    candidates: CandidateSource | Builtin = BUILTIN
    train_captions: CaptionSource | Builtin | None = BUILTIN
    eval_captions: CaptionSource | Builtin | None = BUILTIN
    train_images: ImageSource | Builtin | None = BUILTIN
    eval_images: ImageSource | Builtin | None = BUILTIN
    zeroshot: Mapping[str, ClassSource | IdentitySource] | Builtin = BUILTIN
    models: Mapping[str, str]

    def get(self, part: str) -> Any:
        """Give a part that is needed.

        Raises:
            UserError: the profile does not have it.
        """
        found = getattr(self, part)
        if found is None:
            raise UserError(
                f"{self.source}: {PROFILE_KEYS[part]} is missing: name it, or write `{BUILTIN}` "
                "for the built-in world's."
            )
        return found


def data_parts(config: TrialConfig) -> DataParts:
    """Say where a trial's data comes from.

    Raises:
        UserError: something is wrong with its profile.
    """
    if config.data == BUILTIN:
        return DataParts(source=BUILTIN, models={})
    return parts_of(load_profile(config.data))


def parts_of(profile: Profile) -> DataParts:
    """Give a profile's parts by the names that trials have for them."""
    return DataParts(
        source=str(profile.path),
        people=profile.people,
        candidates=profile.candidates,
        train_captions=profile.captions.get("train"),
        eval_captions=profile.captions.get("eval"),
        train_images=profile.images.get("train"),
        eval_images=profile.images.get("eval"),
        zeroshot=profile.zeroshot,
        models=profile.models,
    )


def needed_parts(config: TrialConfig) -> Iterator[str]:
    """List the parts that a trial needs beside the classification tasks, each once."""
    yield from dict.fromkeys(part for encoder in config.encoders for part in _NEEDED[encoder])


def with_weights(config: TrialConfig) -> TrialConfig:
    """Put in place of a pretrained tag the file that the profile has for it.

    Raises:
        UserError: something is wrong with the profile.
    """
    path = data_parts(config).models.get(f"{config.model}/{config.pretrained}")
    return config if path is None else config.model_copy(update={"pretrained": path})
