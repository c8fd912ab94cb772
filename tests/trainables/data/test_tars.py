import contextlib
import gzip
import io
import os
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainables.data import decoding
from trainables.data.pictures import FilePictures
from trainables.data.tars import TarPictures, read_tar
from trainables.errors import UserError


def encoded(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def grey(shade, side=8):
    return encoded(Image.new("L", (side, side), shade))


def member(name, kind=tarfile.REGTYPE, **attributes):
    info = tarfile.TarInfo(name)
    info.type = kind
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


def write_tar(path, contents, extra=(), form=tarfile.PAX_FORMAT):
    """Write a tar of contents by name, and of members without content."""
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def read(path):
    return TarPictures((read_tar(path, "train_images"),))


def shades(pictures, rows=None):
    rows = np.arange(len(pictures)) if rows is None else np.array(rows)
    return pictures.read(rows, 8)[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_pictures_are_read_among_other_members_in_the_tars_order(tmp_path, form):
    path = write_tar(
        tmp_path / "00000.tar",
        {
            "000002.txt": b"A boat on a lake",
            "000002.jpg": encoded(Image.new("L", (8, 8), 20), "JPEG"),
            "000001.PNG": grey(10),
            "000001.json": b"{}",
            "./deeper/" + "long" * 20 + "/000003.webp": grey(30),
            "._000004.jpg": b"what a Mac leaves",
            ".hidden/000005.jpg": b"",
        },
        [member("folder.jpg", tarfile.DIRTYPE), member("link.txt", tarfile.SYMTYPE, linkname="a")],
        form,
    )
    assert len(read(path)) == 3
    assert shades(read(path)) == [20, 10, 30]


def test_pixels_are_those_of_the_same_files(tmp_path, rng):
    image = Image.fromarray(rng.integers(0, 256, (40, 30, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = {}
    for suffix, options in [("jpg", {"exif": exif}), ("webp", {}), ("tif", {}), ("gif", {})]:
        image.save(tmp_path / f"a.{suffix}", **options)
        contents[f"a.{suffix}"] = (tmp_path / f"a.{suffix}").read_bytes()
    files = FilePictures(tuple(tmp_path / name for name in contents))
    rows = np.arange(4)
    found = read(write_tar(tmp_path / "a.tar", contents)).read(rows, 24)
    assert (found == files.read(rows, 24)).all()


@pytest.mark.parametrize("num_rows", [0, 5, 100])
def test_rows_come_from_all_tars_in_the_order_asked_for(tmp_path, rng, monkeypatch, num_rows):
    monkeypatch.setattr(decoding.os, "cpu_count", lambda: 4)
    shards = []
    for number, shade in enumerate([(1,), (2, 3, 4), (5, 6)]):
        contents = {f"{one}.png": grey(one) for one in shade}
        shards.append(read_tar(write_tar(tmp_path / f"{number}.tar", contents), "train_images"))
    pictures = TarPictures(tuple(shards))
    rows = rng.integers(0, 6, num_rows)
    assert len(pictures) == 6
    assert shades(pictures, rows) == (rows + 1).tolist()


def test_a_tar_without_its_last_blocks_is_read(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"a.png": grey(9)})
    path.write_bytes(path.read_bytes()[:1024])
    assert shades(read(path)) == [9]


@pytest.mark.parametrize(
    "name",
    ["../a.png", "a/../../b.txt", "/etc/a.png", "..", "a\\..\\b", "\\a.png", "/"],
)
def test_a_tar_that_would_write_outside_of_its_folder_is_refused(tmp_path, name):
    inside = tmp_path / "in"
    inside.mkdir()
    path = write_tar(inside / "a.tar", {"a.png": grey(1), name: grey(2)})
    with pytest.raises(UserError, match="is not trusted, since its member") as refused:
        read(path)
    assert repr(name) in str(refused.value)
    assert os.listdir(tmp_path) == ["in"]  # noqa: PTH208
    assert os.listdir(inside) == ["a.tar"]  # noqa: PTH208


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_named_as_pictures_are_refused(tmp_path, kind):
    link = member("b.png", kind, linkname="/etc/passwd")
    path = write_tar(tmp_path / "a.tar", {"a.png": grey(1)}, [link])
    with pytest.raises(UserError, match=r"'b.png' in the tar .*a.tar is a link, a device"):
        read(path)


def test_a_sparse_member_is_refused(tmp_path):
    content = b"1\n0\n8\n".ljust(512, b"\0") + bytes(8)
    info = tarfile.TarInfo("b.png")
    info.size = len(content)
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                        "GNU.sparse.realsize": "8", "GNU.sparse.name": "b.png"}  # fmt: skip
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(info, io.BytesIO(content))
    with pytest.raises(UserError, match="is a link, a device or sparse"):
        read(path)


WHOLE = io.BytesIO()
with tarfile.open(fileobj=WHOLE, mode="w") as _tar:
    for _name in ("a.png", "n" * 120 + ".png", "ä.png"):
        _info = tarfile.TarInfo(_name)
        _info.size = 600
        _tar.addfile(_info, io.BytesIO(grey(7).ljust(600, b"\0")))
WHOLE = WHOLE.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is no tar, or is broken or cut off \(empty file\)"),
        (b"<html>404 Not Found</html>", "is no tar, or is broken or cut off"),
        (b"rubbish" * 1000, "is no tar, or is broken or cut off"),
        (WHOLE[:700], "cut off .unexpected end of data|ends behind the end"),
        (WHOLE[:1800], "is broken or cut off"),
        (WHOLE[:1536] + b"rubbish" * 500, "no header at byte 1536"),
        (bytes(10240), "holds no picture; a JPEG, PNG"),
        (gzip.compress(WHOLE, mtime=0), r"is compressed \(gzip\).*decompress it to a plain .tar"),
        (b"BZh91AY&SY", r"is compressed \(bzip2\)"),
        (b"\xfd7zXZ\0\0\4", r"is compressed \(xz\)"),
        (b"\x28\xb5\x2f\xfd\0", r"is compressed \(zstd\)"),
    ],
)
def test_what_is_no_whole_tar_is_refused(tmp_path, content, message):
    path = tmp_path / "00000.tar"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        read(path)
    assert str(refused.value).startswith("train_images: ")
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def with_size(header, size):
    """Let a header say another size, as a binary number."""
    number = size.to_bytes(12, "big", signed=True)
    changed = header[:124] + (number if size < 0 else b"\x80" + number[1:]) + header[136:]
    changed = changed[:148] + b" " * 8 + changed[156:]
    return changed[:148] + b"%06o\0 " % sum(changed) + changed[156:]


@pytest.mark.parametrize("size", [-1, -512, -1024, -(2**40), 2**40, 2**62, 2**80])
def test_sizes_that_cannot_be_are_refused(tmp_path, size):
    path = tmp_path / "a.tar"
    path.write_bytes(WHOLE[:1536] + with_size(WHOLE[:512], size) + WHOLE[512:1536])
    with pytest.raises(UserError, match=r"is broken or cut off|holds no picture"):
        read(path)


def test_a_tar_that_is_not_there_or_no_longer(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"a.png": grey(1)})
    pictures = read(path)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read the tar .*a.tar \(No such file"):
        pictures.read(np.array([0]), 8)
    with pytest.raises(UserError, match=r"train_images: cannot read the tar .*a.tar \(No such"):
        read(path)


def test_a_tar_that_was_replaced_is_indexed_anew(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"a.png": grey(1)})
    assert shades(read(path)) == [1]
    write_tar(path, {f"{number}.png": grey(number, 16) for number in range(9)})
    assert shades(read(path)) == list(range(9))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the picture 'a/b.png' in .*a.tar is empty \(0 bytes\)"),
        (b"text", r"'a/b.png' in .*a.tar is not a picture"),
        (grey(3)[:-30], r"'a/b.png' in .*a.tar is broken or cut off"),
        (grey(3, 7), r"'a/b.png' in .*a.tar is too small \(7 x 7"),
        (encoded(Image.new("1", (10_000, 10_000))), "more than the 89,478,485 pixels"),
    ],
)
def test_a_member_that_is_no_picture_is_named(tmp_path, content, message):
    pictures = read(write_tar(tmp_path / "a.tar", {"a/b.png": content}))
    with pytest.raises(UserError, match=message):
        pictures.read(np.array([0]), 8)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 600), st.binary(max_size=30)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_any_bytes_are_a_tar_or_a_sentence(tmp_path_factory, edits):
    content = WHOLE
    for start, length, new in edits:
        content = content[:start] + new + content[start + length :]
    path = tmp_path_factory.getbasetemp() / "any.tar"
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        pictures = read(path)
        assert 0 < len(pictures) <= 4
        pictures.read(np.arange(len(pictures)), 8)
