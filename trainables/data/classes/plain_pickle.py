"""Pickles of plain values and arrays of bytes, read without anything of Python's being called."""

import io
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is not needed to make plain values and to fill the two stand-ins is no part of the language.
_OPCODES = frozenset(
    b"".join(
        (
            pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.MEMOIZE,
            pickle.BINPUT, pickle.LONG_BINPUT, pickle.BINGET, pickle.LONG_BINGET,
            pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE,
            pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1,
            pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.BINUNICODE,
            pickle.SHORT_BINUNICODE, pickle.BINBYTES, pickle.SHORT_BINBYTES,
            pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
            pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS,
            pickle.SETITEM, pickle.SETITEMS,
            pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD,
        )
    )
)  # fmt: skip


class CodeError(Exception):
    """A pickle asks for something that could run code; says for what."""


class _Type:
    """Stands for numpy's dtype."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """Pass over the byte order and the fields, which bytes do not have."""


class _Array:
    """Stands for numpy's ndarray, and for what makes an empty one to be filled."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def bytes(self) -> NDArray[np.uint8]:
        """Give the array.

        Raises:
            ValueError: it is none of bytes, or not whole.
        """
        match self.state:
            case (int(), tuple(shape), _Type(code="u1" | b"u1"), bool(by_column) | int(by_column),
                  str(raw) | bytes(raw)):  # fmt: skip
                raw = raw.encode("latin1") if isinstance(raw, str) else raw
                return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if by_column else "C")
        raise ValueError("an array in it is none of bytes")


class _Named(dict[str, Any]):
    """A dict whose keys are texts: hashing what is nested deeply enough would end Python."""

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(text(key), value)


def _push_named(unpickler: Any) -> None:
    unpickler.append(_Named())


_STAND_INS: Mapping[tuple[str, str], type] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


# In Python and not in C, whose memo takes gigabytes if a pickle of a few bytes says so.
class _PlainUnpickler(pickle._Unpickler):
    dispatch = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code in _OPCODES
    } | {pickle.EMPTY_DICT[0]: _push_named}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise CodeError(f"{module}.{name}"[:120])
        return _STAND_INS[module, name]


def read_plain_pickle(content: bytes) -> dict[str, Any]:
    """Read a pickled dict, one of Python 2 as well.

    Args:
        content: of the file.

    Returns:
        Plain values by name; arrays of bytes are numpy's.

    Raises:
        CodeError: it names anything but an array; nothing of it has run.
        Exception: it is broken, or no pickle of that kind; of many classes.
    """
    try:
        found = _PlainUnpickler(io.BytesIO(content), encoding="latin1").load()
    except KeyError as error:
        raise ValueError("it asks for more than plain values") from error
    if not isinstance(found, _Named):
        raise ValueError("no dict is in it")
    return {key: value.bytes() if isinstance(value, _Array) else value
            for key, value in found.items()}  # fmt: skip


def text(value: object) -> str:
    """Give a text that may have been bytes in Python 2.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bytes):
        return value.decode("latin1")
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} is in the place of a text")
    return value
