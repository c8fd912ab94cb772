"""Pictures in WebDataset tars, read where they lie: nothing is unpacked."""

import glob
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from trainables.data.decoding import decode_all, reason
from trainables.data.folders import EXPECTED, EXTENSIONS
from trainables.data.source import Images
from trainables.errors import UserError

_TAR = re.compile(r"\.(tar(\.\w+)?|tgz)$", re.IGNORECASE)
_RANGE = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})\}", re.ASCII)
_MAX_SHARDS = 100_000
_COMPRESSED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Shard:
    """Where the pictures of a tar lie in it.

    Attributes:
        path: of the tar.
        names: of the pictures, as the tar has them and in its order.
        offsets: (num_pictures,) of the first byte of each.
        sizes: (num_pictures,) in bytes.
    """

    path: Path
    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def open(self, place: int) -> tuple[IO[bytes], str]:
        """Read the bytes of a picture; also gives what messages call it.

        Raises:
            UserError: the tar cannot be read any more.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(int(self.offsets[place]))
                content = file.read(int(self.sizes[place]))
        except OSError as error:
            raise UserError(
                f"cannot read the tar {self.path} ({error.strerror}); put it back."
            ) from error
        return io.BytesIO(content), f"{self.names[place]!r} in {self.path}"


@dataclass(frozen=True, eq=False)
class TarPictures:
    """Pictures in tars, decoded each time by `decode_all`, in the order of the tars.

    Attributes:
        shards: the tars.
    """

    shards: tuple[Shard, ...]

    def __len__(self) -> int:
        return sum(len(shard.names) for shard in self.shards)

    def read(self, rows: NDArray[np.int64], size: int) -> Images:
        """Decode pictures, many of them by several threads.

        Raises:
            UserError: a tar cannot be read any more, or a picture in it is none, is broken, takes
                more pixels than Pillow holds to be safe, or has a side below 8 pixels.
        """
        starts = np.cumsum([0, *(len(shard.names) for shard in self.shards)])
        numbers = np.searchsorted(starts, rows, side="right") - 1

        def opened(place: int) -> tuple[IO[bytes], str]:
            number = int(numbers[place])
            return self.shards[number].open(int(rows[place] - starts[number]))

        return decode_all(len(rows), size, opened)


def names_tars(path: str) -> bool:
    """Tell a tar or a pattern of tars from a folder, by the look of it."""
    return "*" in path or any(looks.search(path) for looks in (_RANGE, _TAR))


def find_tars(pattern: str, what: str) -> tuple[Path, ...]:
    """Find the tars that a pattern names.

    Args:
        pattern: a path with `*` for any letters and `{00000..00041}` for numbers, of as many
            digits as are written.
        what: the setting that has the pattern, for messages.

    Returns:
        Their paths: those of a range in its order, those of a `*` sorted.

    Raises:
        UserError: a tar that the pattern names is missing, or it names none.
    """
    names = _expanded(pattern, what)
    found = {name: _matches(name) for name in names}
    missing = [name for name in names if not found[name]]
    if missing:
        if names == [pattern]:
            raise UserError(
                f"{what}: there is no tar {pattern}; name one, or several by a pattern."
            )
        listed = ", ".join(missing[:3]) + (", ..." if missing[3:] else "")
        raise UserError(
            f"{what}: {len(missing)} of the {len(names)} tars of {pattern} are missing ({listed}); "
            "put them there or name a shorter range."
        )
    return tuple(Path(path) for name in names for path in found[name])


def _expanded(pattern: str, what: str) -> list[str]:
    """Write the ranges of a pattern out."""
    texts = _RANGE.split(pattern)[::3]
    ranges = []
    num_names = 1
    for first, last in _RANGE.findall(pattern):
        num = int(last) - int(first) + 1
        num_names *= max(num, 0)
        if not 0 < num_names <= _MAX_SHARDS:
            wrong = "goes down" if num < 1 else f"makes more than {_MAX_SHARDS:,} tars"
            raise UserError(
                f"{what}: {{{first}..{last}}} in {pattern} {wrong}; "
                "name the tars from the first to the last, such as {00000..00041}."
            )
        padded = any(end.startswith("0") and end != "0" for end in (first, last))
        width = max(len(first), len(last)) if padded else 1
        ranges.append([f"{number:0{width}}" for number in range(int(first), int(last) + 1)])
    return [
        texts[0] + "".join(number + text for number, text in zip(numbers, texts[1:], strict=True))
        for numbers in product(*ranges)
    ]


def _matches(name: str) -> list[str]:
    """Give the files of a name in which `*` is for any letters."""
    # Only the star has a meaning: other letters may well be part of a folder's name.
    pattern = re.sub(r"[?\[]", r"[\g<0>]", name)
    try:
        candidates = sorted(glob.glob(pattern)) if "*" in name else [name]  # noqa: PTH207
        return [path for path in candidates if Path(path).is_file()]
    except (OSError, ValueError):  # No such name can be.
        return []


def read_tar(path: Path, what: str) -> Shard:
    """Find out where the pictures of a tar lie; done once for as long as its size and time stay.

    Hidden files and what has another extension than a picture are passed over.

    Args:
        path: of the tar, which is not compressed.
        what: the setting that names it, for messages.

    Raises:
        UserError: it cannot be read, is compressed, broken or cut off, holds no picture, a link or
            a device in the place of one, or a member that would be unpacked outside of its folder.
    """
    try:
        stat = path.stat()
        return _indexed(path, what, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise UserError(
            f"{what}: cannot read the tar {path} ({error.strerror}); name one that can be read."
        ) from error


@lru_cache(maxsize=4096)
def _indexed(path: Path, what: str, size: int, _mtime_ns: int) -> Shard:
    names, places = [], []
    with path.open("rb") as file:
        _check_uncompressed(path, what, file)
        for member in _members(path, what, file, size):
            if _is_picture(path, what, member):
                names.append(member.name)
                places.append((member.offset_data, member.size))
    if not names:
        raise UserError(f"{what}: the tar {path} holds no picture; {EXPECTED} in it.")
    offsets, sizes = np.array(places, dtype=np.int64).T
    return Shard(path, tuple(names), offsets, sizes)


def _check_uncompressed(path: Path, what: str, file: IO[bytes]) -> None:
    start = file.read(8)
    file.seek(0)
    for magic, kind in _COMPRESSED.items():
        if start.startswith(magic):
            raise UserError(
                f"{what}: the tar {path} is compressed ({kind}), so that no picture in it can be "
                "read by itself; decompress it to a plain .tar."
            )


def _members(path: Path, what: str, file: IO[bytes], size: int) -> Iterator[tarfile.TarInfo]:
    """Give the members of a tar of `size` bytes, whose content is skipped."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            end = 0
            while (member := tar.next()) is not None:
                if member.size < 0 or member.offset < end:
                    raise tarfile.ReadError(f"{member.name[:60]!r} lies before its header")
                end = member.offset_data + (member.size if member.isreg() else 0)
                if end > size:
                    raise tarfile.ReadError(f"{member.name[:60]!r} ends behind the end")
                # Kept, a million of them would take a gigabyte.
                tar.members.clear()  # type: ignore[attr-defined]
                yield member
            # What is no header ends the list for tarfile, without a word.
            file.seek(tar.offset)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
                raise tarfile.ReadError(f"no header at byte {tar.offset}")
    # What tarfile raises for broken headers is of many classes.
    except Exception as error:
        raise UserError(
            f"{what}: {path} is no tar, or is broken or cut off ({reason(error)}); "
            "replace it by a whole one."
        ) from error


def _is_picture(path: Path, what: str, member: tarfile.TarInfo) -> bool:
    folder, *_ = parts = re.split(r"[/\\]", member.name)
    if ".." in parts or (folder == "" and len(parts) > 1):
        raise UserError(
            f"{what}: the tar {path} is not trusted, since its member {member.name[:200]!r} would "
            "be unpacked outside of its folder; make it again with plain relative names."
        )
    hidden = any(part.startswith(".") and part != "." for part in parts)
    if hidden or Path(parts[-1]).suffix.lower() not in EXTENSIONS or member.isdir():
        return False
    if not member.isreg() or member.issparse():
        raise UserError(
            f"{what}: {member.name[:200]!r} in the tar {path} is a link, a device or sparse; "
            "make it again with the pictures themselves (tar --dereference)."
        )
    return True
