"""People as a data set publishes them: who can be attacked, with which pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.people.digest import people_digest as people_digest
from trainables.data.people.facescrub import read_facescrub
from trainables.data.people.folders import read_folders
from trainables.data.people.lists import read_list
from trainables.data.people.occurrences import count_people
from trainables.data.people.person import WHAT, Person
from trainables.data.people.split import Halves, split
from trainables.errors import UserError
from trainables.profile.schema import PeopleSource

Files = tuple[Path, ...]


@dataclass(frozen=True)
class LeftOut:
    """People who are in the data and are not attacked.

    Attributes:
        reason: in words that follow "they", such as `occur more than 300 times`.
        people: their names, sorted.
    """

    reason: str
    people: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class PeoplePictures:
    """People and their pictures, of which half is for the attack and half for the triggers.

    Attributes:
        people: their names, sorted.
        is_member: (num_people,) whether the model saw the person in training, as far as is known.
        attack: per person, exactly as many pictures as the attack sees, not cut.
        triggers: per person, the pictures of the other half, not cut.
        faces: per person, crops of the pictures of the other half, one or more but not one for
            each; `triggers` where the data set has no crops.
        everyone: the names of all people of the data set, sorted.
        everyone_attack: per person of `everyone`, all pictures of the half for the attack, not cut;
            there may be none.
        left_out: who is in `everyone` but not in `people`, each once.
    """

    people: tuple[str, ...]
    is_member: NDArray[np.bool_]
    attack: tuple[Files, ...]
    triggers: tuple[Files, ...]
    faces: tuple[Files, ...]
    everyone: tuple[str, ...]
    everyone_attack: tuple[Files, ...]
    left_out: tuple[LeftOut, ...]


def read_people(source: PeopleSource, num_attack_images: int) -> PeoplePictures:
    """Read people and split the pictures of each in halves.

    The split of a person depends on the name and the pictures alone. The half for the attack has
    the odd one. Files of one content count as one picture of a person.

    Args:
        source: where they are and who is left out.
        num_attack_images: pictures of each person that the attack sees; who has too few is left
            out.

    Raises:
        UserError: something cannot be read or is laid out in another way, or nobody is left.
    """
    found = _read(source)
    halves = {name: split(name, found[name]) for name in sorted(found)}
    counts = count_people(source.occurrences, halves) if source.occurrences else None
    people, left_out = list(halves), []
    for reason, applies in _filters(source, halves, counts, num_attack_images):
        lacking = {name for name in people if applies(name)}
        people = [name for name in people if name not in lacking]
        left_out += [LeftOut(reason, tuple(sorted(lacking)))] if lacking else []
    if not people:
        raise UserError(_nobody(source, num_attack_images, left_out))
    return PeoplePictures(
        people=tuple(people),
        is_member=np.array([counts is None or counts[name] > 0 for name in people]),
        attack=tuple(halves[name].attack[:num_attack_images] for name in people),
        triggers=tuple(halves[name].triggers for name in people),
        faces=tuple(halves[name].faces for name in people),
        everyone=tuple(halves),
        everyone_attack=tuple(half.attack for half in halves.values()),
        left_out=tuple(left_out),
    )


def _read(source: PeopleSource) -> dict[str, Person]:
    if source.layout == "list":
        return read_list(source)
    readers: dict[str, Callable[[Path], dict[str, Person]]] = {
        "folders": read_folders, "facescrub": read_facescrub,
    }  # fmt: skip
    return readers[source.layout](Path(source.path))


def _filters(
    source: PeopleSource,
    halves: Mapping[str, Halves],
    counts: Mapping[str, int] | None,
    num_attack_images: int,
) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Give each reason to leave people out, and whom it applies to."""
    # One more where the attack sees one picture, since a trigger needs one, too.
    num_needed = max(2 * num_attack_images - 1, 2, source.min_pictures or 0)
    num_pictures = {name: len(half.attack) + len(half.triggers) for name, half in halves.items()}
    yield (
        f"have fewer than {num_needed} different pictures",
        lambda name: num_pictures[name] < num_needed,
    )
    if source.occurrences and counts is not None:
        least, most = source.occurrences.min, source.occurrences.max
        yield "are not in the occurrence table", lambda name: name not in counts
        yield _fewer_than(least), lambda name: counts[name] < least
        yield f"occur more than {_times(most)}", lambda name: counts[name] > most
    yield "have no face cropped from a picture for triggers", lambda name: not halves[name].faces


def _fewer_than(least: int) -> str:
    return "never occur" if least == 1 else f"occur fewer than {least} times"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _nobody(source: PeopleSource, num_attack_images: int, left_out: Sequence[LeftOut]) -> str:
    reasons = " or ".join(f"{each.reason} ({len(each.people)})" for each in left_out)
    return (
        f"{WHAT}: nobody in {source.path} is left to attack, since they {reasons}; add pictures, "
        f"or change num_attack_images ({num_attack_images}), min_pictures or occurrences."
    )
