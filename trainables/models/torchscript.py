"""Zip archives of tensors, as `torch.save` and TorchScript write them, read as tensors only."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from trainables.models.instructions import Module, Storage, run

_DTYPES: Mapping[str, torch.dtype] = {
    "FloatStorage": torch.float32, "HalfStorage": torch.float16, "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
_MAX_MODULES = 100_000
# Made anew by every model; only TorchScript saves it.
_MASK = "attn_mask"


@dataclass(frozen=True)
class Script:
    """What is read of a TorchScript archive.

    Attributes:
        state: the weights by their names.
        quick_gelu: whether it computes with QuickGELU.
    """

    state: dict[str, Tensor]
    quick_gelu: bool


def is_script(path: Path) -> bool:
    """Tell a TorchScript archive from what `torch.save` writes.

    Raises:
        ValueError: it is a zip archive of something else.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        return f"{_root(archive)}constants.pkl" in archive.namelist()


def check_sizes(path: Path) -> None:
    """Refuse an archive that would grow when it is read.

    Raises:
        ValueError: its tensors are compressed, or declared to be larger than the file.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        # Only TorchScript's code is ever compressed, and that is not read.
        entries = [entry for entry in archive.infolist() if "/code/" not in entry.filename]
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("its tensors are compressed")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError("it declares more data than the file has")


def read_script(path: Path) -> Script:
    """Read the weights of a TorchScript archive, such as OpenAI's, without TorchScript.

    Its code is not looked at, and of its pickle only the instructions are followed that put
    tensors, plain values and modules without code together.

    Raises:
        ValueError: the archive asks for anything else, or its tensors do not fit its data.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        root = _root(archive)
        storages: dict[str, Tensor] = {}

        def tensor(
            storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
        ) -> Tensor:
            if storage.key not in storages:
                storages[storage.key] = _read_storage(archive, f"{root}data/{storage.key}", storage)
            return storages[storage.key].as_strided(size, stride, offset)

        module = run(archive.read(f"{root}data.pkl"), tensor)
    if not isinstance(module, Module):
        raise ValueError("it holds no module")
    state, classes = _collect(module)
    # OpenAI's computes with QuickGELU; what open_clip writes says which.
    return Script(state, "QuickGELU" in classes or "GELU" not in classes)


def _root(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
    if len(names) != 1:
        raise ValueError("it is a zip archive of something else")
    return names[0].removesuffix("data.pkl")


def _read_storage(archive: zipfile.ZipFile, name: str, storage: Storage) -> Tensor:
    dtype = _DTYPES[storage.kind]
    content = bytearray(archive.read(name))
    if not 0 <= storage.num_elements * dtype.itemsize <= len(content):
        raise ValueError(f"{name} is shorter than its tensors")
    if not content:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(content, dtype=dtype)


def _collect(root: Module) -> tuple[dict[str, Tensor], set[str]]:
    """Give the weights by their names, and the names of the modules' classes."""
    state: dict[str, Tensor] = {}
    classes: set[str] = set()
    waiting, num_seen = [("", root)], 0
    while waiting:
        prefix, module = waiting.pop()
        num_seen += 1
        if num_seen > _MAX_MODULES:
            raise ValueError("its modules hold each other")
        classes.add(module.kind.rpartition(".")[2])
        for name, value in module.attributes.items():
            if isinstance(value, Module):
                waiting.append((f"{prefix}{name}.", value))
            elif isinstance(value, Tensor) and name != _MASK:
                state[prefix + name] = value
    return state, classes
