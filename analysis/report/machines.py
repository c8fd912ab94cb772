"""On what the trials ran, with which code, and how long it took."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from analysis.numbers import mean_text

UNKNOWN = "not recorded"
_LABELS = {
    "commit": "Commit",
    "hostname": "Host",
    "device": "Device",
    "gpus": "GPUs",
    "cpu": "CPU",
    "num_cpus": "CPUs of the host",
    "num_threads": "Threads of a trial",
}
_MIXING = {"commit": "commits of the code", "device": "kinds of device", "cpu": "kinds of CPU"}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that is recorded with every trial.

    Attributes:
        label: what it is.
        values: each value that occurs and the number of trials that have it, most frequent first.
    """

    label: str
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Code, machines and durations of the trials that ended.

    Attributes:
        code: the commit and the versions of packages.
        hardware: hosts and processors.
        durations: label and text of each thing that is known about time and energy.
        mixed: what should be one for all trials and is not, such as `3 commits of the code`.
    """

    code: tuple[Fact, ...]
    hardware: tuple[Fact, ...]
    durations: tuple[tuple[str, str], ...]
    mixed: tuple[str, ...]


def machines_of(trials: pl.DataFrame) -> Machines:
    """Sum up what the finished and failed trials of `trials_of` say of where they ran."""
    ended = trials.filter(pl.col("state").is_in(["finished", "failed"]))
    facts = {name: _fact(label, ended[name]) for name, label in _LABELS.items()}
    versions = _versions(ended["versions"])
    mixed = [
        f"{known} {noun}"
        for name, noun in _MIXING.items()
        if (known := _num_known(facts[name])) > 1
    ]
    mixed += [f"{_num_known(fact)} versions of {fact.label}" for fact in versions
              if _num_known(fact) > 1]  # fmt: skip
    return Machines(
        code=(facts["commit"], *versions) if len(ended) else (),
        hardware=tuple(facts[name] for name in _LABELS if name != "commit") if len(ended) else (),
        durations=_durations(trials),
        mixed=tuple(mixed),
    )


def _fact(label: str, values: Iterable[str | int | None]) -> Fact:
    texts = Counter(UNKNOWN if value is None else str(value) for value in values)
    return Fact(
        label=label, values=tuple(sorted(texts.items(), key=lambda item: (-item[1], item[0])))
    )


def _num_known(fact: Fact) -> int:
    return sum(value != UNKNOWN for value, _ in fact.values)


def _versions(values: pl.Series) -> list[Fact]:
    of_trials = [json.loads(text) if text else {} for text in values]
    packages = sorted({package for versions in of_trials for package in versions})
    return [
        _fact(package, [versions.get(package) for versions in of_trials]) for package in packages
    ]


def _durations(trials: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    done = trials.filter(pl.col("state") == "finished")
    known = done["duration_s"].drop_nulls()
    if known.is_empty():
        return ()
    seconds = sorted(known)
    total = timedelta(seconds=round(sum(seconds)))
    shown = [mean_text(s, "seconds") for s in (known.median(), seconds[0], seconds[-1])]  # type: ignore[arg-type]
    found = [
        ("Of all finished trials together", f"{total} (h:min:s)"),
        ("Of a trial", "median {}, from {} to {}".format(*shown)),
        ("First start", moment(trials["start_time"].min())),
        ("Last end", moment(trials["end_time"].max())),
        ("Energy", _energy(done["energy_j"])),
    ]
    return tuple(found)


def _energy(joules: pl.Series) -> str:
    known = joules.drop_nulls()
    if known.is_empty():
        return f"{UNKNOWN}: the processors' counters were not to be read, or shared"
    total = mean_text(float(known.sum()), "joules")
    return f"{total}, known of {len(known)} of {len(joules)} trials"


def moment(time: object) -> str:
    """Write a moment as the page does: to the minute, of UTC; a sign where there is none."""
    return UNKNOWN if time is None else f"{time:%Y-%m-%d %H:%M} UTC"
