"""Embeddings of faces, generic images and captions with names, for the ECAI paper's Appx. B.2."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.building.context import Context
from trainables.building.sources import caption_texts, generic_images
from trainables.config import TrialConfig
from trainables.data.pictures import ChosenPictures, even_rows
from trainables.models.load import Progress
from trainables.people import find_mentions
from trainables.seeding import generator
from trainables.store import Entry
from trainables.text_encoder import encode_ids
from trainables.unlearning.text import eval_positions, name_inserts

_NUM_SAMPLES = 10_000


@dataclass(frozen=True, kw_only=True)
class OriginalEmbeddings:
    """What the original model makes of people and of everything else; unit vectors.

    Attributes:
        faces: (num_faces, embed_dim) of pictures of people.
        face_people: (num_faces,) whom each shows.
        generic: (num_generic, embed_dim) of generic images that show none of them.
        captions: (num_captions, embed_dim) of generic captions with a name put in.
        caption_people: (num_captions,) whose.
    """

    faces: NDArray[np.float32]
    face_people: NDArray[np.int64]
    generic: NDArray[np.float32]
    captions: NDArray[np.float32]
    caption_people: NDArray[np.int64]


def original_embeddings(
    config: TrialConfig, device: torch.device, progress: Progress | None = None
) -> OriginalEmbeddings:
    """Embed people and everything else, or read from the cache what was embedded before.

    Args:
        config: of a trial of any encoder: its model and data.
        device: where to compute.
        progress: told what is being done.

    Raises:
        UserError: the model or the data is not usable.
    """
    context = Context(config, device, progress)
    people = context.identity("people", num=_NUM_SAMPLES, num_images=config.num_attack_images)
    rows = even_rows(len(context.people.triggers), _NUM_SAMPLES)
    generic = generic_images(config, "eval_images")
    free = np.setdiff1d(np.arange(len(generic.images)), generic.shows[:, 0])
    free = free[even_rows(len(free), _NUM_SAMPLES)]
    captions = context.store.get(
        "captions-with-names",
        # A sweep that unlearns names may use fewer captions than there are.
        people | context.identity("model", "eval_captions", num_captions=config.num_eval_captions),
        lambda: _captions_with_names(context),
    )
    return OriginalEmbeddings(
        faces=context.embeddings(
            "some pictures of people",
            people,
            lambda: ChosenPictures(context.people.triggers, rows),
        ),
        face_people=context.people.trigger_people[rows],
        generic=context.embeddings(
            "some generic images",
            people | context.identity("eval_images"),
            lambda: ChosenPictures(generic.images, free),
        ),
        captions=captions.arrays["embeddings"],
        caption_people=captions.arrays["people"],
    )


def _captions_with_names(context: Context) -> Entry:
    """Put a name in the place of a word of each caption, as a trigger is put there."""
    names, tokenizer = context.people.people, context.tokenizer
    texts = caption_texts(context.config, "eval_captions").head(_NUM_SAMPLES)
    unnamed = np.setdiff1d(np.arange(len(texts)), find_mentions(texts, names)[:, 0])
    captions = tokenizer.captions(texts)
    people = generator("names of the embedding map").integers(len(names), size=len(unnamed))
    inserts = name_inserts(tokenizer, list(names))
    ids = tokenizer.splice(captions, unnamed, eval_positions(captions)[unnamed], inserts, people)
    context.say("embedding captions", 0, len(unnamed))
    embeddings = encode_ids(context.text_teacher, ids).cpu().numpy()
    return Entry({"embeddings": embeddings, "people": people})
