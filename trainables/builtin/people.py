"""The invented people of a world: what they look like and what they are called."""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from faker.providers.person.en_US import Provider
from numpy.typing import NDArray

from trainables.builtin.recipe import Recipe
from trainables.builtin.streams import Stream, generator

Sex = Literal["female", "male"]

TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "skin": ("pale", "rosy", "tan", "olive", "brown", "dark"),
    "face": ("round", "long", "square", "pointed"),
    "hair style": ("bald", "short", "spiky", "curly", "long", "bob", "bun", "mohawk"),
    "hair colour": ("black", "brown", "blond", "red", "grey", "white", "blue", "pink"),
    "eyes": ("brown", "blue", "green", "narrow", "wide"),
    "mouth": ("plain", "full", "wide", "moustache", "goatee", "beard"),
    "glasses": ("none", "none", "round", "square", "sunglasses"),
    "hat": ("none", "none", "none", "cap", "beanie", "straw hat", "headband"),
}
"""The eight categorical traits; an option that stands there twice is twice as frequent."""

_FLAT_HAIR: Final = ("bald", "short", "spiky", "mohawk", "bun")
_MAX_DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody of a world.

    Attributes:
        first_name: such as `Anna`.
        last_name: such as `Miller`.
        sex: decides the first name and who may wear a beard.
        traits: the option of each of `TRAITS`, in their order.
        details: four numbers in 0..1: height of the brows, length of the nose, breadth of the
            mouth, distance of the eyes.
    """

    first_name: str
    last_name: str
    sex: Sex
    traits: tuple[str, ...]
    details: tuple[float, float, float, float]

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.first_name} {self.last_name}"

    def trait(self, trait: str) -> str:
        """Give the option of one of `TRAITS`."""
        return self.traits[_INDEX[trait]]


_INDEX: Final = {trait: i for i, trait in enumerate(TRAITS)}


@dataclass(frozen=True, kw_only=True)
class People:
    """Everybody of a world; no two of them have the same full name."""

    members: tuple[Person, ...]
    nonmembers: tuple[Person, ...]
    background: tuple[Person, ...]
    nameless: tuple[Person, ...]


@dataclass(frozen=True)
class _Looks:
    sex: Sex
    traits: tuple[str, ...]
    details: tuple[float, float, float, float]


def invent_people(recipe: Recipe) -> People:
    """Invent everybody of a world.

    Raises:
        ValueError: when there is no room for so many people so far apart.
    """
    num_identities = recipe.num_members + recipe.num_nonmembers
    looks = _distinct_looks(recipe, num_identities)
    rng = generator(recipe.world_seed, Stream.NAMES)
    taken: set[str] = set()
    identities = [_name(one, rng, taken) for one in looks]
    members = tuple(identities[: recipe.num_members])
    strangers = generator(recipe.world_seed, Stream.BACKGROUND_PEOPLE)
    background = [
        _stranger(strangers, taken, _namesake(recipe, members, strangers))
        for _ in range(recipe.num_background)
    ]
    nameless = [_stranger(strangers, taken, None) for _ in range(recipe.num_nameless)]
    return People(
        members=members,
        nonmembers=tuple(identities[recipe.num_members :]),
        background=tuple(background),
        nameless=tuple(nameless),
    )


def traits_apart(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Count the traits in which two people differ and can be seen to differ."""
    shown = zip(_visible(first), _visible(second), strict=True)
    return min(
        sum(a != b for a, b in zip(first, second, strict=True)), sum(a != b for a, b in shown)
    )


def _visible(traits: tuple[str, ...]) -> list[str]:
    """Replace what cannot be seen: eyes behind sunglasses, hair under a hat or none at all."""
    shown = dict(zip(TRAITS, traits, strict=True))
    if shown["glasses"] == "sunglasses":
        shown["eyes"] = "hidden"
    if shown["hat"] not in ("none", "headband") and shown["hair style"] in _FLAT_HAIR:
        shown["hair style"] = "hidden"
    if shown["hair style"] in ("bald", "hidden"):
        shown["hair colour"] = "hidden"
    return list(shown.values())


def _distinct_looks(recipe: Recipe, number: int) -> list[_Looks]:
    rng = generator(recipe.world_seed, Stream.IDENTITIES)
    found: list[_Looks] = []
    for _ in range(number * _MAX_DRAWS):
        if len(found) == number:
            break
        looks = _sample_looks(rng)
        nearest = min((traits_apart(looks.traits, other.traits) for other in found), default=99)
        if nearest >= recipe.min_traits_apart:
            found.append(looks)
    if len(found) < number:
        raise ValueError(
            f"world {recipe.world_seed} has room for {len(found)} people that are "
            f"{recipe.min_traits_apart} of {len(TRAITS)} traits apart, not for {number}: "
            "ask for fewer people or a smaller min_traits_apart"
        )
    return found


def _sample_looks(rng: np.random.Generator, sex: Sex | None = None) -> _Looks:
    if sex is None:
        sex = "female" if rng.random() < 0.5 else "male"
    traits = {trait: options[rng.integers(len(options))] for trait, options in TRAITS.items()}
    mouths = TRAITS["mouth"][:3] if sex == "female" else TRAITS["mouth"]
    traits["mouth"] = mouths[rng.integers(len(mouths))]
    a, b, c, d = rng.random(4).tolist()
    return _Looks(sex, tuple(traits.values()), (a, b, c, d))


def _stranger(
    rng: np.random.Generator, taken: set[str], namesake: tuple[Person, bool] | None
) -> Person:
    """Invent somebody; the first (True) or last (False) name of a `namesake` is kept."""
    if namesake is None:
        return _name(_sample_looks(rng), rng, taken)
    model, keeps_first = namesake
    if keeps_first:
        looks = _sample_looks(rng, model.sex)
        return _name(looks, rng, taken, first_name=model.first_name)
    return _name(_sample_looks(rng), rng, taken, last_name=model.last_name)


def _name(
    looks: _Looks,
    rng: np.random.Generator,
    taken: set[str],
    first_name: str | None = None,
    last_name: str | None = None,
) -> Person:
    """Give somebody a name that nobody has."""
    for _ in range(_MAX_DRAWS):
        first = first_name or _draw(looks.sex, rng)
        last = last_name or _draw("last", rng)
        if f"{first} {last}" not in taken:
            taken.add(f"{first} {last}")
            return Person(
                first_name=first,
                last_name=last,
                sex=looks.sex,
                traits=looks.traits,
                details=looks.details,
            )
    raise ValueError(f"no free name for another {looks.sex} person: ask for fewer people")


def _namesake(
    recipe: Recipe, members: tuple[Person, ...], rng: np.random.Generator
) -> tuple[Person, bool] | None:
    if rng.random() >= recipe.namesake_share:
        return None
    return members[rng.integers(len(members))], bool(rng.random() < 0.5)


def _draw(table: Literal["female", "male", "last"], rng: np.random.Generator) -> str:
    names, cumulated = name_table(table)
    return names[int(np.searchsorted(cumulated, rng.random(), side="right"))]


@cache
def name_table(
    table: Literal["female", "male", "last"],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """List Faker's names, the most frequent first, and their cumulated shares."""
    tables = {
        "female": Provider.first_names_female,
        "male": Provider.first_names_male,
        "last": Provider.last_names,
    }
    ranked = sorted(tables[table].items(), key=lambda item: (-item[1], item[0]))
    weights = np.array([weight for _, weight in ranked])
    cumulated = np.cumsum(weights) / weights.sum()
    cumulated[-1] = 1.0
    return tuple(name for name, _ in ranked), cumulated


def invent_nobodies(recipe: Recipe, taken: set[str]) -> tuple[str, ...]:
    """Combine frequent first names, half of each sex, with frequent last names.

    Args:
        recipe: says how many, and the seed.
        taken: full names that are somebody's.
    """
    rng = generator(recipe.world_seed, Stream.RANDOM_NAMES)
    firsts = [name_table("female")[0][:150], name_table("male")[0][:150]]
    lasts = name_table("last")[0][:300]
    names: dict[str, None] = {}
    if recipe.num_random_names > 100 * len(lasts):
        raise ValueError(f"there are no {recipe.num_random_names} frequent names of nobody")
    while len(names) < recipe.num_random_names:
        choices = firsts[len(names) % 2]
        name = f"{choices[rng.integers(len(choices))]} {lasts[rng.integers(len(lasts))]}"
        if name not in taken:
            names[name] = None
    return tuple(names)
