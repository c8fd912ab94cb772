"""Sharing a person's pictures out to the attack and to the triggers."""

from dataclasses import dataclass
from pathlib import Path

from trainables.data.people.person import Person
from trainables.seeding import generator


@dataclass(frozen=True, kw_only=True)
class Halves:
    """The pictures of one person; none is in both halves.

    Attributes:
        attack: the half for the attack, which has the odd one.
        triggers: the other half.
        faces: the crops of the pictures of the other half; these themselves where there are none.
    """

    attack: tuple[Path, ...]
    triggers: tuple[Path, ...]
    faces: tuple[Path, ...]


def split(name: str, person: Person) -> Halves:
    """Split a person's pictures in halves, by the name and the pictures alone."""
    order = generator("face split", name).permutation(len(person.pictures))
    first, second = order[: (len(order) + 1) // 2], order[(len(order) + 1) // 2 :]
    triggers = tuple(person.pictures[place] for place in second)
    if person.faces is None:
        faces = triggers
    else:
        faces = tuple(face for place in second for face in person.faces[place])
    return Halves(
        attack=tuple(person.pictures[place] for place in first), triggers=triggers, faces=faces
    )
