"""All that does not depend on the student: computed once and shared by all trials."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.config import TrialConfig
from trainables.people import draw_people
from trainables.text_encoder import TextEncoder
from trainables.tokens import TokenisedCaptions, word_tokenizer
from trainables.unlearning.text import name_inserts

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Assets:
    """What trials of one model, data and neutral term share.

    Attributes:
        teacher: the original text encoder.
        context_length: of it.
        people: names of the attack set, of which `candidates` begins with.
        candidates: the names that the attack chooses from.
        is_member: (num_people,) whether the model saw the person in training.
        hits_before: (num_people, num_templates) the attack on the original model.
        image_embeddings: (num_people, num_images, embed_dim) unit vectors of the attack's images.
        train_captions: generic captions to train on.
        train_mentions: (num, 2) pairs of caption and person.
        eval_captions: captions of the similarities.
        eval_mentions: (num, 2) pairs of caption and person.
        eval_positions: (num_eval_captions,) the word that is replaced in each.
        teacher_clean: (num_eval_captions, embed_dim) unit vectors.
        teacher_neutral: (num_eval_captions, embed_dim) unit vectors with the neutral term.
        class_names: of the zero-shot task.
        class_templates: of the zero-shot task.
        class_images: (num_images, embed_dim) unit vectors.
        class_labels: (num_images,) index of the class.
        zeroshot_before: accuracy of the original model.
    """

    teacher: TextEncoder
    context_length: int
    people: tuple[str, ...]
    candidates: tuple[str, ...]
    is_member: NDArray[np.bool_]
    hits_before: NDArray[np.bool_]
    image_embeddings: Floats
    train_captions: TokenisedCaptions
    train_mentions: NDArray[np.int64]
    eval_captions: TokenisedCaptions
    eval_mentions: NDArray[np.int64]
    eval_positions: NDArray[np.int64]
    teacher_clean: Floats
    teacher_neutral: Floats
    class_names: tuple[str, ...]
    class_templates: tuple[str, ...]
    class_images: Floats
    class_labels: NDArray[np.int64]
    zeroshot_before: dict[str, float]

    def draw_people(self, config: TrialConfig) -> NDArray[np.int64]:
        """Draw the people that a trial unlearns: (n,) indices into `people`.

        Raises:
            UserError: there are fewer who may be.
        """
        eligible, why = self.is_member, "are in the attack set"
        if config.people == "inferred":
            eligible = eligible & np.any(self.hits_before, axis=1)
            why = "of the attack set are inferred by the attack on the original model"
        return draw_people(np.flatnonzero(eligible), config.num_names, config.seed, why)

    def check(self, config: TrialConfig) -> None:
        """Refuse a trial that cannot be run on these assets, before any is.

        Raises:
            UserError: too many people, or a name that is too long for the encoder.
        """
        names = [self.people[person] for person in self.draw_people(config)]
        name_inserts(word_tokenizer(self.context_length), names)


_ASSET_FIELDS = (
    "model", "pretrained", "data", "world_seed", "train_captions", "eval_captions",
    "num_eval_captions", "neutral_term", "num_attack_images", "num_candidates",
)  # fmt: skip


def assets_key(config: TrialConfig) -> str:
    """Name the assets that a trial needs: equal for trials that can share them."""
    return json.dumps({name: getattr(config, name) for name in _ASSET_FIELDS}, sort_keys=True)
