import os
import shutil

import pytest

from trainables.data.people import digest as module
from trainables.data.people.read import people_digest
from trainables.errors import UserError
from trainables.profile.schema import Occurrences, PeopleSource


@pytest.fixture
def sources(write_folders, write_facescrub, touch):
    """Gives a source of each layout whose files lie in a folder."""

    def write(root):
        write_folders(root / "folders", Ada=2, Bob=2)
        write_facescrub(root / "facescrub", "actors", Bob=2)
        write_facescrub(root / "facescrub", "actresses", Ada=2)
        touch(root / "list" / "pictures", "1.jpg", "2.jpg", "unlisted.jpg")
        (root / "list" / "list.txt").write_text("1.jpg 1\n2.jpg 1\n")
        (root / "list" / "names.csv").write_text("1,Ada\n")

    return write


def source_in(root, layout, **options):
    if layout == "list":
        return PeopleSource(
            layout="list", path=str(root / "list" / "pictures"),
            list_file=str(root / "list" / "list.txt"), names_file=str(root / "list" / "names.csv"),
            **options,
        )  # fmt: skip
    return PeopleSource(layout=layout, path=str(root / layout), **options)


LAYOUTS = ("folders", "facescrub", "list")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_depends_on_what_is_there_and_not_on_where(tmp_path, sources, layout):
    sources(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    (tmp_path / "second" / "list" / "pictures" / "unlisted.jpg").unlink()
    (tmp_path / "second" / "facescrub" / "download.png").write_text("")
    digest = people_digest(source_in(tmp_path / "first", layout))
    assert len(digest) == 16
    assert set(digest) <= set("0123456789abcdef")
    assert people_digest(source_in(tmp_path / "second", layout)) == digest


@pytest.mark.parametrize(
    ("layout", "change"),
    [
        ("folders", lambda root: (root / "Ada" / "000.jpg").write_text("longer than before")),
        ("folders", lambda root: (root / "Ada").rename(root / "Adah")),
        ("facescrub", lambda root: (root / "actors/faces/Bob/Bob_2_32.jpeg").unlink()),
        ("facescrub", lambda root: (root / "actors/images/Bob/Bob_2.jpeg").write_text("other")),
        ("facescrub", lambda root: shutil.rmtree(root / "actresses")),
        ("list", lambda root: (root / "pictures" / "1.jpg").write_text("longer than before")),
        ("list", lambda root: (root / "list.txt").write_text("1.jpg 1\n2.jpg 2\n")),
        ("list", lambda root: (root / "names.csv").write_text("1,Eva\n")),
    ],
)
def test_it_tells_other_people_apart(tmp_path, sources, layout, change):
    sources(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    change(tmp_path / "second" / layout)
    first, second = (source_in(tmp_path / place, layout) for place in ("first", "second"))
    assert people_digest(first) != people_digest(second)


def test_it_tells_layouts_and_options_apart(tmp_path, sources):
    sources(tmp_path)
    tables = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for table, content in zip(tables, ("name,count\nA,1", "name,count\nA,1", "name,count\nA,2"),
                              strict=True):  # fmt: skip
        table.write_text(content)
    options = [
        {},
        {"min_pictures": 2},
        {"min_pictures": 3},
        {"occurrences": Occurrences(path=str(tables[0]))},
        {"occurrences": Occurrences(path=str(tables[0]), max=299)},
        {"occurrences": Occurrences(path=str(tables[0]), min=0)},
        {"occurrences": Occurrences(path=str(tables[2]))},
    ]
    digests = {
        people_digest(source_in(tmp_path, layout, **each)) for layout in LAYOUTS for each in options
    }
    assert len(digests) == len(LAYOUTS) * len(options)
    same = source_in(tmp_path, "folders", occurrences=Occurrences(path=str(tables[1])))
    assert people_digest(same) in digests


def test_it_is_computed_once_for_as_long_as_lists_stay(tmp_path, sources, monkeypatch):
    sources(tmp_path)
    source = source_in(tmp_path, "list")
    read = module.listed_pictures
    num_reads = []
    monkeypatch.setattr(
        module, "listed_pictures", lambda source: num_reads.append(1) or read(source)
    )
    first = people_digest(source)
    assert people_digest(source.model_copy()) == first
    assert len(num_reads) == 1
    (tmp_path / "list" / "names.csv").write_text("1,Eva\n")
    os.utime(tmp_path / "list" / "names.csv", ns=(1, 1))
    assert people_digest(source) != first
    assert len(num_reads) == 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_cannot_be_read_is_named(tmp_path, sources, layout):
    sources(tmp_path)
    source = source_in(tmp_path, layout)
    shutil.rmtree(source.path)
    with pytest.raises(UserError, match=f"people: {source.path} does not exist"):
        people_digest(source)
    gone = source.model_copy(update={"occurrences": Occurrences(path=str(tmp_path / "none.csv"))})
    with pytest.raises(UserError, match=r"cannot read .*none.csv \(No such file or directory\)"):
        people_digest(gone)
