"""Where studies are kept: a SQLite file beside the journal, or a database by its address."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage

from analysis.connect import shown, sqlite_file
from sweeps.searching.spec import Search, search_from
from trainables.errors import UserError, did_you_mean

SEARCH_ATTR = "search"
"""The attribute of a study that holds its spec; a study without it was not set up to the end."""

# Candidates that differ in these cannot be compared; all else may change while a search goes on.
_SAME = ("preset", "fixed", "space", "objectives", "constraints", "seeds")


def storage_url(results: Path, asked: str | None = None) -> str:
    """Say where studies are kept: as asked, or beside the journal."""
    return asked or f"sqlite:///{(results / 'studies.db').absolute()}"


def open_storage(url: str) -> RDBStorage:
    """Open a database for studies; a SQLite file is made if need be.

    Raises:
        UserError: the address is not one of a database, or it cannot be opened.
    """
    database = sqlite_file(url)
    try:
        if database is not None:
            database.parent.mkdir(parents=True, exist_ok=True)
        return RDBStorage(url)
    except Exception as error:  # whatever the driver of a database raises
        reason = shown(str(error)).strip().partition("\n")[0]
        raise UserError(f"cannot keep studies in {shown(url)}: {reason}") from error


def load_study(name: str, url: str) -> tuple[Search, optuna.Study]:
    """Read a search that was begun, and its study.

    Args:
        name: of the search.
        url: of the database, which is not made.

    Raises:
        UserError: there is no such database, or no such search in it.
    """
    database = sqlite_file(url)
    if database is not None and not database.is_file():
        raise UserError(f"there are no studies at {shown(url)}: no search has run there yet.")
    storage = open_storage(url)
    names = optuna.get_all_study_names(storage)
    if name not in names:
        hint = did_you_mean(name, names) if names else "none has run there yet."
        raise UserError(f"there is no search {name!r} in {shown(url)}: {hint}")
    study = optuna.load_study(study_name=name, storage=storage)
    if SEARCH_ATTR not in study.user_attrs:
        raise UserError(f"the study {name!r} in {shown(url)} is of no search: name another.")
    return search_from(study.user_attrs[SEARCH_ATTR], f"the study's {name}"), study


def check_same(search: Search, kept: Mapping[str, Any], where: str) -> None:
    """Refuse to go on with a search that has become another.

    Args:
        search: as it is now.
        kept: as its study has it.
        where: what errors call the storage.

    Raises:
        UserError: see above.
    """
    now = search.to_dict()
    for key in _SAME:
        if now[key] != kept[key]:
            raise UserError(
                f"{search.source}: the search {search.name!r} was begun in {shown(where)} with "
                f"another {key}: give this one another name, or go on with what it was."
            )
