"""Which files of a folder make up a CLIP: open_clip's form, or that of transformers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.errors import UserError


@dataclass(frozen=True)
class Form:
    """How a library lays out the folder of a model.

    Attributes:
        library: its name.
        config: the file that says what the model is.
        extras: files that may be there beside it.
        weights: files that may hold the weights or list those that do, the best first.
    """

    library: str
    config: str
    extras: tuple[str, ...]
    weights: tuple[str, ...]


OPEN_CLIP = Form(
    "open_clip",
    "open_clip_config.json",
    (),
    (
        "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors",
        "open_clip_pytorch_model.bin",
    ),
)  # fmt: skip
TRANSFORMERS = Form(
    "transformers",
    "config.json",
    ("processor_config.json", "preprocessor_config.json"),
    (
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ),
)  # fmt: skip
FORMS: tuple[Form, ...] = (OPEN_CLIP, TRANSFORMERS)


@dataclass(frozen=True)
class ClipFolder:
    """The files of a folder that make up a CLIP.

    Attributes:
        path: the folder.
        form: how it is laid out.
        weights: the file of the weights, or several that hold a part each.
    """

    path: Path
    form: Form
    weights: tuple[Path, ...]

    @property
    def config(self) -> Path:
        """The file that says what the model is."""
        return self.path / self.form.config

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that decide what the model computes."""
        return (self.config, *self.extras, *self.weights)

    @property
    def extras(self) -> tuple[Path, ...]:
        """The files beside it that are there."""
        found = (self.path / name for name in self.form.extras)
        return tuple(path for path in found if path.is_file())


def find_clip(folder: Path, what: str, forms: tuple[Form, ...] = FORMS) -> ClipFolder:
    """Find the CLIP in a folder.

    Args:
        folder: where to look.
        what: the setting that names the folder, for messages.
        forms: those that will do.

    Raises:
        UserError: there is no such folder, or no CLIP in it.
    """
    if not folder.is_dir():
        raise UserError(f"{what}: there is no folder {folder}; name one that exists.")
    for form in forms:
        if (folder / form.config).is_file():
            for name in form.weights:
                if (folder / name).is_file():
                    return ClipFolder(folder, form, _parts(folder / name, what))
    raise no_clip(f"{what}: {folder}", forms, (folder / TRANSFORMERS.config).is_file())


def no_clip(source: str, forms: tuple[Form, ...], is_transformers: bool) -> UserError:
    """Make the error of a folder or repository that holds no CLIP.

    Args:
        source: what messages call it.
        forms: those that would do.
        is_transformers: whether it holds a configuration of transformers.
    """
    if is_transformers and TRANSFORMERS not in forms:
        return UserError(
            f"{source} was saved by transformers: name its architecture as model, such as "
            "ViT-B-32, and this as pretrained."
        )
    expected = " or ".join(f"{form.config} with {form.weights[0]}" for form in forms)
    return UserError(f"{source} holds no CLIP; {expected} is expected in it.")


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        UserError: it cannot be read or holds something else.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{what}: cannot read {path} ({error.strerror}); name a file that can be read."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{what}: {path} is not JSON ({error}); save the model again.") from error
    if not isinstance(content, dict):
        raise UserError(f"{what}: {path} holds no JSON object; save the model again.")
    return content


def shard_names(index: Path, what: str) -> list[str]:
    """List the files that an index of weights names.

    Raises:
        UserError: it is no such index, or names a file outside its folder.
    """
    listed = read_json(index, what).get("weight_map")
    names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
    if not names or not all(name == Path(name).name for name in names):
        raise UserError(
            f"{what}: {index} does not list files beside it under weight_map; save the model again."
        )
    return names


def _parts(weights: Path, what: str) -> tuple[Path, ...]:
    if weights.suffix != ".json":
        return (weights,)
    parts = tuple(weights.with_name(name) for name in shard_names(weights, what))
    for part in parts:
        if not part.is_file():
            raise UserError(
                f"{what}: {weights} names {part.name}, which is not beside it; copy all parts of "
                "the model there."
            )
    return parts
