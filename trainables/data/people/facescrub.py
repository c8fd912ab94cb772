"""FaceScrub as its downloaders leave it: `actors|actresses` x `images|faces`, a folder a person."""

import re
from collections import defaultdict
from pathlib import Path

from trainables.data.folders import list_folder, listing
from trainables.data.people.folders import people_folders
from trainables.data.people.person import WHAT, Person, contents, joined
from trainables.errors import UserError

GROUPS = ("actors", "actresses")
IMAGES, FACES = "images", "faces"

# By their words, since some systems drop the dot at the end of a folder's name.
_MENDED = {
    ("freddy", "prinze", "jr"): "Freddie Prinze Jr",
    ("leslie", "neilsen"): "Leslie Nielsen",
    ("robert", "di", "niro"): "Robert De Niro",
    ("tatyana", "m", "ali"): "Tatyana Ali",
}
_FACE_NUMBER = re.compile(r"_\d+$")


def read_facescrub(root: Path) -> dict[str, Person]:
    """Read FaceScrub, with four misspelt names mended.

    A picture is an image file `images/Ada_Byron/Ada_Byron_12.jpeg`; its faces are
    `faces/Ada_Byron/Ada_Byron_12_3.jpeg` or of the picture's own name. Faces without a picture are
    passed over.

    Args:
        root: with `actors`, `actresses` or both, each with `images` and `faces`.

    Returns:
        The people by name.

    Raises:
        UserError: a folder is missing, laid out in another way, or not named as a person.
    """
    groups = group_folders(root)
    images = people_folders([group / IMAGES for group in groups], _MENDED)
    faces = people_folders([group / FACES for group in groups], _MENDED)
    without_images = {name: Person(pictures=(), faces=()) for name in faces}
    return without_images | {name: _person(images[name], faces.get(name)) for name in images}


def group_folders(root: Path) -> list[Path]:
    """List the groups that are there.

    Raises:
        UserError: there is none, or `images` or `faces` is missing in one.
    """
    with listing(root, WHAT):
        groups = [root / group for group in GROUPS if (root / group).is_dir()]
        if not groups:
            raise UserError(
                f"{WHAT}: {root} holds neither a folder `actors` nor one `actresses`; layout "
                "'facescrub' has actors/images/Ada_Byron/Ada_Byron_1.jpeg and the like."
            )
        for group in groups:
            for part in (IMAGES, FACES):
                if not (group / part).is_dir():
                    raise UserError(
                        f"{WHAT}: {group} has no folder `{part}`; layout 'facescrub' has `images` "
                        "and `faces` in it (the downloader writes faces when told to crop them)."
                    )
    return groups


def _person(images: Path, faces: Path | None) -> Person:
    pictures, crops = _pictures_in(images), _pictures_in(faces) if faces else []
    known = {path.stem for path in pictures}
    of_crop = {path: _picture_id(path, known) for path in crops}
    crops = [path for path in crops if of_crop[path] in known]
    everything = pictures + crops
    ids = [path.stem for path in pictures] + [of_crop[path] for path in crops]
    with listing(images, WHAT):
        same = contents(everything)
    # What shows the same photo, by name or as a copy, is one picture, so that no face of it can
    # come into another half than the picture.
    labels = joined(ids, same)
    faces_of = defaultdict[int, dict[str, Path]](dict)
    for place in range(len(pictures), len(everything)):
        faces_of[labels[place]].setdefault(same[place], everything[place])
    kept = sorted(set(labels))
    return Person(
        pictures=tuple(pictures[label] for label in kept),
        faces=tuple(tuple(faces_of[label].values()) for label in kept),
    )


def _pictures_in(folder: Path) -> list[Path]:
    with listing(folder, WHAT):
        return list_folder(folder)[0]


def _picture_id(face: Path, known: set[str]) -> str:
    return face.stem if face.stem in known else _FACE_NUMBER.sub("", face.stem)
