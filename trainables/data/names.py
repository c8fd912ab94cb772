"""Names of nobody, which fill the attack's candidates up: common first and last names, combined."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path

import numpy as np
from faker.providers.person.en_US import Provider
from numpy.typing import NDArray

from trainables.data.people.person import is_name, spaced
from trainables.data.people.tables import Row, Stamp, Table, read_table, stamp
from trainables.errors import UserError
from trainables.people import words_of
from trainables.profile.schema import CandidateSource
from trainables.seeding import generator
from trainables.yamls import read_text

NUM_TOP = 1000
"""So many of the most frequent first and last names are combined, as in the papers' code."""

_WHAT = "candidates"
# How the census sums up whoever is not in its list.
_NOT_NAMES = frozenset({"all other names"})
# Neither of countries nor of counties.
_COUNT = re.compile(r"counts?(?![a-z])", re.IGNORECASE)
_TABLE_LIKE = re.compile(r"[\d,;]")


@dataclass(frozen=True)
class _Names:
    """Names and their weights, most frequent first; equals in the order of the list."""

    names: tuple[str, ...]
    weights: tuple[float, ...]


def random_names(source: CandidateSource, taken: Sequence[str], num: int) -> tuple[str, ...]:
    """Draw different names of nobody, frequent ones more often.

    Half of them have a male first name and half a female one, by turns, from the 1,000 most
    frequent of each list and the 1,000 most frequent last names; whole names are drawn from all in
    their file. The draw does not depend on `taken` and `num`: names that are taken are passed
    over, and fewer names are the first of more.

    Args:
        source: of the names.
        taken: names that are not to be drawn, in any case and with any signs.
        num: how many.

    Raises:
        UserError: a file cannot be read or is no list of names, or there are too few names.
    """
    parts = _parts(source)
    blocked = {tuple(words_of(name)) for name in taken}
    picked: list[list[str]] = [[] for _ in parts]
    missing = [len(range(place, num, len(parts))) for place in range(len(parts))]
    for place, name in _once_each([_drawn(kind, lists) for kind, lists in parts.items()]):
        if missing[place] and tuple(words_of(name)) not in blocked:
            picked[place].append(name)
            missing[place] -= 1
        if not any(missing):
            return tuple(name for turn in zip_longest(*picked) for name in turn if name)
    kinds = "whole names" if source.names else "first and last names"
    raise UserError(
        f"{_WHAT}: {num} names of nobody are needed, and {sum(map(len, picked))} can be made of "
        f"the {kinds} that are given; give longer lists, or lower num_candidates."
    )


def names_digest(source: CandidateSource) -> str:
    """Tell the names that a source is drawn from, and their weights, from others: 16 hex digits.

    Raises:
        UserError: as `random_names`.
    """
    parts = {
        kind: [[each.names, each.weights] for each in lists]
        for kind, lists in _parts(source).items()
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _parts(source: CandidateSource) -> dict[str, tuple[_Names, ...]]:
    """Give what names are put together from, for each kind of name that is drawn by turns."""
    if source.names:
        return {"whole": (_read(source.names),)}
    last = _top(source.last_names, Provider.last_names)
    return {
        "male": (_top(source.male_first_names, Provider.first_names_male), last),
        "female": (_top(source.female_first_names, Provider.first_names_female), last),
    }


def _top(path: str, default: Mapping[str, float]) -> _Names:
    found = _read(path) if path else _sorted(default)
    return _Names(found.names[:NUM_TOP], found.weights[:NUM_TOP])


def _sorted(weights: Mapping[str, float]) -> _Names:
    # Sorting keeps the order of equals.
    names = sorted((name for name in weights if weights[name]), key=lambda name: -weights[name])
    return _Names(tuple(names), tuple(weights[name] for name in names))


def _drawn(kind: str, lists: Sequence[_Names]) -> Iterator[str]:
    """Draw all combinations of one name of each list, without replacement."""
    weights: NDArray[np.float64] = np.ones(1)
    for each in lists:
        weights = np.multiply.outer(weights, each.weights).ravel()
    # Whoever waits the least of these times is drawn with probability by weight; so is the next
    # among those who are left.
    times = generator("candidate names", kind).exponential(size=len(weights)) / weights
    shape = [len(each.names) for each in lists]
    for drawn in np.argsort(times, kind="stable"):
        spots = np.unravel_index(drawn, shape)
        yield " ".join(each.names[int(spot)] for each, spot in zip(lists, spots, strict=True))


def _once_each(streams: Sequence[Iterator[str]]) -> Iterator[tuple[int, str]]:
    """Take names of streams by turns, with the stream's number, those of the same words once."""
    seen: set[tuple[str, ...]] = set()
    for turn in zip_longest(*streams):
        for place, name in enumerate(turn):
            words = tuple(words_of(name or ""))
            if words and words not in seen:
                seen.add(words)
                yield place, name


def _read(path: str) -> _Names:
    return _read_unchanged(Path(path), stamp(Path(path)))


@lru_cache(maxsize=16)
def _read_unchanged(path: Path, _stamp: Stamp) -> _Names:
    weights = _counted(read_table(path)) if path.suffix.lower() == ".csv" else _listed(path)
    if all(name.isupper() for name in weights):
        weights = {name.title(): weight for name, weight in weights.items()}
    found = _sorted(weights)
    if not found.names:
        raise UserError(f"{_WHAT}: {path} holds no name that occurs; give one with names.")
    return found


def _listed(path: Path) -> dict[str, float]:
    """Read a text file of names, one a line, all of the same weight."""
    weights: dict[str, float] = {}
    for line, text in enumerate(read_text(path).removeprefix("\ufeff").splitlines(), start=1):
        name = spaced(text)
        if name and (not is_name(name) or _TABLE_LIKE.search(name)):
            raise UserError(
                f"{_WHAT}: {path}, line {line}: {name[:60]!r} is no name; names are expected, one "
                "a line, or a file `.csv` with a header, names and counts."
            )
        if name:
            weights[name] = 1.0
    return weights


def _counted(table: Table) -> dict[str, float]:
    """Read the names of a table and their counts; rows without a count are notes."""
    counts = _count_column(table)
    rows = [row for row in table.rows if row.cell(counts)]
    names = _name_column(table, rows, counts)
    weights: dict[str, float] = {}
    for row in rows:
        name = spaced(row.cell(names))
        if name.casefold() not in _NOT_NAMES:
            weights[name] = weights.get(name, 0.0) + table.count(row, counts)
    return weights


def _count_column(table: Table) -> int:
    found = [place for place, name in enumerate(table.header) if _COUNT.search(name)]
    if len(found) != 1:
        has = "several columns" if found else "no column"
        raise UserError(
            f"{_WHAT}: {table.path} has {has} of counts (its header is "
            f"{', '.join(table.header)[:120]!r}); call exactly one of them `count`."
        )
    return found[0]


def _name_column(table: Table, rows: Sequence[Row], counts: int) -> int:
    """Find the column that holds names in all rows; of several, the one that is called so."""
    found = [
        place
        for place in range(len(table.header))
        if place != counts and all(is_name(row.cell(place)) for row in rows)
    ]
    called = [place for place in found if "name" in table.header[place].casefold()]
    if len(found) != 1 and len(called) != 1:
        has = "several columns" if found else "no column"
        raise UserError(
            f"{_WHAT}: {table.path} has {has} of names, where a name stands in each row with a "
            "count; call exactly one of them `name`."
        )
    return found[0] if len(found) == 1 else called[0]
