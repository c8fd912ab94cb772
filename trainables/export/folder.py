"""A folder that is there whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from trainables.errors import UserError


def check_free(path: Path) -> None:
    """Refuse to write where something is.

    Raises:
        UserError: there is a file, or a folder that is not empty.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UserError(f"--out: {path} is there already: name another folder, or empty it.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that takes its name when all is written.

    Raises:
        UserError: there is something already, or the disk is full or not writable.
    """
    check_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
        try:
            # Others may read it, as far as they may read what is around it.
            temporary.chmod(path.parent.stat().st_mode & 0o755)
            yield temporary
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}.") from error
    except SafetensorError as error:
        reason = str(error).partition("\n")[0].removeprefix("Error while serializing: ")
        raise UserError(f"cannot write {path}: {reason}.") from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a configuration, for people and programs."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors, none of which shares memory with another."""
    path.parent.mkdir(exist_ok=True)
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    # transformers reads no file that does not say which library its tensors are of.
    save_file(whole, path, metadata={"format": "pt"})
