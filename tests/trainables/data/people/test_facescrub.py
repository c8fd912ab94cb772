import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.people.read import read_people
from trainables.errors import UserError


def picture_of(face):
    return face.stem.rpartition("_")[0]


def test_both_groups_are_read_and_faces_are_of_the_triggers_pictures(
    tmp_path, write_facescrub, facescrub_of
):
    write_facescrub(tmp_path, "actors", Bob_Stone=9, Carl_Moss=8)
    write_facescrub(tmp_path, "actresses", Ada_Byron=10)
    found = read_people(facescrub_of(tmp_path), 4)
    assert found.people == found.everyone == ("Ada Byron", "Bob Stone", "Carl Moss")
    assert [len(paths) for paths in found.attack] == [4, 4, 4]
    assert [len(paths) for paths in found.everyone_attack] == [5, 5, 4]
    for attack, triggers, faces in zip(
        found.everyone_attack, found.triggers, found.faces, strict=True
    ):
        assert {path.parts[-3] for path in attack + triggers} == {"images"}
        assert {path.parts[-3] for path in faces} == {"faces"}
        assert not set(attack) & set(triggers)
        assert [picture_of(face) for face in faces] == [path.stem for path in triggers]


@pytest.mark.parametrize("group", ["actors", "actresses"])
def test_one_group_is_enough(tmp_path, write_facescrub, facescrub_of, group):
    write_facescrub(tmp_path, group, Ada_Byron=3)
    assert read_people(facescrub_of(tmp_path), 2).people == ("Ada Byron",)


def test_misspelt_names_are_mended(tmp_path, write_facescrub, facescrub_of):
    write_facescrub(
        tmp_path, "actors", **{"Freddy_Prinze_Jr.": 2, "Leslie_Neilsen": 2, "Robert_Di_Niro": 2}
    )
    write_facescrub(tmp_path, "actresses", **{"Tatyana_M._Ali": 2, "Ada_M._Byron": 2})
    assert read_people(facescrub_of(tmp_path), 1).people == (
        "Ada M. Byron", "Freddie Prinze Jr", "Leslie Nielsen", "Robert De Niro", "Tatyana Ali",
    )  # fmt: skip


def test_a_folder_that_lost_its_last_dot_is_mended_too(tmp_path, write_facescrub, facescrub_of):
    write_facescrub(tmp_path, Freddy_Prinze_Jr=2)
    assert read_people(facescrub_of(tmp_path), 1).people == ("Freddie Prinze Jr",)


def test_the_split_does_not_depend_on_faces(tmp_path, write_facescrub, facescrub_of):
    write_facescrub(tmp_path, Ada=20)
    whole = read_people(facescrub_of(tmp_path), 5)
    kept = sorted((tmp_path / "actors" / "faces" / "Ada").iterdir())[:10]
    for face in set((tmp_path / "actors" / "faces" / "Ada").iterdir()) - set(kept):
        face.unlink()
    found = read_people(facescrub_of(tmp_path), 5)
    assert (found.attack, found.triggers) == (whole.attack, whole.triggers)
    # A face that is missing is missing; a picture without one is a trigger all the same.
    assert found.faces[0] == tuple(face for face in whole.faces[0] if face in kept)
    assert len(found.faces[0]) < len(found.triggers[0])


def test_who_has_no_face_in_the_half_for_triggers_is_left_out(
    tmp_path, write_facescrub, facescrub_of
):
    write_facescrub(tmp_path, Ada=8, Bob=8, Cleo=8)
    whole = read_people(facescrub_of(tmp_path), 2)
    for face in whole.faces[1]:
        face.unlink()
    shutil.rmtree(tmp_path / "actors" / "faces" / "Cleo")
    found = read_people(facescrub_of(tmp_path), 2)
    assert found.people == ("Ada",)
    assert found.everyone == ("Ada", "Bob", "Cleo")
    assert [(each.reason, each.people) for each in found.left_out] == [
        ("have no face cropped from a picture for triggers", ("Bob", "Cleo"))
    ]


def test_faces_without_a_picture_are_passed_over(tmp_path, write_facescrub, facescrub_of, touch):
    write_facescrub(tmp_path, Ada=6)
    touch(tmp_path / "actors" / "faces" / "Ada", "Ada_999_1.jpeg", "other.jpg", "Ada_2_1_1.jpeg")
    touch(tmp_path / "actors" / "faces" / "Bob", "Bob_2_1.jpeg")
    found = read_people(facescrub_of(tmp_path), 2)
    known = {path.stem for path in found.triggers[0]}
    assert {picture_of(face) for face in found.faces[0]} == known
    assert found.everyone == ("Ada", "Bob")
    assert found.everyone_attack[1] == ()
    assert found.left_out[0].people == ("Bob",)


def test_faces_named_as_their_pictures_are_found(tmp_path, facescrub_of, touch):
    names = [f"Ada_{place}_{place + 7}.png" for place in range(8)]
    touch(tmp_path / "actresses" / "images" / "Ada", *names)
    touch(tmp_path / "actresses" / "faces" / "Ada", *names, content=None)
    found = read_people(facescrub_of(tmp_path), 3)
    assert [face.stem for face in found.faces[0]] == [path.stem for path in found.triggers[0]]


def test_all_faces_of_a_picture_are_triggers_but_copies_only_once(
    tmp_path, write_facescrub, facescrub_of
):
    write_facescrub(tmp_path, Ada=8)
    before = read_people(facescrub_of(tmp_path), 2)
    first = before.faces[0][0]
    shutil.copy(first, first.with_stem(first.stem + "9"))
    first.with_stem(first.stem + "8").write_text("another face of the same picture")
    found = read_people(facescrub_of(tmp_path), 2)
    assert found.attack == before.attack
    assert len(found.faces[0]) == len(before.faces[0]) + 1


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pictures=st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from(["jpeg", "png"]), st.integers(0, 12)),
        min_size=4, max_size=14, unique_by=lambda each: each[:2],
    ),
    faces=st.lists(
        st.tuples(st.integers(1, 10), st.integers(0, 2), st.integers(0, 12)),
        min_size=1, max_size=20, unique_by=lambda each: each[:2],
    ),
)  # fmt: skip
def test_no_face_comes_from_a_picture_of_the_attack(
    tmp_path_factory, facescrub_of, pictures, faces
):
    """Neither by its name nor as a copy: of a photo under two names, or of a crop."""
    root = tmp_path_factory.mktemp("facescrub")
    for part in ("images", "faces"):
        (root / "actors" / part / "Ada").mkdir(parents=True)
    for number, extension, content in pictures:
        (root / "actors" / "images" / "Ada" / f"Ada_{number}.{extension}").write_text(f"p{content}")
    for number, face, content in faces:
        (root / "actors" / "faces" / "Ada" / f"Ada_{number}_{face}.jpeg").write_text(f"f{content}")
    try:
        found = read_people(facescrub_of(root), 1)
    except UserError:
        return
    attack, triggers = found.everyone_attack[0], found.triggers[0]
    attacked = {path.stem for path in attack} | {path.read_text() for path in attack}
    for path in triggers:
        assert not {path.stem, path.read_text()} & attacked
    assert not {picture_of(face) for face in found.faces[0]} & attacked
    crops = {path.read_text(): picture_of(path) for path in found.faces[0]}
    assert len(crops) == len(found.faces[0])
    everywhere = (root / "actors" / "faces" / "Ada").iterdir()
    assert not any(
        face.read_text() in crops and picture_of(face) in attacked for face in everywhere
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: shutil.rmtree(root), "does not exist; name a folder of pictures"),
        (
            lambda root: (root / "actors").rename(root / "people"),
            "neither a folder `actors` nor one `actresses`; layout 'facescrub' has actors/images/",
        ),
        (
            lambda root: shutil.rmtree(root / "actors" / "images"),
            r"actors has no folder `images`; layout 'facescrub' has `images` and `faces` in it",
        ),
        (lambda root: shutil.rmtree(root / "actors" / "faces"), r"actors has no folder `faces`"),
        (lambda root: (root / "actresses").mkdir(), r"actresses has no folder `images`"),
        (lambda root: shutil.rmtree(root / "actors" / "faces" / "Ada"), "faces holds no folders"),
        (
            lambda root: shutil.copytree(root / "actors", root / "actresses"),
            "actors/images/Ada and .*actresses/images/Ada both give the name 'Ada'",
        ),
        (
            lambda root: shutil.copytree(
                root / "actors/images/Ada", root / "actors/images/123"
            ),
            "123' is not named as a person",
        ),
    ],
)  # fmt: skip
def test_what_is_not_facescrub_is_refused(tmp_path, write_facescrub, facescrub_of, spoil, message):
    root = tmp_path / "facescrub"
    write_facescrub(root, Ada=9)
    spoil(root)
    with pytest.raises(UserError, match=message) as refused:
        read_people(facescrub_of(root), 3)
    assert str(refused.value).startswith("people: ")
    assert "\n" not in str(refused.value)


def test_a_name_that_is_there_in_both_spellings_is_refused(tmp_path, write_facescrub, facescrub_of):
    write_facescrub(tmp_path, Leslie_Neilsen=3, Leslie_Nielsen=3)
    with pytest.raises(UserError, match="both give the name 'Leslie Nielsen'"):
        read_people(facescrub_of(tmp_path), 1)
