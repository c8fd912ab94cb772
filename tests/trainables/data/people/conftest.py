"""People in the forms in which data sets publish them; text files that pass for pictures."""

import pytest

from trainables.profile.schema import PeopleSource


def touch(folder, *names, content=None):
    """Write files that pass for pictures, by default each of its own content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name if content is None else content)


@pytest.fixture(name="touch")
def touch_fixture():
    return touch


@pytest.fixture
def write_folders():
    def write(root, **num_pictures):
        root.mkdir(parents=True, exist_ok=True)
        for person, number in num_pictures.items():
            touch(root / person, *(f"{place:03}.jpg" for place in range(number)))

    return write


@pytest.fixture
def write_facescrub():
    """Writes a group as the downloader does: `Ada_12.jpeg`, and `Ada_12_34.jpeg` of each face."""

    def write(root, group="actors", **num_pictures):
        for person, number in num_pictures.items():
            ids = range(2, 2 + 2 * number, 2)
            touch(root / group / "images" / person, *(f"{person}_{each}.jpeg" for each in ids))
            touch(
                root / group / "faces" / person,
                *(f"{person}_{each}_{each + 30}.jpeg" for each in ids),
            )

    return write


@pytest.fixture
def folders_of():
    def source(path, **options):
        return PeopleSource(layout="folders", path=str(path), **options)

    return source


@pytest.fixture
def facescrub_of():
    def source(path, **options):
        return PeopleSource(layout="facescrub", path=str(path), **options)

    return source


@pytest.fixture
def list_of(tmp_path):
    """Writes a list with the pictures that are asked for, and gives its source."""

    def source(text, pictures=(), names=None, **options):
        touch(tmp_path / "pictures", *pictures)
        (tmp_path / "list.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        if names is not None:
            (tmp_path / "names.csv").write_text(names)
            options["names_file"] = str(tmp_path / "names.csv")
        return PeopleSource(
            layout="list", path=str(tmp_path / "pictures"), list_file=str(tmp_path / "list.txt"),
            **options,
        )  # fmt: skip

    return source
