"""Reading everything that a profile names once, before GPU hours are spent on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.builtin.recipe import default_recipe
from trainables.builtin.world import World
from trainables.config import BUILTIN
from trainables.data.captions import read_captions
from trainables.data.classes.read import read_classes
from trainables.data.images import read_images
from trainables.data.names import random_names
from trainables.data.people.read import PeoplePictures, read_people
from trainables.data.pictures import FilePictures, Pictures, even_rows
from trainables.data.published import WHERE
from trainables.errors import UserError
from trainables.models.load import Progress, load_weights
from trainables.people import find_mentions
from trainables.profile.parts import DataParts, parts_of
from trainables.profile.read import Profile
from trainables.profile.schema import IDENTITIES, KNOWN_SETS, ClassSource, IdentitySource
from trainables.profile.sizes import SETTINGS, Counts

_NUM_SAMPLES = 16
_SAMPLE_SIDE = 64
# Part -> the data set that the papers take it from.
_OF_PAPERS = {
    "people": "facescrub",
    "captions.train": "laion-aesthetics",
    "captions.eval": "ms-coco",
    "images.train": "ms-coco",
    "images.eval": "ms-coco",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one part.

    Attributes:
        part: as the profile calls it.
        found: counts in words; empty where nothing was.
        fault: one sentence; empty if all is well.
        hint: where the data set is published, if that may help.
    """

    part: str
    found: str = ""
    fault: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a profile holds.

    Attributes:
        findings: one for each part that it names, or that the papers' experiments would take.
        people: names of the attack set.
        counts: how much there is of everything that trials share.
    """

    findings: tuple[Finding, ...]
    people: tuple[str, ...]
    counts: Counts

    @property
    def faults(self) -> list[str]:
        """What is wrong, one sentence each."""
        return [finding.fault for finding in self.findings if finding.fault]


def check_profile(profile: Profile, progress: Progress) -> Report:
    """Read everything that a profile names, and decode a sample of the pictures.

    Args:
        profile: which may have faults.
        progress: told which part is being read.
    """
    checker = _Checker(parts_of(profile), progress)
    faults = [Finding(part=fault.part, fault=fault.sentence) for fault in profile.faults]
    wrong = tuple(f"{fault.part}." for fault in profile.faults)
    findings = [
        finding
        for finding in checker.findings()
        # A part that is wrong in itself is named above, and is not read.
        if finding.found or finding.fault or not _is_part_of(finding.part, wrong)
    ]
    return Report(
        findings=(*faults, *findings), people=checker.people, counts=Counts(**checker.counts)
    )


def _is_part_of(part: str, wrong: tuple[str, ...]) -> bool:
    return any(f"{part}.".startswith(each) or each.startswith(f"{part}.") for each in wrong)


class _Checker:
    """Reads part after part.

    Attributes:
        people: of the attack set, once they are read.
        counts: what was counted so far, by the names of `Counts`.
    """

    def __init__(self, parts: DataParts, progress: Progress) -> None:
        self._parts = parts
        self._progress = progress
        self.people: tuple[str, ...] = ()
        self.counts: dict[str, Any] = {}

    def findings(self) -> Iterator[Finding]:
        """Give a finding for each part."""
        readers = list(self._readers())
        for number, (part, read) in enumerate(readers):
            self._progress(f"reading {part}", number, len(readers))
            yield _finding(part, read)
        self._progress("reading", len(readers), len(readers))
        if self._parts.zeroshot != BUILTIN:
            for name in (*KNOWN_SETS, IDENTITIES):
                if name not in self._parts.zeroshot:
                    yield Finding(part=f"zeroshot.{name}", hint=WHERE.get(name, ""))

    def _readers(self) -> Iterator[tuple[str, Callable[[], str] | None]]:
        parts = self._parts
        invented = parts.people == BUILTIN
        yield (
            "people",
            (self._invent_people if invented else _unless_missing(parts.people, self._read_people)),
        )
        yield "candidates", _unless_missing(parts.candidates, self._read_candidates)
        for name, captions in (("train", parts.train_captions), ("eval", parts.eval_captions)):
            yield f"captions.{name}", _unless_missing(captions, self._captions_reader(name))
        for name, images in (("train", parts.train_images), ("eval", parts.eval_images)):
            yield f"images.{name}", _unless_missing(images, self._images_reader(name))
        if parts.zeroshot == BUILTIN:
            yield "zeroshot", lambda: BUILTIN
        else:
            for name, task in parts.zeroshot.items():
                yield f"zeroshot.{name}", self._task_reader(name, task)
        for name, path in parts.models.items():
            yield f"models.{name}", _weights_reader(name, path)

    def _invent_people(self) -> str:
        invented = World(default_recipe(world_seed=0)).people
        self.people = tuple(who.name for who in (*invented.members, *invented.nonmembers))
        self.counts["num_people"] = len(self.people)
        return f"{BUILTIN}: {len(self.people):,} invented people"

    def _read_people(self, source: Any) -> str:
        found = read_people(source, SETTINGS["num_attack_images"])
        self.people = found.people
        for files in (found.attack, found.triggers, found.faces, found.everyone_attack):
            _decode(FilePictures(tuple(path for paths in files for path in paths)))
        self.counts |= {
            "num_people": len(found.people),
            "num_triggers": sum(map(len, found.triggers)),
            "num_faces": sum(map(len, found.faces)),
            "num_identity_images": sum(map(len, found.everyone_attack)),
        }
        return _people_text(found)

    def _read_candidates(self, source: Any) -> str:
        num = SETTINGS["num_candidates"] - len(self.people)
        names = random_names(source, self.people, max(num, 1))
        return f"{len(names):,} names of nobody beside {len(self.people):,} of the attack set"

    def _captions_reader(self, name: str) -> Callable[[Any], str]:
        def read(source: Any) -> str:
            found = read_captions(source, f"captions.{name}")
            self.counts[f"num_{name}_captions"] = len(found)
            named = find_mentions(found, self.people)
            return f"{len(found):,} captions, {len(np.unique(named[:, 0])):,} of them name somebody"

        return read

    def _images_reader(self, name: str) -> Callable[[Any], str]:
        def read(source: Any) -> str:
            found = read_images(source, f"images.{name}")
            _decode(found)
            self.counts[f"num_{name}_images"] = len(found)
            return f"{len(found):,} pictures"

        return read

    def _task_reader(self, name: str, source: ClassSource | IdentitySource) -> Callable[[], str]:
        def read() -> str:
            if isinstance(source, ClassSource):
                task = read_classes(name, source)
                _decode(task.pictures)
                num, num_classes = len(task.pictures), len(task.class_names)
            elif self.people:
                num = self.counts["num_identity_images"]
                num, num_classes = min(num, source.max_images or num), len(self.people)
            else:
                raise UserError(f"zeroshot.{name} needs people: name them.")
            self.counts["num_class_images"] = self.counts.get("num_class_images", 0) + num
            return f"{num_classes:,} classes, {num:,} pictures"

        return read


def _unless_missing(source: Any, read: Callable[[Any], str]) -> Callable[[], str] | None:
    if source is None:
        return None
    return lambda: BUILTIN if source == BUILTIN else read(source)


def _finding(part: str, read: Callable[[], str] | None) -> Finding:
    name = part.removeprefix("zeroshot.")
    hint = WHERE.get(_OF_PAPERS.get(part, name), "")
    if read is None:
        return Finding(part=part, hint=hint)
    try:
        return Finding(part=part, found=read())
    except UserError as error:
        sentence = str(error)
        fault = sentence if part in sentence else f"{part}: {sentence}"
        return Finding(part=part, fault=fault, hint=hint)


def _weights_reader(name: str, path: str) -> Callable[[], str]:
    model = name.partition("/")[0]

    def read() -> str:
        load_weights(model, path)
        return f"{model} from {path}"

    return read


def _people_text(found: PeoplePictures) -> str:
    num_pictures = sum(map(len, found.triggers)) + sum(map(len, found.everyone_attack))
    left_out = [f"{len(group.people):,} {group.reason}" for group in found.left_out]
    text = f"{len(found.people):,} of {len(found.everyone):,} people, {num_pictures:,} pictures"
    return "; ".join([text, *(f"left out: {group}" for group in left_out)])


def _decode(pictures: Pictures) -> None:
    pictures.read(even_rows(len(pictures), _NUM_SAMPLES), _SAMPLE_SIDE)
