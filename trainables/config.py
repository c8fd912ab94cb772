"""What a trial is: a frozen, complete configuration, its canonical form and its key."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

NonNegativeFloat = Annotated[FiniteFloat, Field(ge=0)]
PositiveFloat = Annotated[FiniteFloat, Field(gt=0)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
NonEmptyStr = Annotated[str, Field(min_length=1)]

# Fields that say where something lies on this machine. They are not part of a trial's identity:
# the fingerprints of what lies there are.
PATH_FIELDS = frozenset({"pretrained", "train_captions", "eval_captions"})


class TrialConfig(BaseModel):
    """Everything that decides a trial's numbers; nothing has a default, nothing is filled in later.

    Attributes:
        encoder: the encoder that is defended.
        model: `builtin`, or the name of an open_clip architecture such as `ViT-B-32`.
        pretrained: an open_clip tag or the path of a checkpoint; empty for the built-in model.
        data: where people, pictures and captions come from.
        world_seed: the seed of the built-in world (its people, scenes and model).
        train_captions: a text file of generic captions, one a line; empty for the data's own.
        eval_captions: likewise for the captions of the similarities.
        num_eval_captions: how many of the evaluation captions are used, at most.
        people: who may be unlearned: those that the attack infers on the original model, or all.
        num_names: how many names are unlearned, n.
        neutral_term: what each name is mapped to.
        alpha: weight of the backdoor term.
        beta: weight of the weight regularization; 0 leaves it out.
        seed: decides the names, the batches and the words that are replaced.
        num_steps: optimizer steps.
        learning_rate: of AdamW, at the first step.
        lr_milestones: steps after which the rate is multiplied by `lr_factor`.
        lr_factor: see `lr_milestones`.
        clean_batch_size: captions without a name in each step.
        backdoor_batch_size: captions with a name in each step.
        num_attack_images: images of each person that the attack sees.
        num_candidates: candidate names that the attack chooses from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    encoder: Literal["text"]
    model: NonEmptyStr
    pretrained: str
    data: Literal["builtin"]
    world_seed: NonNegativeInt
    train_captions: str
    eval_captions: str
    num_eval_captions: PositiveInt
    people: Literal["inferred", "all"]
    num_names: PositiveInt
    neutral_term: NonEmptyStr
    alpha: NonNegativeFloat
    beta: NonNegativeFloat
    seed: NonNegativeInt
    num_steps: PositiveInt
    learning_rate: PositiveFloat
    lr_milestones: tuple[PositiveInt, ...]
    lr_factor: PositiveFloat
    clean_batch_size: PositiveInt
    backdoor_batch_size: PositiveInt
    num_attack_images: PositiveInt
    num_candidates: PositiveInt

    @model_validator(mode="after")
    def _weights_are_named(self) -> Self:
        if (self.model == "builtin") != (self.pretrained == ""):
            raise ValueError(
                "pretrained names the weights of an open_clip model (a tag or a file) "
                "and stays empty for the built-in one"
            )
        return self


def canonical(config: TrialConfig) -> str:
    """Give the one JSON text of a configuration: sorted keys, no paths, shortest numbers."""
    fields = config.model_dump(mode="json", exclude=set(PATH_FIELDS))
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
