import pytest

from trainables.data.people.read import LeftOut, read_people
from trainables.errors import UserError
from trainables.profile.schema import Occurrences


@pytest.fixture
def table(tmp_path):
    """Writes a table of occurrences beside the people."""

    def write(**options):
        counts = {"Ada": 0, "Bob": 1, "Cleo": 300, "Dora": 301, "Fay": 40}
        path = tmp_path / "occurrences.csv"
        lines = [f"{name.upper()},{count}" for name, count in counts.items()]
        path.write_text("\n".join(["name,count", *lines]))
        return Occurrences(path=str(path), **options)

    return write


@pytest.fixture
def people(tmp_path, write_folders):
    write_folders(tmp_path / "people", Ada=9, Bob=9, Cleo=9, Dora=9, Emil=9, Fay=6)
    return tmp_path / "people"


def test_who_has_too_few_pictures_is_left_out_with_the_reason(people, folders_of):
    found = read_people(folders_of(people), 4)
    assert found.people == ("Ada", "Bob", "Cleo", "Dora", "Emil")
    assert found.left_out == (LeftOut("have fewer than 7 different pictures", ("Fay",)),)
    assert found.everyone == (*found.people, "Fay")
    assert [len(paths) for paths in found.everyone_attack] == [5, 5, 5, 5, 5, 3]
    assert [len(found.attack), len(found.triggers), len(found.faces)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("min_pictures", "num_attack_images", "num_needed"),
    [(7, 1, 7), (7, 4, 7), (8, 4, 8), (1, 1, 2), (1, 5, 9), (None, 5, 9)],
)
def test_the_fewest_pictures_are_those_that_are_asked_for_and_enough_for_the_attack(
    tmp_path, write_folders, folders_of, min_pictures, num_attack_images, num_needed
):
    write_folders(tmp_path, Ada=num_needed, Bob=num_needed - 1)
    found = read_people(folders_of(tmp_path, min_pictures=min_pictures), num_attack_images)
    assert found.people == ("Ada",)
    reason = f"have fewer than {num_needed} different pictures"
    assert found.left_out == (LeftOut(reason, ("Bob",)),)


def test_people_outside_of_the_range_or_the_table_are_left_out(people, table, folders_of):
    found = read_people(folders_of(people, occurrences=table()), 4)
    assert found.people == ("Bob", "Cleo")
    assert found.is_member.tolist() == [True, True]
    assert found.left_out == (
        LeftOut("have fewer than 7 different pictures", ("Fay",)),
        LeftOut("are not in the occurrence table", ("Emil",)),
        LeftOut("never occur", ("Ada",)),
        LeftOut("occur more than 300 times", ("Dora",)),
    )


def test_who_never_occurs_is_no_member(people, table, folders_of):
    found = read_people(folders_of(people, occurrences=table(min=0, max=1)), 1)
    assert found.people == ("Ada", "Bob")
    assert found.is_member.dtype == bool
    assert found.is_member.tolist() == [False, True]
    assert found.left_out == (
        LeftOut("are not in the occurrence table", ("Emil",)),
        LeftOut("occur more than once", ("Cleo", "Dora", "Fay")),
    )


def test_everybody_is_left_out_once_and_filters_change_no_split(people, table, folders_of):
    whole = read_people(folders_of(people), 2)
    found = read_people(folders_of(people, occurrences=table(min=2)), 2)
    out = [name for each in found.left_out for name in each.people]
    assert sorted([*found.people, *out]) == sorted(found.everyone)
    assert found.left_out[1].reason == "occur fewer than 2 times"
    assert (found.everyone, found.everyone_attack) == (whole.everyone, whole.everyone_attack)
    for name, attack in zip(found.people, found.attack, strict=True):
        assert attack == whole.attack[whole.people.index(name)]


def test_when_nobody_is_left_the_reasons_are_counted(people, table, folders_of):
    source = folders_of(people, occurrences=table(min=2, max=2))
    with pytest.raises(UserError) as refused:
        read_people(source, 4)
    assert str(refused.value) == (
        f"people: nobody in {people} is left to attack, since they have fewer than 7 different "
        "pictures (1) or are not in the occurrence table (1) or occur fewer than 2 times (2) or "
        "occur more than 2 times (2); add pictures, or change num_attack_images (4), min_pictures "
        "or occurrences."
    )
