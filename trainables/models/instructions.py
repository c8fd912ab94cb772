"""A pickle's instructions, followed without calling anything that the pickle names.

`pickle` calls what a file asks for. Here the instructions are read by `pickletools`, which runs
nothing, and only those are followed that TorchScript needs to put tensors, plain values and modules
together; a module is a name and its attributes. Whatever else a file asks for is refused.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

MakeTensor = Callable[["Storage", int, tuple[int, ...], tuple[int, ...]], Tensor]
"""Gives the tensor of a storage, an offset, a size and a stride, all in elements."""


@dataclass(frozen=True)
class Storage:
    """Where the numbers of a tensor are.

    Attributes:
        kind: such as `FloatStorage`.
        key: the name of the file in the archive.
        num_elements: how many numbers it is said to hold.
    """

    kind: str
    key: str
    num_elements: int


@dataclass
class Module:
    """An object of TorchScript, without its code.

    Attributes:
        kind: the name of its class.
        attributes: what it holds.
    """

    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Name:
    text: str


_LITERALS = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"})
_CONSTANTS: Mapping[str, Any] = {
    "NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (),
}  # fmt: skip
_EMPTY: Mapping[str, type] = {"EMPTY_LIST": list, "EMPTY_DICT": dict}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
# Calls that only hand on their first argument.
_HAND_ON = frozenset(
    {
        "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_boollist", "torch.jit._pickle.build_tensorlist",
        "torch.jit._pickle.restore_type_tag", "torch.device",
    }
)  # fmt: skip


def run(instructions: bytes, make_tensor: MakeTensor) -> Any:
    """Follow the instructions of a pickle that TorchScript wrote.

    Args:
        instructions: the pickle.
        make_tensor: gives the tensors.

    Returns:
        What the pickle holds: values, tensors, tuples, lists, dicts and `Module`.

    Raises:
        ValueError: it asks for something that is not needed for tensors, or is damaged.
    """
    machine = _Machine(make_tensor)
    try:
        for opcode, argument, _ in pickletools.genops(instructions):
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, argument)
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError(f"its pickle is damaged ({type(error).__name__})") from error
    raise ValueError("its pickle has no end")


class _Machine:
    """The stack, the stacks below its marks, and what was put aside."""

    def __init__(self, make_tensor: MakeTensor) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._aside: dict[int, Any] = {}
        self._make_tensor = make_tensor

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self.stack[-_TUPLES[name] :] = [tuple(self.stack[-_TUPLES[name] :])]
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._aside[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self._aside[argument])
        elif name == "GLOBAL":
            self.stack.append(_Name(argument.replace(" ", ".")))
        elif name in _STEPS:
            _STEPS[name](self)
        elif name != "PROTO":
            raise ValueError(f"its pickle asks for {name}")

    def mark(self) -> None:
        self._below.append(self.stack)
        self.stack = []

    def _to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def tuple(self) -> None:
        items = self._to_mark()
        self.stack.append((*items,))

    def append(self) -> None:
        item = self.stack.pop()
        _expect(self.stack[-1], list).append(item)

    def appends(self) -> None:
        items = self._to_mark()
        _expect(self.stack[-1], list).extend(items)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        # Not tuples of tuples, whose hash may take for ever.
        _expect(self.stack[-1], dict)[_expect(key, str | int)] = value

    def set_items(self) -> None:
        items = self._to_mark()
        target = _expect(self.stack[-1], dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_expect(key, str | int)] = value

    def storage(self) -> None:
        _, kind, key, _, num_elements = _expect(self.stack.pop(), tuple)
        kind = _expect(kind, _Name).text.removeprefix("torch.")
        self.stack.append(Storage(kind, _expect(key, str), _expect(num_elements, int)))

    def new_object(self) -> None:
        arguments, kind = self.stack.pop(), _expect(self.stack.pop(), _Name).text
        if not kind.startswith("__torch__.") or arguments != ():
            raise ValueError(f"its pickle asks for {kind}")
        self.stack.append(Module(kind))

    def fill_object(self) -> None:
        attributes = _expect(self.stack.pop(), dict)
        _expect(self.stack[-1], Module).attributes.update(attributes)

    def call(self) -> None:
        arguments = _expect(self.stack.pop(), tuple)
        name = _expect(self.stack.pop(), _Name).text
        if name == "torch._utils._rebuild_tensor_v2":
            storage, offset, size, stride, *_ = arguments
            self.stack.append(self._make_tensor(_expect(storage, Storage), offset, size, stride))
        elif name == "collections.OrderedDict" and not arguments:
            self.stack.append({})
        elif name in _HAND_ON:
            self.stack.append(arguments[0])
        else:
            raise ValueError(f"its pickle would call {name}")


_STEPS: Mapping[str, Callable[[_Machine], None]] = {
    "MARK": _Machine.mark,
    "TUPLE": _Machine.tuple,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "BINPERSID": _Machine.storage,
    "NEWOBJ": _Machine.new_object,
    "BUILD": _Machine.fill_object,
    "REDUCE": _Machine.call,
}


def _expect(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not {kind}")
    return value
