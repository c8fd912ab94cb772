"""What `model` and `pretrained` may name, told apart without loading anything."""

import re
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import UserError

HUB_PREFIX = "hf-hub:"
"""Before the name of a repository on the Hugging Face hub."""
FOLDER_PREFIX = "local-dir:"
"""Before the path of a folder in open_clip's form."""

_SUFFIXES = frozenset({".pt", ".pth", ".bin", ".safetensors"})
_HUB_NAME = re.compile(r"((?:[\w.-]+/)?[\w.-]+)(?:@([\w./-]+))?", re.ASCII)


@dataclass(frozen=True)
class HubName:
    """A repository on the hub.

    Attributes:
        repo: `org/name`.
        revision: a branch, tag or commit; None for the newest.
    """

    repo: str
    revision: str | None

    def __str__(self) -> str:
        """Write it as it is given in a spec."""
        return HUB_PREFIX + self.repo + (f"@{self.revision}" if self.revision else "")


def brings_weights(model: str) -> bool:
    """Tell whether a model names its weights as well, so that `pretrained` stays empty."""
    return model.startswith((HUB_PREFIX, FOLDER_PREFIX))


def is_local(pretrained: str) -> bool:
    """Tell the path of a file or folder from an open_clip tag and from a name with a prefix."""
    if pretrained.startswith((HUB_PREFIX, FOLDER_PREFIX)):
        return False
    return (
        "/" in pretrained or pretrained in {".", "..", "~"} or Path(pretrained).suffix in _SUFFIXES
    )


def local_path(name: str) -> Path | None:
    """Give the path that a `model` or `pretrained` names; None where it names none."""
    if name.startswith(FOLDER_PREFIX):
        return Path(name.removeprefix(FOLDER_PREFIX)).expanduser()
    return Path(name) if is_local(name) else None


def hub_name(name: str, what: str) -> HubName | None:
    """Read a `hf-hub:` name; None where it is none.

    Args:
        name: a `model` or `pretrained`.
        what: which of the two, for messages.

    Raises:
        UserError: what follows the prefix names no repository.
    """
    if not name.startswith(HUB_PREFIX):
        return None
    match = _HUB_NAME.fullmatch(name.removeprefix(HUB_PREFIX))
    if not match or ".." in name:
        raise UserError(
            f"{what}: {name!r} names no repository: write {HUB_PREFIX}org/name, with @revision "
            "after it if it is not the newest."
        )
    return HubName(match[1], match[2])
