"""The header of a file of arrays: that of safetensors, with a checksum of itself.

What the arrays are, and where they lie, is then as it was written or is not read at all.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Shape = tuple[int, ...]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype(np.float64), "I64": np.dtype(np.int64), "U64": np.dtype(np.uint64),
    "F32": np.dtype(np.float32), "I32": np.dtype(np.int32), "U32": np.dtype(np.uint32),
    "F16": np.dtype(np.float16), "I16": np.dtype(np.int16), "U16": np.dtype(np.uint16),
    "I8": np.dtype(np.int8), "U8": np.dtype(np.uint8), "BOOL": np.dtype(np.bool_),
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LENGTH_BYTES, _ALIGNMENT = 8, 64
_METADATA, _DIGEST = "__metadata__", "digest"
# What JSON that is none of ours makes of the code below.
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Layout:
    """Where an array lies in a file.

    Attributes:
        dtype: of its numbers.
        shape: of it.
        begin: offset of its first byte in the file.
        end: offset of the byte after its last.
    """

    dtype: np.dtype[Any]
    shape: Shape
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a file of arrays says of itself.

    Attributes:
        layouts: of the arrays, by name, in the order in which they lie in the file.
        metadata: texts by name.
        data_begin: offset of the first byte after the header.
        data_end: offset of the byte after the last array: the size of the whole file.
    """

    layouts: dict[str, Layout]
    metadata: dict[str, str]
    data_begin: int
    data_end: int


def encode(
    arrays: Mapping[str, tuple[np.dtype[Any], Shape]], metadata: Mapping[str, str]
) -> tuple[bytes, Header]:
    """Write a header for arrays that are yet to come.

    Args:
        arrays: dtype and shape of each, by name.
        metadata: texts to keep.

    Returns:
        The bytes with which the file begins, and the header.
    """
    content: dict[str, Any] = {_METADATA: dict(metadata)}
    end = 0
    # Wide numbers first, so that all are aligned without gaps, which the format does not allow.
    for name in sorted(arrays, key=lambda name: (-arrays[name][0].itemsize, name)):
        dtype, shape = arrays[name]
        begin, end = end, end + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        content[name] = {
            "dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end],
        }  # fmt: skip
    content[_METADATA][_DIGEST] = _digest(content)
    text = json.dumps(content).encode()
    text += b" " * (-(_LENGTH_BYTES + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text, _decode(text)


def read_header(path: Path) -> Header | None:
    """Read the header of a file, which may be cut off after it.

    Returns:
        None if the file is damaged, or none of ours.

    Raises:
        OSError: there is no file, or it cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > os.fstat(file.fileno()).st_size - _LENGTH_BYTES:
            return None
        text = file.read(length)
    try:
        return _decode(text)
    except _DAMAGE:
        return None


def _decode(text: bytes) -> Header:
    content = json.loads(text)
    metadata = content[_METADATA]
    if metadata.pop(_DIGEST) != _digest(content):
        raise ValueError("the header is not as it was written")
    del content[_METADATA]
    start = _LENGTH_BYTES + len(text)
    layouts = {name: _layout(part, start) for name, part in content.items()}
    end = max((layout.end for layout in layouts.values()), default=start)
    return Header(layouts, metadata, start, end)


def _layout(part: Mapping[str, Any], start: int) -> Layout:
    begin, end = part["data_offsets"]
    return Layout(_DTYPES[part["dtype"]], tuple(part["shape"]), start + begin, start + end)


def _digest(content: Mapping[str, Any]) -> str:
    """Digest a header without its digest; the order of the arrays is part of it."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
