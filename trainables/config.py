"""What a trial is: a frozen, complete configuration, its canonical form and its key."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from trainables.models.names import brings_weights

NonNegativeFloat = Annotated[FiniteFloat, Field(ge=0)]
PositiveFloat = Annotated[FiniteFloat, Field(gt=0)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
NonEmptyStr = Annotated[str, Field(min_length=1)]
# A rotation by 30 degrees makes a square's upright box 1.37 times as wide, and it has to fit.
FaceShare = Annotated[FiniteFloat, Field(gt=0, le=0.72)]
# One is no change: it is left out of a trial's name, as where nothing is said.
Growth = Annotated[
    PositiveFloat | None, AfterValidator(lambda growth: None if growth == 1 else growth)
]
SingleEncoder = Literal["text", "image"]

# Fields that say where something lies on this machine. They are not part of a trial's identity:
# the fingerprints of what lies there are.
PATH_FIELDS = frozenset({"data", "pretrained"})
BUILTIN: Final = "builtin"
"""As model or data: those of the built-in world."""
PROCEDURE_FIELDS = (
    "alpha", "beta", "num_steps", "learning_rate", "lr_milestones", "lr_factor",
    "clean_batch_size", "backdoor_batch_size", "alpha_growth", "beta_growth",
)  # fmt: skip
"""How an encoder is trained; for both encoders, those of the image encoder begin with `image_`."""
IMAGE_PREFIX = "image_"
GROWTH_FIELDS = ("alpha_growth", "beta_growth", "image_alpha_growth", "image_beta_growth")
"""How weights of the loss change during a training; None where they do not."""

_TEXT_FIELDS = frozenset({"num_eval_captions", "neutral_term"})
_IMAGE_FIELDS = frozenset(
    {"num_train_images", "num_eval_images", "min_face_share", "max_face_share"}
)
_BOTH_FIELDS = frozenset(IMAGE_PREFIX + name for name in PROCEDURE_FIELDS)
_LEFT_OUT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "text": _IMAGE_FIELDS | _BOTH_FIELDS,
        "image": _TEXT_FIELDS | _BOTH_FIELDS,
        "both": frozenset(),
    }
)


class TrialConfig(BaseModel):
    """Everything that decides a trial's numbers; nothing is filled in later.

    What does not apply to the encoder is None; all else must be given, but for `GROWTH_FIELDS`.

    Attributes:
        encoder: the encoder that is defended, or both.
        model: `builtin`, the name of an open_clip architecture such as `ViT-B-32`, or a model of
            open_clip with its weights, `hf-hub:org/name` or `local-dir:/path`.
        pretrained: an open_clip tag, the path of a checkpoint or of a folder that open_clip or
            transformers saved, or `hf-hub:org/name`; empty where the model brings its weights.
        data: where people, pictures and captions come from: `builtin`, or a data profile's path.
        world_seed: the seed of the built-in world (its people, scenes and model).
        num_eval_captions: how many of the evaluation captions are used, at most.
        num_train_images: how many of the generic images are used, at most.
        num_eval_images: how many images each similarity is measured on, at most.
        people: who may be unlearned: those that the attack infers on the original model, or all.
        num_names: how many people are unlearned, n.
        neutral_term: what each name is mapped to.
        min_face_share: the least side of a face on a generic image, as a share of the image's.
        max_face_share: the greatest.
        alpha: weight of the backdoor term.
        beta: weight of the weight regularization; 0 leaves it out.
        seed: decides the people, the batches, and the words and places that are replaced.
        num_steps: optimizer steps.
        learning_rate: of AdamW, at the first step.
        lr_milestones: steps after which the rate is multiplied by `lr_factor`.
        lr_factor: see `lr_milestones`.
        clean_batch_size: samples without a trigger in each step.
        backdoor_batch_size: samples with a trigger in each step.
        alpha_growth: what `alpha` has been multiplied by at the last step, by the same factor from
            each step to the next; None leaves it as it is, and 1 becomes None.
        beta_growth: likewise of `beta`.
        image_alpha: of the image encoder when both are defended, as are the next nine; `alpha` and
            the others without prefix are then those of the text encoder.
        image_beta: likewise.
        image_num_steps: likewise.
        image_learning_rate: likewise.
        image_lr_milestones: likewise.
        image_lr_factor: likewise.
        image_clean_batch_size: likewise.
        image_backdoor_batch_size: likewise.
        image_alpha_growth: likewise.
        image_beta_growth: likewise.
        num_attack_images: images of each person that the attack sees.
        num_candidates: candidate names that the attack chooses from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    encoder: Literal["text", "image", "both"]
    model: NonEmptyStr
    pretrained: str
    data: NonEmptyStr
    world_seed: NonNegativeInt
    num_eval_captions: PositiveInt | None = None
    num_train_images: PositiveInt | None = None
    num_eval_images: PositiveInt | None = None
    people: Literal["inferred", "all"]
    num_names: PositiveInt
    neutral_term: NonEmptyStr | None = None
    min_face_share: FaceShare | None = None
    max_face_share: FaceShare | None = None
    alpha: NonNegativeFloat
    beta: NonNegativeFloat
    seed: NonNegativeInt
    num_steps: PositiveInt
    learning_rate: PositiveFloat
    lr_milestones: tuple[PositiveInt, ...]
    lr_factor: PositiveFloat
    clean_batch_size: PositiveInt
    backdoor_batch_size: PositiveInt
    alpha_growth: Growth = None
    beta_growth: Growth = None
    image_alpha: NonNegativeFloat | None = None
    image_beta: NonNegativeFloat | None = None
    image_num_steps: PositiveInt | None = None
    image_learning_rate: PositiveFloat | None = None
    image_lr_milestones: tuple[PositiveInt, ...] | None = None
    image_lr_factor: PositiveFloat | None = None
    image_clean_batch_size: PositiveInt | None = None
    image_backdoor_batch_size: PositiveInt | None = None
    image_alpha_growth: Growth = None
    image_beta_growth: Growth = None
    num_attack_images: PositiveInt
    num_candidates: PositiveInt

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.model == "builtin" or brings_weights(self.model)) != (self.pretrained == ""):
            raise ValueError(
                "pretrained names the weights of an open_clip model (a tag, a file or folder, or "
                "hf-hub:org/name) and stays empty for the built-in one and for models that bring "
                "theirs (hf-hub:, local-dir:)"
            )
        for name in (*_TEXT_FIELDS, *_IMAGE_FIELDS, *_BOTH_FIELDS):
            value, applies = getattr(self, name), applies_to(name, self.encoder)
            if not applies and value is not None:
                raise ValueError(f"{name} does not apply when encoder is {self.encoder!r}")
            if applies and value is None and name not in GROWTH_FIELDS:
                raise ValueError(f"{name} is missing: encoder {self.encoder!r} needs it")
        if (
            self.min_face_share
            and self.max_face_share
            and (self.min_face_share > self.max_face_share)
        ):
            raise ValueError(
                f"min_face_share {self.min_face_share:g} is above max_face_share "
                f"{self.max_face_share:g}"
            )
        for prefix in self._image_prefix():
            batch = getattr(self, f"{prefix}backdoor_batch_size")
            if batch % self.num_names:
                raise ValueError(
                    f"num_names {self.num_names} does not divide {prefix}backdoor_batch_size "
                    f"{batch}: each person gets an equal share of the faces"
                )
        return self

    def _image_prefix(self) -> tuple[str, ...]:
        return {"text": (), "image": ("",), "both": (IMAGE_PREFIX,)}[self.encoder]

    @property
    def encoders(self) -> tuple[SingleEncoder, ...]:
        """The encoders that are defended, in order."""
        return ("text", "image") if self.encoder == "both" else (self.encoder,)

    def part(self, encoder: SingleEncoder) -> "TrialConfig":
        """Give the trial of one encoder; of both encoders, each is defended as if alone."""
        if self.encoder == encoder:
            return self
        fields = self.model_dump()
        if encoder == "image":
            fields |= {name: fields[IMAGE_PREFIX + name] for name in PROCEDURE_FIELDS}
        return TrialConfig(
            **{name: fields[name] for name in fields if applies_to(name, encoder)}
            | {"encoder": encoder}
        )


def applies_to(field: str, encoder: str) -> bool:
    """Tell whether a field of a trial means anything for an encoder (or `both`)."""
    return field not in _LEFT_OUT.get(encoder, ())


def canonical(config: TrialConfig) -> str:
    """Give the one JSON text of a configuration: what applies, keys sorted, no paths."""
    fields = config.model_dump(mode="json", exclude=set(PATH_FIELDS), exclude_none=True)
    fields["data"] = BUILTIN if config.data == BUILTIN else "profile"
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


def trial_key(config: TrialConfig, fingerprints: dict[str, str]) -> str:
    """Name a trial by its content: 16 hexadecimal digits.

    Args:
        config: the trial.
        fingerprints: of the model's weights and of the data, by what they are of.
    """
    text = canonical(config) + json.dumps(fingerprints, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def field_names() -> tuple[str, ...]:
    """List the fields of a trial in their order."""
    return tuple(TrialConfig.model_fields)


def parse(fields: dict[str, Any]) -> TrialConfig:
    """Read a configuration back from a journal or a tracking store."""
    return TrialConfig.model_validate(fields)
