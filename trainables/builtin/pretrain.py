"""The built-in CLIP: pre-trained on first use, read from the cache ever after."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import open_clip
from filelock import FileLock
from open_clip.tokenizer import SimpleTokenizer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from trainables.builtin.model import IMAGE_MEAN, IMAGE_STD, build_model, build_tokenizer
from trainables.builtin.recipe import Recipe
from trainables.builtin.training import Progress, train_model
from trainables.builtin.world import World
from trainables.errors import UserError

__all__ = [
    "IMAGE_MEAN", "IMAGE_STD", "build_model", "build_tokenizer", "cache_path", "is_cached",
    "load_or_pretrain",
]  # fmt: skip

_log = logging.getLogger(__name__)


def load_or_pretrain(
    recipe: Recipe, cache_dir: Path, progress: Progress | None = None
) -> tuple[open_clip.CLIP, SimpleTokenizer]:
    """Give the CLIP of a recipe; on first use it is pre-trained and kept in `cache_dir`.

    Another process that pre-trains the same recipe at the same time is waited for.

    Args:
        recipe: of the world and the model.
        cache_dir: folder of all cached models; made when it is missing.
        progress: told of every step of the pre-training; not called when the model is cached.

    Returns:
        the model in eval mode, float32, and its tokenizer.

    Raises:
        UserError: when the folder cannot be written to.
    """
    path = cache_path(recipe, cache_dir)
    if (model := _load(recipe, path)) is None:
        lock = FileLock(path.with_suffix(".lock"))
        with _said_to_the_user(cache_dir):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            if (model := _load(recipe, path)) is None:
                model = train_model(World(recipe), progress)
                with _said_to_the_user(cache_dir):
                    _save(model, recipe, path)
        finally:
            lock.release()
    return model, build_tokenizer(recipe)


def is_cached(recipe: Recipe, cache_dir: Path) -> bool:
    """Say whether the whole and undamaged model of a recipe is in the cache."""
    return _read(recipe, cache_path(recipe, cache_dir)) is not None


def cache_path(recipe: Recipe, cache_dir: Path) -> Path:
    """Say where the weights of a recipe are kept."""
    return cache_dir / f"builtin-{recipe.fingerprint}" / "model.safetensors"


@contextmanager
def _said_to_the_user(cache_dir: Path) -> Iterator[None]:
    """Turn a failure to write into one sentence."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError(
            f"the cache folder {str(cache_dir)!r} cannot be written to ({reason}): "
            "name a folder that is yours to write and has room"
        ) from error


def _load(recipe: Recipe, path: Path) -> open_clip.CLIP | None:
    weights = _read(recipe, path)
    if weights is None:
        return None
    model = build_model(recipe)
    model.load_state_dict(weights)
    return model.eval()


def _read(recipe: Recipe, path: Path) -> dict[str, Tensor] | None:
    """Read weights; None when there are none or when they are not those that were written."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        _log.warning("%s is damaged (%s) and is made anew", path, error)
        return None
    if metadata.get("recipe") != recipe.fingerprint or metadata.get("sha256") != _digest(weights):
        _log.warning("%s does not hold what was written to it and is made anew", path)
        return None
    return weights


def _save(model: open_clip.CLIP, recipe: Recipe, path: Path) -> None:
    """Write weights under another name first, so that a file with the right name is whole."""
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        metadata = {"recipe": recipe.fingerprint, "sha256": _digest(weights)}
        save_file(weights, unfinished, metadata=metadata)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _digest(weights: dict[str, Tensor]) -> str:
    """Digest names, shapes and values of weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name}{tuple(weights[name].shape)}{weights[name].dtype}".encode())
        digest.update(weights[name].numpy().tobytes())
    return digest.hexdigest()
