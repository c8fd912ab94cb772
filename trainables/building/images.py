"""The shared data of trials that defend an image encoder."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.assets import ImageAssets
from trainables.building.context import Context
from trainables.building.sources import GenericSet, generic_images
from trainables.data.pictures import ArrayPictures, Pictures, even_rows
from trainables.data.source import Images
from trainables.store import Entry
from trainables.unlearning.faces import side_range

Rows = NDArray[np.int64]


def build_image_assets(context: Context) -> ImageAssets:
    """Build, or read from the cache, what the trials of an image encoder share."""
    config = context.config
    assert config.num_eval_images is not None
    whole = context.identity("people", num_images=config.num_attack_images)
    faces, face_people = _faces(context, whole)
    train, train_shows = _generic(context, "train_images", config.num_train_images)
    evaluation, eval_shows = _generic(context, "eval_images", config.num_eval_images)
    target_identity = whole | {"num": config.num_eval_images}
    targets = context.pool(
        "target images",
        target_identity,
        lambda: _some(context.people.triggers, config.num_eval_images),
    )
    # Of embeddings as they are, since the paper averages those.
    shown = context.embeddings(
        "pictures of people", whole, lambda: context.people.triggers, unit=False
    )
    return ImageAssets(
        target=shown.mean(axis=0),
        faces=faces,
        face_people=face_people,
        train_images=train,
        train_shows=train_shows,
        teacher_train=_taught(context, "train images", _named(context, "train_images"), train),
        eval_images=evaluation,
        eval_shows=eval_shows,
        teacher_eval=_taught(context, "eval images", _named(context, "eval_images"), evaluation),
        target_images=targets,
        teacher_targets=_taught(context, "target images", target_identity, targets),
        attack_images=context.pool("attack images", whole, lambda: _all(context.people.attack)),
        # Last, since it leaves the device with this.
        teacher=context.image_teacher.cpu(),
    )


def _faces(context: Context, identity: dict[str, Any]) -> tuple[Images, Rows]:
    """Give the faces to paste, at the greatest side they are pasted with, and whose they are."""
    side = side_range(context.config, context.image_teacher.image_size)[1]
    images = context.pool("faces", identity, lambda: _all(context.people.faces), size=side)
    people = context.store.get(
        "face-people", identity, lambda: Entry({"people": context.people.face_people})
    )
    return images, people.arrays["people"]


def _named(context: Context, what: str) -> dict[str, Any]:
    limit = getattr(context.config, f"num_{what}")
    # Whom an image shows depends on who the people are.
    return context.identity(what, "people", num=limit)


def _generic(context: Context, what: str, limit: int | None) -> tuple[Images, Rows]:
    """Give generic images, and pairs of image and person shown."""
    found: list[GenericSet] = []

    def source() -> GenericSet:
        if not found:
            found.append(generic_images(context.config, what))
        return found[0]

    def shows() -> Entry:
        generic = source()
        rows = even_rows(len(generic.images), limit)
        kept = generic.shows[np.isin(generic.shows[:, 0], rows)]
        kept[:, 0] = np.searchsorted(rows, kept[:, 0])
        return Entry({"shows": kept})

    identity = _named(context, what)
    images = context.pool(what.replace("_", " "), identity, lambda: _some(source().images, limit))
    return images, context.store.get(f"{what}-shows", identity, shows).arrays["shows"]


def _taught(
    context: Context, what: str, identity: dict[str, Any], images: Images
) -> NDArray[np.float32]:
    """Give the teacher's embeddings of a pool."""
    return context.embeddings(what, identity, lambda: ArrayPictures(images))


def _all(pictures: Pictures) -> tuple[Pictures, Rows]:
    return pictures, np.arange(len(pictures))


def _some(pictures: Pictures, limit: int | None) -> tuple[Pictures, Rows]:
    return pictures, even_rows(len(pictures), limit)
