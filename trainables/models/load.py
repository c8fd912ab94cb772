"""Load a CLIP: the built-in one, one of open_clip's, or a checkpoint from disk."""

import contextlib
import logging
import pickle
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
from safetensors import SafetensorError
from torch import nn

from trainables.builtin.pretrain import load_or_pretrain
from trainables.builtin.recipe import default_recipe
from trainables.config import TrialConfig
from trainables.errors import UserError, did_you_mean
from trainables.fingerprints import looks_like_path
from trainables.paths import cache_dir

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

_UNREADABLE = (RuntimeError, pickle.UnpicklingError, SafetensorError, zipfile.BadZipFile, EOFError)


@dataclass(frozen=True)
class LoadedClip:
    """A CLIP in evaluation mode.

    Attributes:
        model: of open_clip's classes (`CLIP` or `CustomTextCLIP`).
        context_length: of its text encoder.
    """

    model: Any
    context_length: int


def load_clip(config: TrialConfig, progress: Progress | None = None) -> LoadedClip:
    """Load the model that a trial defends.

    Raises:
        UserError: there is no such architecture, tag or file, or the file does not fit or would
            run code when loaded.
    """
    if config.model == "builtin":
        report = None
        if progress is not None:
            report = lambda done, total: progress("pre-training the built-in CLIP", done, total)  # noqa: E731
        model, _ = load_or_pretrain(default_recipe(config.world_seed), cache_dir(), report)
    else:
        check_model_name(config.model)
        model = _load_open_clip(config.model, config.pretrained)
    return LoadedClip(model.eval().requires_grad_(False), int(model.context_length))


def check_model_name(name: str) -> None:
    """Refuse an architecture that open_clip does not have.

    Raises:
        UserError: with the nearest name there is.
    """
    known = ["builtin", *open_clip.list_models()]
    if name not in known:
        hint = did_you_mean(name, known) if len(name) > 2 else "try ViT-B-32."
        raise UserError(f"unknown model {name!r}: {hint}")


def _load_open_clip(name: str, pretrained: str) -> Any:
    if looks_like_path(pretrained):
        with _quiet():
            model = open_clip.create_model(name, pretrained=None)
        _load_file(model, name, Path(pretrained))
        return model
    tags = open_clip.list_pretrained_tags_by_model(name)
    if pretrained not in tags:
        raise UserError(
            f"model {name} has no pretrained weights {pretrained!r}: "
            f"{did_you_mean(pretrained, tags) if tags else 'name the path of a checkpoint.'}"
        )
    try:
        return open_clip.create_model(name, pretrained=pretrained)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"the weights {pretrained!r} of {name} are not on this machine and could not be "
            f"downloaded ({type(error).__name__}): connect once, or name the path of a checkpoint."
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip from warning that a model has no weights yet, on the root logger."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous)


def _load_file(model: nn.Module, name: str, path: Path) -> None:
    if not path.is_file():
        raise UserError(f"pretrained: there is no checkpoint {path}; name a file that exists.")
    try:
        # Only tensors are read; an archive that would run code when unpickled is refused.
        open_clip.load_checkpoint(model, str(path), strict=True, weights_only=True)
    except (*_UNREADABLE, ValueError, KeyError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"pretrained: {path} is not a plain checkpoint of {name} ({reason[:160]}); "
            "weights as .safetensors, or a .pt of tensors only, are expected."
        ) from error
