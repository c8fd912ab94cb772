"""Reading a data profile: every part on its own, so that one that is wrong hides no other."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from trainables.config import BUILTIN
from trainables.errors import UserError, did_you_mean
from trainables.profile.schema import (
    IDENTITIES,
    CandidateSource,
    CaptionSource,
    ClassSource,
    IdentitySource,
    ImageSource,
    Part,
    PeopleSource,
)
from trainables.yamls import parse_yaml, read_text

Builtin = Literal["builtin"]
PartT = TypeVar("PartT", bound=Part)
Fail = Callable[[str], None]

SECTIONS = ("people", "candidates", "captions", "images", "zeroshot", "models")
_PATHS = frozenset(
    {
        "path", "list_file", "names_file", "male_first_names", "female_first_names", "last_names",
        "names", "classes",
    }
)  # fmt: skip
_HALVES = ("train", "eval")
_UNSET = re.compile(r"\$(?:\{([^}]*)\}|(\w+))")
_SET_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a profile.

    Attributes:
        part: as the profile calls it, such as `captions.train.path`.
        sentence: all of it.
    """

    part: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Where a user's data lies; what is None is not said.

    Attributes:
        path: of the profile.
        people: the people and their pictures.
        candidates: names of nobody.
        captions: generic ones, `train` and `eval`.
        images: generic ones, `train` and `eval`.
        zeroshot: classification tasks by name, in the profile's order.
        models: weights by `architecture/tag`, where they are not to be downloaded.
        faults: what is wrong with it; the parts that they are about are None or left out.
    """

    path: Path
    people: PeopleSource | Builtin | None = None
    candidates: CandidateSource | Builtin = field(default_factory=CandidateSource)
    captions: Mapping[str, CaptionSource | Builtin]
    images: Mapping[str, ImageSource | Builtin]
    zeroshot: Mapping[str, ClassSource | IdentitySource] | Builtin
    models: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


def load_profile(path: str) -> Profile:
    """Read a profile that trials are to run on.

    Raises:
        UserError: it is not there, or something is wrong with it.
    """
    profile = inspect_profile(Path(path))
    if profile.faults:
        more = len(profile.faults) - 1
        hint = f" (and {more} more: `unremember data check {path}` lists them)" if more else ""
        raise UserError(f"{profile.faults[0].sentence}{hint}")
    return profile


def inspect_profile(path: Path) -> Profile:
    """Read a profile and gather what is wrong with it.

    Raises:
        UserError: it is not there or is not YAML.
    """
    if not path.exists():
        raise UserError(
            f"there is no data profile {path}: `unremember data init {path}` writes one to fill in."
        )
    return _read(path, path.stat().st_mtime_ns, tuple(sorted(os.environ.items())))


@lru_cache(maxsize=64)
def _read(path: Path, _mtime_ns: int, _environment: tuple[tuple[str, str], ...]) -> Profile:
    content = parse_yaml(read_text(path), str(path))
    if not isinstance(content, dict):
        raise UserError(f"{path}: a data profile is a mapping with the keys {', '.join(SECTIONS)}.")
    return _Reader(path).read(content)


class _Reader:
    """Turns the content of a profile into parts.

    Args:
        path: of the profile; relative paths in it start at its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults: list[Fault] = []

    def read(self, content: Mapping[str, Any]) -> Profile:
        for key in content:
            if key not in SECTIONS:
                self._fault(str(key), f"unknown key: {did_you_mean(str(key), SECTIONS)}")
        people = content.get("people")
        candidates = content.get("candidates")
        return Profile(
            path=self._path,
            people=self._part("people", people, PeopleSource) if people is not None else None,
            candidates=self._part("candidates", candidates or {}, CandidateSource)
            or CandidateSource(),
            captions=self._halves("captions", content.get("captions"), CaptionSource),
            images=self._halves("images", content.get("images"), ImageSource),
            zeroshot=self._zeroshot(content.get("zeroshot")),
            models=MappingProxyType(dict(self._models(content.get("models")))),
            faults=tuple(self._faults),
        )

    def _fault(self, where: str, what: str) -> None:
        self._faults.append(Fault(where, f"{self._path}, {where}: {what}"))

    def _halves(
        self, section: str, content: Any, kind: type[PartT]
    ) -> Mapping[str, PartT | Builtin]:
        if content == BUILTIN:
            return MappingProxyType(dict.fromkeys(_HALVES, BUILTIN))
        found: dict[str, PartT | Builtin] = {}
        for name, value in self._mapping(section, content):
            if name not in _HALVES:
                self._fault(f"{section}.{name}", "unknown key: give `train` and `eval`.")
                continue
            part = self._part(f"{section}.{name}", value, kind)
            if part is not None:
                found[name] = part
        return MappingProxyType(found)

    def _zeroshot(self, content: Any) -> Mapping[str, ClassSource | IdentitySource] | Builtin:
        if content == BUILTIN:
            return BUILTIN
        found: dict[str, ClassSource | IdentitySource] = {}
        for name, value in self._mapping("zeroshot", content):
            where = f"zeroshot.{name}"
            if not _SET_NAME.fullmatch(name):
                self._fault(where, "is no name: use small letters, digits and dashes.")
                continue
            kind = IdentitySource if name == IDENTITIES else ClassSource
            part = self._part(where, {} if value is True else value, kind)
            if isinstance(part, ClassSource | IdentitySource):
                found[name] = part
        return MappingProxyType(found)

    def _models(self, content: Any) -> Iterator[tuple[str, str]]:
        for name, value in self._mapping("models", content):
            if "/" not in name or not isinstance(value, str) or not value:
                self._fault(
                    f"models.{name}",
                    "give weights as `architecture/tag: path`, such as "
                    "`ViT-B-32/laion400m_e32: /weights/vit_b_32.safetensors`.",
                )
                continue
            yield name, self._expanded(f"models.{name}", value)

    def _mapping(self, section: str, content: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(content, dict):
            yield from ((str(name), value) for name, value in content.items())
        elif content is not None:
            self._fault(section, f"{content!r} is wrong: give a mapping.")

    def _part(self, where: str, content: Any, kind: type[PartT]) -> PartT | Builtin | None:
        if content == BUILTIN and kind not in (ClassSource, IdentitySource):
            return BUILTIN
        content = {"path": content} if isinstance(content, str) else content
        if not isinstance(content, dict):
            self._fault(where, f"{content!r} is wrong: give a path, or a mapping with `path`.")
            return None
        num_faults = len(self._faults)
        filled = self._filled(where, content)
        try:
            part = kind.model_validate(filled)
            return part if len(self._faults) == num_faults else None
        except ValidationError as error:
            for each in error.errors(include_url=False):
                at = ".".join([where, *(str(step) for step in each["loc"])])
                self._fault(at, _sentence(each, kind))
            return None

    def _filled(self, where: str, content: Mapping[Any, Any]) -> dict[str, Any]:
        """Fill variables into what names a file, and make it absolute."""
        found: dict[str, Any] = {}
        for key, value in content.items():
            name, at = str(key), f"{where}.{key}"
            if isinstance(value, dict):
                found[name] = self._filled(at, value)
            elif name in _PATHS and isinstance(value, str) and value:
                found[name] = self._expanded(at, value)
            else:
                found[name] = value
        return found

    def _expanded(self, where: str, value: str) -> str:
        filled = os.path.expandvars(value)
        unset = _UNSET.search(filled)
        if unset:
            self._fault(
                where,
                f"the variable {unset[1] or unset[2]} in {value!r} is not set: set it, or write "
                "the path out.",
            )
        if "://" in filled:
            return filled
        return os.path.normpath(self._path.absolute().parent / os.path.expanduser(filled))  # noqa: PTH111 - leaves an unknown ~user alone


def _sentence(error: Any, kind: type[Part]) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown key: {did_you_mean(str(error['loc'][-1]), kind.model_fields)}"
    if error["type"] == "missing":
        return "is missing: give it."
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return f"{message}."
    return f"{error['input']!r} is wrong: {message[0].lower()}{message[1:]}."
