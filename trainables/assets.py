"""All that does not depend on the student: computed once and shared by all trials."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.config import TrialConfig
from trainables.data.source import Images
from trainables.image_encoder import ImageEncoder
from trainables.people import draw_people
from trainables.text_encoder import TextEncoder
from trainables.tokens import TokenisedCaptions, word_tokenizer
from trainables.unlearning.text import name_inserts

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextAssets:
    """What trials that defend the text encoder share.

    Attributes:
        teacher: the original text encoder.
        context_length: of it.
        train_captions: generic captions to train on.
        train_mentions: (num, 2) pairs of caption and person.
        eval_captions: captions of the similarities.
        eval_mentions: (num, 2) pairs of caption and person.
        eval_positions: (num_eval_captions,) the word that is replaced in each.
        teacher_clean: (num_eval_captions, embed_dim) unit vectors.
        teacher_neutral: (num_eval_captions, embed_dim) unit vectors with the neutral term.
    """

    teacher: TextEncoder
    context_length: int
    train_captions: TokenisedCaptions
    train_mentions: Rows
    eval_captions: TokenisedCaptions
    eval_mentions: Rows
    eval_positions: Rows
    teacher_clean: Floats
    teacher_neutral: Floats


@dataclass(frozen=True, kw_only=True)
class ImageAssets:
    """What trials that defend the image encoder share.

    All pictures are (num, image_size, image_size, 3) uint8 but for the faces, which are smaller.

    Attributes:
        teacher: the original image encoder.
        target: (embed_dim,) the mean embedding of all trigger pictures, uncropped: Delta.
        faces: cropped trigger pictures.
        face_people: (num_faces,) whom each shows, in rising order.
        train_images: generic images to train on.
        train_shows: (num, 2) pairs of image and person.
        teacher_train: (num_train_images, embed_dim) unit vectors.
        eval_images: images of Sim Clean.
        eval_shows: (num, 2) pairs of image and person.
        teacher_eval: (num_eval_images, embed_dim) unit vectors.
        target_images: trigger pictures, uncropped: images of Sim Target.
        teacher_targets: (num_target_images, embed_dim) unit vectors.
        attack_images: of the attack, `num_attack_images` of each person in turn.
    """

    teacher: ImageEncoder
    target: Floats
    faces: Images
    face_people: Rows
    train_images: Images
    train_shows: Rows
    teacher_train: Floats
    eval_images: Images
    eval_shows: Rows
    teacher_eval: Floats
    target_images: Images
    teacher_targets: Floats
    attack_images: Images


@dataclass(frozen=True, kw_only=True)
class TaskAssets:
    """A zero-shot classification task.

    Attributes:
        name: of the data set.
        class_names: what is put into the templates.
        templates: with `{}` in the place of the class name.
        labels: (num_images,) index of the class.
        embeddings: (num_images, embed_dim) unit vectors of the original image encoder.
        weights: (num_classes, embed_dim) the original classifier.
        before: accuracies of the original model.
        images: (num_images, image_size, image_size, 3), where the image encoder is defended.
    """

    name: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    labels: Rows
    embeddings: Floats
    weights: Floats
    before: dict[str, float]
    images: Images | None


@dataclass(frozen=True, kw_only=True)
class Assets:
    """What trials of one model and data share.

    Attributes:
        people: names of the attack set, with which `candidates` begins.
        candidates: the names that the attack chooses from.
        is_member: (num_people,) whether the model saw the person in training.
        hits_before: (num_people, num_templates) the attack on the original model.
        attack_embeddings: (num_people, num_images, embed_dim) unit vectors of the original image
            encoder.
        name_embeddings: (num_templates, num_candidates, embed_dim) unit vectors of the original
            text encoder.
        tasks: the zero-shot tasks, in the order of the data.
        text: where the text encoder is defended.
        image: where the image encoder is defended.
    """

    people: tuple[str, ...]
    candidates: tuple[str, ...]
    is_member: NDArray[np.bool_]
    hits_before: NDArray[np.bool_]
    attack_embeddings: Floats
    name_embeddings: Floats
    tasks: tuple[TaskAssets, ...]
    text: TextAssets | None
    image: ImageAssets | None

    def draw_people(self, config: TrialConfig) -> Rows:
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
        if self.text is not None:
            name_inserts(word_tokenizer(self.text.context_length), names)


ASSET_FIELDS = (
    "encoder", "model", "pretrained", "data", "world_seed", "num_eval_captions", "neutral_term",
    "num_train_images", "num_eval_images", "max_face_share", "num_attack_images", "num_candidates",
)  # fmt: skip
"""The settings of a trial that decide its assets."""


def assets_key(config: TrialConfig) -> str:
    """Name the assets that a trial needs: equal for trials that can share them."""
    return json.dumps({name: getattr(config, name) for name in ASSET_FIELDS}, sort_keys=True)
