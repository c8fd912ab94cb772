import dataclasses
import itertools

import pytest

from trainables.builtin.people import (
    TRAITS,
    invent_nobodies,
    invent_people,
    name_table,
    traits_apart,
)
from trainables.builtin.recipe import default_recipe


@pytest.fixture(scope="module", params=[0, 1, 2])
def people(request):
    return invent_people(default_recipe(request.param))


def test_identities_are_three_of_eight_traits_apart(people):
    identities = [*people.members, *people.nonmembers]
    assert len(people.members) == 96
    assert len(people.nonmembers) == 32
    assert len(TRAITS) == 8
    pairs = itertools.combinations(identities, 2)
    assert min(traits_apart(a.traits, b.traits) for a, b in pairs) >= 3


def test_names_are_unique(people):
    everybody = [*people.members, *people.nonmembers, *people.background, *people.nameless]
    assert len({person.name for person in everybody}) == len(everybody)


def test_names_are_two_words_of_faker(people):
    firsts = set(name_table("female")[0]) | set(name_table("male")[0])
    lasts = set(name_table("last")[0])
    for person in people.background:
        assert person.name.split(" ") == [person.first_name, person.last_name]
        assert person.first_name in firsts
        assert person.last_name in lasts


def test_most_strangers_are_namesakes_of_members(people):
    firsts = {person.first_name for person in people.members}
    lasts = {person.last_name for person in people.members}
    namesakes = [p.first_name in firsts or p.last_name in lasts for p in people.background]
    assert sum(namesakes) / len(namesakes) >= 0.8


def test_women_wear_no_beard(people):
    beards = {"moustache", "goatee", "beard"}
    everybody = [*people.members, *people.nonmembers, *people.background]
    assert not any(p.sex == "female" and p.trait("mouth") in beards for p in everybody)
    assert any(p.trait("mouth") in beards for p in everybody)


def test_same_seed_same_people():
    assert invent_people(default_recipe(5)) == invent_people(default_recipe(5))
    assert invent_people(default_recipe(5)) != invent_people(default_recipe(6))


def test_too_many_people_for_the_traits_is_said():
    recipe = dataclasses.replace(default_recipe(0), min_traits_apart=8)
    with pytest.raises(
        ValueError, match=r"world 0 has room for .* 8 of 8 traits apart, not for 128"
    ):
        invent_people(recipe)


def test_nobodies_are_nobody_and_half_of_each_sex(people):
    taken = {person.name for person in [*people.members, *people.nonmembers, *people.background]}
    names = invent_nobodies(default_recipe(0), taken)
    assert len(set(names)) == len(names) >= 2000
    assert not taken & set(names)
    women = set(name_table("female")[0]) - set(name_table("male")[0])
    share = sum(name.split(" ")[0] in women for name in names) / len(names)
    assert 0.4 < share < 0.6


def test_too_many_nobodies_are_refused():
    with pytest.raises(ValueError, match="no 99999 frequent names of nobody"):
        invent_nobodies(dataclasses.replace(default_recipe(0), num_random_names=99999), set())


def test_what_cannot_be_seen_does_not_count():
    first = ("tan", "round", "short", "red", "blue", "plain", "sunglasses", "cap")
    second = ("tan", "round", "spiky", "grey", "green", "plain", "sunglasses", "cap")
    assert traits_apart(first, second) == 0
    assert traits_apart((*first[:-2], "none", "none"), (*second[:-2], "none", "none")) == 3
    assert traits_apart(first, ("dark", "long", *first[2:])) == 2
