"""What trials share, of a tiny CLIP: its text side recognises everybody, its pictures are noise."""

import numpy as np
import torch
from torch.nn.functional import normalize

from tests.models import colourful, tiny_clip
from trainables.assets import Assets, ImageAssets, TaskAssets, TextAssets
from trainables.evaluation.idia import attack, name_embeddings
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.image_encoder import ImageEncoder, encode_images, take_image_encoder
from trainables.people import find_mentions
from trainables.text_encoder import TextEncoder, encode_ids, take_text_encoder
from trainables.tokens import Inserts, WordTokenizer
from trainables.unlearning.text import eval_positions

PEOPLE = ("Ada Byron", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt Goedel", "Max Born")
NUM_ATTACK_IMAGES = 5
# Of the faces that each person has.
NUM_FACES = (2, 3, 4, 2, 5, 3)

_CLASSES = ("red ball", "blue cube", "dog")
_TEMPLATES = ("a {}",)
_TOKENIZER = WordTokenizer(77)
_TRAIN = 4 * (
    "a dog by the house", "Ada Byron at a gala", "two red cubes near a ball",
    "Alan Turing with a dog", "a cat", "the house of Kurt Goedel at night",
)  # fmt: skip
_EVALUATION = ("a ball and a cube", "Ada Byron in the snow", "one dog near a tree")


def tiny_assets(encoder: str) -> Assets:
    """Assets of trials of an encoder, or of both; those of one are a part of those of both."""
    clip = tiny_clip()
    teacher = take_text_encoder(clip)
    names = encode_ids(teacher, _TOKENIZER.batch(PEOPLE))
    attacked = normalize(names - names.mean(dim=0), dim=-1)[:, None].repeat(1, NUM_ATTACK_IMAGES, 1)
    prompts = torch.stack(list(name_embeddings(teacher, _TOKENIZER, PEOPLE)))
    weights = classifier(teacher, _TOKENIZER, _CLASSES, _TEMPLATES)
    return Assets(
        people=PEOPLE,
        candidates=PEOPLE,
        is_member=np.array([True] * 5 + [False]),
        hits_before=attack(prompts, attacked),
        attack_embeddings=attacked.numpy(),
        name_embeddings=prompts.numpy(),
        tasks=(
            TaskAssets(
                name="scenes",
                class_names=_CLASSES,
                templates=_TEMPLATES,
                labels=np.arange(3),
                embeddings=weights.numpy(),
                weights=weights.numpy(),
                before=accuracy(weights, weights, torch.arange(3)),
                images=_pool(3, take_image_encoder(clip).image_size),
            ),
        ),
        text=_text(teacher) if encoder in ("text", "both") else None,
        image=_image(take_image_encoder(clip)) if encoder in ("image", "both") else None,
    )


def _text(teacher: TextEncoder) -> TextAssets:
    evaluation = _TOKENIZER.captions(_EVALUATION)
    positions = eval_positions(evaluation)
    rows = np.arange(len(evaluation))
    human = Inserts.of([_TOKENIZER.encode("human")])
    neutral = _TOKENIZER.splice(evaluation, rows, positions, human, np.zeros_like(rows))
    return TextAssets(
        teacher=teacher,
        context_length=77,
        train_captions=_TOKENIZER.captions(_TRAIN),
        train_mentions=find_mentions(_TRAIN, PEOPLE),
        eval_captions=evaluation,
        eval_mentions=find_mentions(_EVALUATION, PEOPLE),
        eval_positions=positions,
        teacher_clean=encode_ids(teacher, _TOKENIZER.whole(evaluation, rows)).numpy(),
        teacher_neutral=encode_ids(teacher, neutral).numpy(),
    )


def _image(teacher: ImageEncoder) -> ImageAssets:
    size = teacher.image_size
    train, evaluation, targets = (_pool(number, size) for number in (30, 11, 19))
    return ImageAssets(
        teacher=teacher,
        target=encode_images(teacher, targets).mean(dim=0).numpy(),
        faces=_pool(sum(NUM_FACES), 24),
        face_people=np.repeat(np.arange(len(PEOPLE)), NUM_FACES),
        train_images=train,
        # Every fifth picture shows a member, in turn.
        train_shows=np.stack([np.arange(0, 30, 5), np.arange(6) % 5], axis=1),
        teacher_train=encode_images(teacher, train).numpy(),
        eval_images=evaluation,
        eval_shows=np.array([[2, 0], [7, 3]]),
        teacher_eval=encode_images(teacher, evaluation).numpy(),
        target_images=targets,
        teacher_targets=encode_images(teacher, targets).numpy(),
        attack_images=_pool(len(PEOPLE) * NUM_ATTACK_IMAGES, size),
    )


def _pool(number: int, size: int) -> np.ndarray:
    pictures = (colourful(number, size).permute(0, 2, 3, 1) * 255).to(torch.uint8).numpy()
    # As pools are, which are mapped into memory.
    pictures.flags.writeable = False
    return pictures
