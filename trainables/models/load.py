"""Load a CLIP: the built-in one, one of open_clip's, or one from disk or the hub."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip

from trainables.builtin.pretrain import load_or_pretrain
from trainables.builtin.recipe import default_recipe
from trainables.config import TrialConfig
from trainables.errors import UserError, did_you_mean
from trainables.models.checkpoints import read_checkpoint, read_folder
from trainables.models.files import FORMS, OPEN_CLIP, Form, find_clip, read_json
from trainables.models.fit import fit
from trainables.models.hub import fetch
from trainables.models.names import FOLDER_PREFIX, brings_weights, hub_name, local_path
from trainables.paths import cache_dir
from trainables.profile.parts import with_weights

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is.

Where there is nothing to be done (0 of 0), it is a remark.
"""

_OPENAI = "openai"


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
        UserError: there is no such architecture, tag, file or repository, or what is there does not
            fit, is damaged, or would run code when loaded.
    """
    if config.model == "builtin":
        report = None
        if progress is not None:
            report = lambda done, total: progress("pre-training the built-in CLIP", done, total)  # noqa: E731
        model, _ = load_or_pretrain(default_recipe(config.world_seed), cache_dir(), report)
    else:
        remark = _other_activation(config.model, config.pretrained)
        config = with_weights(config)
        model = load_weights(config.model, config.pretrained)
        if remark and progress is not None:
            progress(remark, 0, 0)
    return LoadedClip(model.eval().requires_grad_(False), int(model.context_length))


def load_weights(model: str, pretrained: str) -> Any:
    """Load a model that is not the built-in one.

    Args:
        model: an architecture of open_clip, or a `hf-hub:` or `local-dir:` name.
        pretrained: an open_clip tag, the path of a file or folder, or a `hf-hub:` name; empty where
            the model brings its weights.

    Returns:
        A model of open_clip's classes.

    Raises:
        UserError: as `load_clip`.
    """
    check_model_name(model)
    if brings_weights(model):
        return _load_folder(model)
    path = _path_of(pretrained, "pretrained", FORMS)
    if path is None:
        return _load_tag(model, pretrained)
    checkpoint = read_checkpoint(path, "pretrained")
    about = checkpoint.about
    activation = {} if about.quick_gelu is None else {"quick_gelu": about.quick_gelu}
    built = _build(model, force_preprocess_cfg=dict(about.pixels), **activation)
    fit(built, checkpoint, model)
    return built


def check_model_name(name: str) -> None:
    """Refuse an architecture that open_clip does not have, and a wrong name with a prefix.

    Raises:
        UserError: with the nearest name there is.
    """
    if hub_name(name, "model") is not None or brings_weights(name):
        return
    known = ["builtin", *open_clip.list_models()]
    if name not in known:
        hint = did_you_mean(name, known) if len(name) > 2 else "try ViT-B-32."
        raise UserError(f"unknown model {name!r}: {hint}")


def _path_of(name: str, what: str, forms: tuple[Form, ...]) -> Path | None:
    """Give the file or folder that is named, fetched if need be; None for a tag."""
    hub = hub_name(name, what)
    return local_path(name) if hub is None else fetch(hub, what, forms)


def _load_tag(name: str, tag: str) -> Any:
    tags = open_clip.list_pretrained_tags_by_model(name)
    if tag not in tags:
        raise UserError(
            f"model {name} has no pretrained weights {tag!r}: "
            f"{did_you_mean(tag, tags) if tags else 'name the path of a checkpoint.'}"
        )
    try:
        with _quiet():
            # Without the weights, since open_clip's reader may fall back to one that runs code.
            model = open_clip.create_model(
                name,
                tag,
                load_weights=False,
                pretrained_text=False,
                # As open_clip's own reader of these weights did, whatever the architecture's name.
                force_quick_gelu=tag == _OPENAI,
            )
        path = open_clip.download_pretrained(open_clip.get_pretrained_cfg(name, tag))
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"the weights {tag!r} of {name} are not on this machine and could not be "
            f"downloaded ({type(error).__name__}): connect once, or name the path of a checkpoint."
        ) from error
    fit(model, read_checkpoint(Path(path), f"the weights {tag!r}"), name)
    return model


def _other_activation(model: str, pretrained: str) -> str:
    """Say so where a tag's weights are run with another activation than they were trained with."""
    if pretrained == _OPENAI or not open_clip.is_pretrained_cfg(model, pretrained):
        return ""
    trained = bool(open_clip.get_pretrained_cfg(model, pretrained).get("quick_gelu"))
    runs = bool((open_clip.get_model_config(model) or {}).get("quick_gelu"))
    if trained == runs:
        return ""
    names = {True: "QuickGELU", False: "GELU"}
    other = f"{model}-quickgelu" if trained else model.removesuffix("-quickgelu")
    return (
        f"{model} runs {pretrained} with {names[runs]}, though it was trained with "
        f"{names[trained]}: {other} runs it so"
    )


def _load_folder(name: str) -> Any:
    path = _path_of(name, "model", (OPEN_CLIP,))
    assert path is not None
    folder = find_clip(path, "model", (OPEN_CLIP,))
    checkpoint = read_folder(folder, "model")
    text = read_json(folder.config, "model")["model_cfg"].get("text_cfg")
    if isinstance(text, dict) and "hf_model_name" in text:
        raise UserError(
            f"model: {folder.config} has the text encoder {text['hf_model_name']!r} of another "
            "library; choose a model with CLIP's own, such as ViT-B-32."
        )
    model = _build(f"{FOLDER_PREFIX}{folder.path}", load_weights=False)
    fit(model, checkpoint, str(folder.config))
    return model


def _build(name: str, **options: Any) -> Any:
    """Make a model without weights."""
    try:
        with _quiet():
            return open_clip.create_model(name, pretrained_text=False, **options)
    # A configuration can ask for anything, and open_clip checks little of it.
    except Exception as error:
        lines = str(error).strip().splitlines()
        reason = f": {lines[0][:160]}" if lines else ""
        raise UserError(
            f"model: open_clip cannot build {name} ({type(error).__name__}{reason}); choose a "
            "model whose encoders are CLIP's own, such as ViT-B-32."
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
