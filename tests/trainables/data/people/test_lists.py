import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.people.read import people_digest, read_people
from trainables.errors import UserError
from trainables.profile.schema import PeopleSource

PICTURES = ("1.jpg", "2.jpg", "3.jpg", "4.JPEG", "sub/5.png", "with space.jpg")


def shown(found):
    return {
        name: sorted(path.name for path in attack + triggers)
        for name, attack, triggers in zip(
            found.people, found.everyone_attack, found.triggers, strict=True
        )
    }


@pytest.mark.parametrize(
    "text",
    [
        "1.jpg Ada_Byron\n2.jpg Bob\n3.jpg Ada_Byron\n4.JPEG Bob\n",
        "1.jpg,Ada Byron\r\n2.jpg,Bob\r\n3.jpg,Ada Byron\r\n4.JPEG,Bob",
        "\ufeffimage_id,identity\n1.jpg, Ada Byron\n2.jpg ,Bob\n\n3.jpg\tAda_Byron\n4.JPEG  Bob \n",
        "4\nimage_id identity\n1.jpg Ada Byron\n2.jpg Bob\n3.jpg Ada_Byron\n4.JPEG Bob\n",
        '"1.jpg","Ada Byron"\n"2.jpg","Bob"\n3.jpg,"Ada Byron"\n4.JPEG,Bob\n4.JPEG,Bob\n',
    ],
)
def test_pictures_and_whom_they_show(list_of, text):
    found = read_people(list_of(text, PICTURES), 1)
    assert shown(found) == {"Ada Byron": ["1.jpg", "3.jpg"], "Bob": ["2.jpg", "4.JPEG"]}
    assert found.faces == found.triggers


def test_paths_below_the_folder_and_with_spaces(list_of):
    found = read_people(list_of("./sub/5.png,Ada\nwith space.jpg,Ada\n", PICTURES), 1)
    assert shown(found) == {"Ada": ["5.png", "with space.jpg"]}


def test_numbers_are_people_of_the_file_of_names(list_of):
    text = "1.jpg 2880\n2.jpg 7\n3.jpg 2880\n4.JPEG 7\n"
    for names in ("2880,Ada_Byron\n7,Bob\n9,Cleo\n", '\ufeffid,Name\r\n7, "Bob"\r\n2880,Ada Byron'):
        found = read_people(list_of(text, PICTURES, names), 1)
        assert shown(found) == {"Ada Byron": ["1.jpg", "3.jpg"], "Bob": ["2.jpg", "4.JPEG"]}


def test_marks_of_people_need_not_be_numbers(list_of):
    found = read_people(list_of("1.jpg n01\n2.jpg n01", PICTURES, "n01,Ada Byron,12,f\n"), 1)
    assert found.people == ("Ada Byron",)


def test_the_order_of_the_list_does_not_matter(list_of):
    lines = [f"{place}.jpg Ada" for place in range(9)]
    pictures = [f"{place}.jpg" for place in range(9)]
    first = read_people(list_of("\n".join(lines), pictures), 3)
    second = read_people(list_of("\n".join(reversed(lines)), pictures), 3)
    assert (first.attack, first.triggers) == (second.attack, second.triggers)
    assert not set(first.everyone_attack[0]) & set(first.triggers[0])


def test_copies_count_as_one_picture(list_of, touch, tmp_path):
    touch(tmp_path / "pictures", "a.jpg", "b.jpg", content="same")
    found = read_people(list_of("a.jpg Ada\nb.jpg Ada\n1.jpg Ada", PICTURES), 1)
    assert shown(found) == {"Ada": ["1.jpg", "a.jpg"]}


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        ("", None, r"list.txt lists no picture; a picture and a person are expected \(000001"),
        ("12\nimage_id identity\n", None, "list.txt lists no picture"),
        ("a\nb\nc\n1.jpg Ada\n", None, "list.txt, line 3: 'c'; a picture and a person are"),
        ("1.jpg Ada\nimage_id person\n", None, "line 2: 'image_id person'; a picture"),
        ("1.jpg\n", None, "line 1: '1.jpg'; a picture and a person"),
        ("1.jpg,Ada,train\n", None, "line 1: '1.jpg,Ada,train'; a picture and a person"),
        ("1.jpg Ada\n2.heic Ada\n", None, "line 2: '2.heic Ada'; a picture"),
        (b"1.jpg Ada\n\xff\xfe", None, "list.txt is not text in UTF-8"),
        ("1.jpg A\0da\n", None, "list.txt is not text: it holds a zero byte"),
        (
            "/etc/1.jpg Ada\n",
            None,
            "line 1: the picture '/etc/1.jpg' lies outside .*pictures; name",
        ),
        ("1.jpg Ada\n../1.jpg Ada\n", None, "line 2: the picture '../1.jpg' lies outside"),
        ("sub/../../1.jpg Ada\n", None, "lies outside"),
        (
            "1.jpg Ada\n7.jpg Ada\n8.jpg Ada\n",
            None,
            "2 pictures of .*list.txt cannot be found, the first at '.*/pictures/7.jpg'; set",
        ),
        ("sub.jpg Ada\n", None, "1 picture of .* cannot be found, the first at"),
        (f"{'a' * 300}.jpg Ada\n", None, "cannot"),
        ("1.jpg Ada\n1.jpg Bob\n", None, "line 2: the picture '1.jpg' shows 'Ada' above and 'Bob'"),
        ("1.jpg -1 1 -1\n", None, "list.txt has '-1 1 -1'; a picture and a person"),
        ("1.jpg A\x1bB\n", None, r"list.txt has 'A\\x1bB'"),
        ("1.jpg 2880\n", None, "has numbers for people, such as 2880; give `names_file`, a CSV"),
        (
            "1.jpg 2880\n2.jpg 7\n",
            "7,Ada\n",
            "names.csv has no name for 1 of the 2 people of .*list.txt, the first is '2880'; add",
        ),
        ("1.jpg 1\n", "", "names.csv has no name for 1 of the 1 people"),
        (
            "1.jpg 1\n",
            "1,Ada\n1,Bob\n",
            "names.csv, line 2: '1' is called 'Ada' above and 'Bob' here",
        ),
        ("1.jpg 1\n2.jpg 2\n", "1,Ada\n2,Ada\n", "gives both '1' and '2' the name 'Ada'; give one"),
        ("1.jpg 1\n", "1;Ada\n", "names.csv, line 1: '1;Ada'; a line `id,name` is expected"),
        ("1.jpg 1\n", "1,12\n", "names.csv, line 1: '1,12'; a line `id,name`"),
        ("1.jpg 1\n", "1,Ada\0\n", "names.csv is not text: it holds a zero byte"),
        ("1.jpg 1\n", '1,"Ada\n', r"names.csv, line \d: no valid CSV \(unexpected end of data\)"),
    ],
)
def test_a_list_with_a_mistake_is_refused(list_of, text, names, message):
    with pytest.raises(UserError, match=message) as refused:
        read_people(list_of(text, PICTURES, names), 1)
    assert "\n" not in str(refused.value)


def test_files_that_are_not_there_are_named(list_of, tmp_path):
    source = list_of("1.jpg 1\n", PICTURES, "1,Ada\n")
    for field, name in (("list_file", "list.txt"), ("names_file", "names.csv")):
        other = source.model_copy(update={field: str(tmp_path / "none")})
        for function in (people_digest, lambda source: read_people(source, 1)):
            with pytest.raises(UserError, match=r"cannot read .*none"):
                function(other)
        assert (tmp_path / name).exists()
    with pytest.raises(UserError, match="none does not exist; name a folder"):
        read_people(source.model_copy(update={"path": str(tmp_path / "none")}), 1)


_LINES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.tuples(
            st.sampled_from([*PICTURES, "7.jpg", "../1.jpg", "1.gif", "", "a\ud7ff.png"]),
            st.sampled_from([" ", ",", "\t", ", ", ";"]),
            st.one_of(
                st.sampled_from(["Ada", "Bob_X", "12", "7", "", "1\r2"]), st.text(max_size=8)
            ),
        ).map("".join),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=150)
@given(
    text=st.one_of(_LINES.map(lambda lines: "\n".join(lines).encode()), st.binary(max_size=60)),
    names=st.one_of(st.none(), _LINES.map("\n".join), st.just("12,Ada\n7,Bob")),
)
def test_no_list_is_met_with_anything_but_a_sentence(text, names):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pictures" / "sub").mkdir(parents=True)
        for picture in PICTURES:
            (root / "pictures" / picture).write_text(picture)
        (root / "list.txt").write_bytes(text)
        (root / "names.csv").write_bytes((names or "").encode("utf-8", "surrogatepass"))
        source = PeopleSource(
            layout="list", path=str(root / "pictures"), list_file=str(root / "list.txt"),
            names_file="" if names is None else str(root / "names.csv"),
        )  # fmt: skip
        found, message = None, ""
        try:
            found = read_people(source, 1)
        except UserError as error:
            message = str(error)
        assert "\n" not in message
        if found:
            for paths in found.attack + found.triggers:
                assert all(path.is_relative_to(root / "pictures") for path in paths)
            assert len(people_digest(source)) == 16
