"""Checkpoints on disk, read as tensors only whatever their form."""

import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from trainables.errors import UserError
from trainables.models.about import About, read_about
from trainables.models.files import TRANSFORMERS, ClipFolder, find_clip
from trainables.models.torchscript import check_sizes, is_script, read_script
from trainables.models.transformers_names import to_open_clip

_EXPECTED = (
    "weights as .safetensors, a .pt of tensors only, or the folder of a saved model are expected."
)
_GLOBAL = re.compile(r"GLOBAL (\S+)")


@dataclass(frozen=True)
class Checkpoint:
    """Weights, and what else their file or folder says of the model.

    Attributes:
        source: what messages call it.
        state: the weights by open_clip's names.
        about: the model beside its weights.
    """

    source: str
    state: dict[str, Tensor]
    about: About


def read_checkpoint(path: Path, what: str) -> Checkpoint:
    """Read the weights of a file, or of a folder that open_clip or transformers saved.

    Args:
        path: the file or folder.
        what: the setting that names it, for messages.

    Raises:
        UserError: there is none, it is damaged, is no CLIP, or would run code when loaded.
    """
    if path.is_dir():
        return read_folder(find_clip(path, what), what)
    if not path.is_file():
        raise UserError(f"{what}: there is no checkpoint {path}; name a file that exists.")
    state, about = _read_file(path, what)
    if any(name.startswith(("text_model.", "vision_model.")) for name in state):
        raise UserError(
            f"{what}: {path} was saved by transformers; name its folder {path.parent} with the "
            "config.json, which says what the weights are for."
        )
    return Checkpoint(f"{what}: {path}", state, about)


def read_folder(folder: ClipFolder, what: str) -> Checkpoint:
    """Read the weights of a folder.

    Args:
        folder: whose files were found.
        what: the setting that names it, for messages.

    Raises:
        UserError: a file of it is damaged, is no CLIP, or would run code when loaded.
    """
    state: dict[str, Tensor] = {}
    for path in folder.weights:
        state |= _read_file(path, what)[0]
    about = read_about(folder, what)
    if folder.form is TRANSFORMERS:
        with _reading(folder.path, what):
            state = to_open_clip(state)
    return Checkpoint(f"{what}: {folder.path}", state, about)


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a broken or hostile file makes of its reader into a sentence."""
    try:
        yield
    # Such files break their readers at any place, with whatever error that place raises.
    except Exception as error:
        raise UserError(
            f"{what}: {path} is not a plain checkpoint ({_reason(error)}); {_EXPECTED}"
        ) from error


def _reason(error: Exception) -> str:
    text = str(error).strip()
    if isinstance(error, pickle.UnpicklingError):
        # Not torch's own words, which recommend to run what the file asks for.
        asked = _GLOBAL.search(text)
        return f"its pickle asks for {asked[1]}" if asked else "its pickle cannot be read"
    return text.splitlines()[0][:160].rstrip(".") if text else type(error).__name__


def _read_file(path: Path, what: str) -> tuple[dict[str, Tensor], About]:
    with _reading(path, what):
        if path.suffix == ".safetensors":
            return _plain(load_file(path)), About()
        if zipfile.is_zipfile(path):
            check_sizes(path)
            if is_script(path):
                script = read_script(path)
                return _plain(script.state), About(quick_gelu=script.quick_gelu)
        return _plain(torch.load(path, map_location="cpu", weights_only=True)), About()


def _plain(content: Any) -> dict[str, Tensor]:
    """Take the weights out of what a training saved with them."""
    if isinstance(content, Mapping) and "state_dict" in content:
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise ValueError("it holds no weights by name")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(f"{str(name)[:80]} in it is not a tensor")
    # Trained on several GPUs.
    prefix = "module." if all(name.startswith("module.") for name in content) else ""
    return {name.removeprefix(prefix): value for name, value in content.items()}
