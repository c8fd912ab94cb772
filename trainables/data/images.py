"""Generic images as a profile names them: in a folder, or in WebDataset tars."""

import hashlib
from pathlib import Path

from trainables.data.folders import find_pictures, folder_digest
from trainables.data.pictures import FilePictures, Pictures
from trainables.data.tars import Shard, TarPictures, find_tars, names_tars, read_tar
from trainables.profile.schema import ImageSource


def read_images(source: ImageSource, what: str) -> Pictures:
    """Find generic images; they are decoded when asked for.

    Args:
        source: a folder, whose folders are looked into (MS-COCO's, too), or WebDataset tars.
        what: the part of the profile that names it, for messages.

    Raises:
        UserError: the folder or a tar is missing, cannot be read, or holds no picture; or a tar is
            compressed, broken or not to be trusted.
    """
    if names_tars(source.path):
        return TarPictures(_shards(source, what))
    return FilePictures(find_pictures(Path(source.path), what))


def images_digest(source: ImageSource, what: str) -> str:
    """Tell generic images from others, by their names and sizes in bytes.

    Of tars it covers their own names and what is in them. They may be moved.

    Args:
        source: as `read_images` takes it.
        what: the part of the profile that names it, for messages.

    Returns:
        16 hex digits.

    Raises:
        UserError: as `read_images`.
    """
    if not names_tars(source.path):
        return folder_digest(Path(source.path), what)
    digest = hashlib.sha256()
    for shard in _shards(source, what):
        digest.update(f"{shard.path.name}\n".encode("utf-8", "surrogatepass"))
        for name, size in zip(shard.names, shard.sizes, strict=True):
            digest.update(f"{name}\0{size}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _shards(source: ImageSource, what: str) -> tuple[Shard, ...]:
    return tuple(read_tar(path, what) for path in find_tars(source.path, what))
