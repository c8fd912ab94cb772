import io
from functools import cache

import numpy as np
import pytest
from PIL import Image


@cache
def picture(shade):
    """The smallest picture of a shade that is read."""
    file = io.BytesIO()
    Image.new("L", (8, 8), shade).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def write_pictures():
    return write


def write(root, shades):
    """Write pictures of shades by their path below a folder."""
    for name, shade in shades.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(shade))
    return root


@pytest.fixture(scope="session")
def imagenet_v2(tmp_path_factory):
    folders = {f"{number}/0a1b2c.jpeg": number % 256 for number in range(1000)}
    return write(tmp_path_factory.mktemp("imagenet-v2"), folders)


@pytest.fixture(scope="session")
def imagenet(tmp_path_factory):
    root = tmp_path_factory.mktemp("imagenet")
    names = [f"n{7 * number:08}/ILSVRC2012_val_{number:08}.JPEG" for number in range(1000)]
    return write(root / "val", {name: number % 256 for number, name in enumerate(names)}).parent


@pytest.fixture
def shades():
    """What is on the pictures of a set, which is one shade each."""

    def read(found):
        pixels = found.pictures.read(np.arange(len(found.pictures)), 8)
        return pixels[:, 0, 0, 0].tolist()

    return read
