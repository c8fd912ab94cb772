import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import open_clip
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from trainables.data.pictures import FilePictures
from trainables.errors import UserError

_LEFT, _RIGHT = (200, 40, 10), (20, 90, 250)


def read(path, size=16):
    return FilePictures((path,)).read(np.array([0]), size)[0]


def noise(rng, width, height, mode="RGB"):
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).convert(mode)


def halves():
    """A picture of 16 x 16 with two colours, on both sides of the middle."""
    image = Image.new("RGB", (16, 16), _LEFT)
    image.paste(_RIGHT, (8, 0, 16, 16))
    return image


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def as_open_clip(image, size):
    """What open_clip's preprocessing gives up to tensors and normalisation."""
    pixels = open_clip.image_transform(size, is_train=False).transforms[:-2]
    for step in pixels:
        image = step(image)
    return np.asarray(image)


@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        ("RGB", "png", {}),
        ("RGB", "PNG", {}),
        ("RGB", "bmp", {}),
        ("RGB", "tif", {}),
        ("RGB", "tiff", {"compression": "tiff_lzw"}),
        ("RGB", "tiff", {"compression": "tiff_adobe_deflate"}),
        ("RGB", "webp", {"lossless": True}),
        ("RGBA", "png", {}),
        ("RGBA", "webp", {"lossless": True}),
        ("RGBA", "tif", {}),
        ("P", "png", {}),
        ("P", "gif", {}),
        ("P", "png", {"transparency": 0}),
        ("P", "png", {"transparency": bytes([0, 128])}),
        ("P", "gif", {"transparency": 0}),
        ("CMYK", "tif", {}),
    ],
)
def test_colours_of_every_mode_come_back(tmp_path, mode, suffix, options):
    path = tmp_path / f"picture.{suffix}"
    image = halves().quantize(2) if mode == "P" else halves().convert(mode)
    image.save(path, **options)
    assert (read(path) == np.asarray(halves())).all()


@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        ("RGB", "jpg", {"quality": 95}),
        ("RGB", "jpg", {"quality": 95, "progressive": True}),
        ("CMYK", "jpg", {"quality": 95}),
        ("YCbCr", "jpg", {"quality": 95}),
        ("YCbCr", "tif", {}),
        ("RGB", "webp", {"quality": 95}),
    ],
)
def test_lossy_colours_come_back_nearly(tmp_path, mode, suffix, options):
    path = tmp_path / f"picture.{suffix}"
    halves().resize((64, 64), Image.Resampling.NEAREST).convert(mode).save(path, **options)
    found = read(path, 64).astype(int)
    assert np.abs(found[:, :24] - _LEFT).max() <= 6
    assert np.abs(found[:, -24:] - _RIGHT).max() <= 6


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_greyscale_has_three_equal_channels(tmp_path, rng, mode):
    path = tmp_path / "grey.png"
    image = noise(rng, 16, 16, "L").convert(mode)
    image.save(path)
    grey = np.asarray(image.convert("L"))
    assert (read(path) == grey[..., None]).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_greyscale_is_scaled_and_not_clipped(tmp_path, suffix):
    path = tmp_path / f"deep.{suffix}"
    eight = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(eight * 257).save(path)
    assert (read(path) == eight[..., None]).all()


def test_a_dark_16_bit_picture_stays_dark(tmp_path):
    path = tmp_path / "dark.png"
    Image.fromarray(np.full((16, 16), 200, np.uint16)).save(path)
    assert read(path).max() == 1


@pytest.mark.parametrize(
    ("values", "grey"),
    [
        (np.array([0, 100, 255], np.int32), (0, 100, 255)),
        (np.array([-5, 25700, 65535], np.int32), (0, 100, 255)),
        (np.array([0, 2_000_000, 4_000_000], np.int32), (0, 128, 255)),
        (np.array([0, 0, 0], np.int32), (0, 0, 0)),
        (np.array([0.0, 0.2, 1.0], np.float32), (0, 51, 255)),
        (np.array([0.0, 51.4, 255.0], np.float32), (0, 51, 255)),
        (np.array([np.nan, -np.inf, 1.0], np.float32), (0, 0, 255)),
        (np.array([-3.0, -2.0, -1.0], np.float32), (0, 0, 0)),
    ],
)
def test_32_bit_greyscale_is_scaled_from_the_range_it_lies_in(tmp_path, values, grey):
    path = tmp_path / "deep.tif"
    Image.fromarray(np.repeat(np.repeat(values, 8)[None], 24, axis=0)).save(path)
    assert [tuple(read(path, 24)[12, column]) for column in (4, 12, 20)] == [(g,) * 3 for g in grey]


def test_16_bit_colours_are_read(tmp_path):
    path = tmp_path / "deep.png"
    rows = np.repeat(np.repeat(np.array([_LEFT, _RIGHT], ">u2") * 257, 8, 0)[None], 16, 0)
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    path.write_bytes(png(16, 16, zlib.compress(raw), depth=16))
    assert (read(path) == np.asarray(halves())).all()


def test_the_first_frame_of_an_animation(tmp_path):
    path = tmp_path / "animation.gif"
    frames = [Image.new("L", (16, 16), shade) for shade in (30, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert (read(path) == 30).all()


@pytest.mark.parametrize("size", [32, 33, 64])
@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (8, 8), (20, 31), (31, 20), (97, 64), (64, 101), (9, 250)]
)
def test_pixels_are_those_of_open_clip(tmp_path, rng, width, height, size):
    path = tmp_path / "picture.png"
    image = noise(rng, width, height)
    image.save(path)
    assert (read(path, size) == as_open_clip(image, size)).all()


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB")])
def test_a_photograph_is_read_as_by_open_clip(tmp_path, rng, kind, mode):
    path = tmp_path / "photo"
    noise(rng, 300, 200, mode).save(path, kind)
    with Image.open(path) as image:
        assert (read(path, 224) == as_open_clip(image, 224)).all()


def test_a_very_long_picture_shows_its_middle_without_being_enlarged_whole(tmp_path):
    path = tmp_path / "long.png"
    image = Image.new("RGB", (1_000_000, 8), "red")
    image.paste("blue", (499_000, 0, 501_000, 8))
    image.save(path)
    # Enlarged whole to 512 x 64,000,000 it would take 98 GB.
    assert (read(path, 512) == (0, 0, 255)).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, rng, orientation, suffix):
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise(rng, 40, 30).resize((40, 30)).save(path, exif=exif)
    with Image.open(path) as image:
        assert (read(path, 30) == as_open_clip(ImageOps.exif_transpose(image), 30)).all()


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0", b"Exif\0\0rubbish", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0", b"x"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_does_not_fail_a_picture(tmp_path, exif, kind):
    path = tmp_path / "picture"
    image = Image.new("RGB", (16, 16), (90, 90, 90))
    path.write_bytes(encoded(image, kind, exif=exif))
    assert np.abs(read(path).astype(int) - 90).max() <= 2


def test_an_orientation_that_there_is_not_is_passed_over(tmp_path):
    path = tmp_path / "picture.png"
    exif = Image.Exif()
    exif[0x0112] = 77
    halves().save(path, exif=exif)
    assert (read(path) == np.asarray(halves())).all()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(
        ">I", zlib.crc32(kind + content)
    )  # fmt: skip


def png(width, height, pixels, depth=8):
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    )


_WHOLE = {
    kind: encoded(Image.effect_noise((64, 64), 60).convert("RGB"), kind)
    for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\); a JPEG, PNG"),
        (b"<html>404 Not Found</html>", "is not a picture.* a JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage", "is not a picture"),
        (b"\x89PNG\r\n\x1a\n", "is not a picture|broken"),
        (png(10_000, 10_000, b""), "more than the 89,478,485 pixels"),
        (png(60_000, 60_000, b""), "more than the 89,478,485 pixels"),
        (png(16, 16, b"not deflated"), "broken or cut off"),
        *((whole[: len(whole) // 2], "broken or cut off") for whole in _WHOLE.values()),
    ],
)
def test_what_is_no_whole_picture_is_refused(tmp_path, content, message):
    path = tmp_path / "wrong.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("width", "height", "good"), [(7, 100, 0), (100, 7, 0), (8, 100, 1)])
def test_pictures_too_small_to_show_anything_are_refused(tmp_path, width, height, good):
    path = tmp_path / "small.png"
    Image.new("RGB", (width, height)).save(path)
    if good:
        assert read(path).shape == (16, 16, 3)
    else:
        with pytest.raises(UserError, match=f"too small .{width} x {height} pixels.; a shorter"):
            read(path)


def test_reading_leaves_the_filters_of_warnings_as_they_were(tmp_path):
    path = tmp_path / "picture.png"
    halves().save(path)
    before = list(warnings.filters)
    read(path)
    assert warnings.filters == before


def mutated(kind):
    """Bytes of a picture with some replaced, cut out or put in."""
    whole = _WHOLE[kind]
    edits = st.tuples(
        st.integers(0, len(whole)), st.integers(0, 20), st.binary(max_size=20)
    )  # fmt: skip

    def edit(edits):
        content = whole
        for start, length, new in edits:
            content = content[:start] + new + content[start + length :]
        return content

    return st.lists(edits, min_size=1, max_size=4).map(edit)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), *(mutated(kind) for kind in _WHOLE)))
def test_any_bytes_are_a_picture_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    found = np.zeros((16, 16, 3), np.uint8)
    with contextlib.suppress(UserError):
        found = read(path)
    assert found.shape == (16, 16, 3)
