"""Opening a tracking store to read it: it must be there, and reading must not create it."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from trainables.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""A reader rather fails soon: MLflow's own seven retries take minutes."""


def shown(text: str) -> str:
    """Give an address, or a text that holds some, as it may be printed: without passwords."""
    return re.sub(r"://[^/@\s]*@", "://", text)


def sqlite_file(tracking_uri: str) -> Path | None:
    """Give the file of a SQLite store; None of another, or where no file is named."""
    match = re.match(r"sqlite(?:\+\w+)?:///([^?]+)", tracking_uri)
    return Path(match[1]) if match else None


def absolute(tracking_uri: str) -> str:
    """Name a store as it is named from anywhere on this machine, without passwords."""
    database, folder = sqlite_file(tracking_uri), _folder(tracking_uri)
    if database is not None:
        return f"sqlite:///{database.absolute()}"
    return str(folder.absolute()) if folder is not None else shown(tracking_uri)


def check(tracking_uri: str) -> None:
    """Refuse a store on this machine that is not there.

    Raises:
        UserError: there is none, or it is no MLflow store.
    """
    folder = _folder(tracking_uri)
    if _scheme(tracking_uri) == "sqlite":
        _check_sqlite(tracking_uri)
    elif folder is not None and not folder.is_dir():
        raise UserError(f"there is no tracking store at {shown(tracking_uri)}: no such folder.")


def connect(tracking_uri: str) -> "MlflowClient":
    """Open a store that exists.

    Raises:
        UserError: there is none, or it is no MLflow store.
    """
    check(tracking_uri)
    from mlflow import MlflowClient  # takes a second or more, which only a reader should pay

    with readable(tracking_uri):
        return MlflowClient(tracking_uri)


@contextmanager
def readable(tracking_uri: str) -> Iterator[None]:
    """Turn what a store says when it cannot be read into one sentence, and do not wait long."""
    from mlflow.exceptions import MlflowException

    before = {name: os.environ.get(name) for name in PATIENCE}
    os.environ.update({name: PATIENCE[name] for name, value in before.items() if value is None})
    try:
        yield
    except MlflowException as error:
        reason = shown(str(error)).strip().partition("\n")[0]
        raise UserError(
            f"the tracking store {shown(tracking_uri)} cannot be read: {reason}"
        ) from error
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def _check_sqlite(tracking_uri: str) -> None:
    database = sqlite_file(tracking_uri)
    if database is None or not database.is_file():
        raise UserError(f"there is no tracking store at {shown(tracking_uri)}: no such file.")
    try:
        # Opened as MLflow would, a file without tables would be given them.
        address = f"file:{quote(str(database.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'experiments'"
            found = connection.execute(query).fetchone()
    except sqlite3.DatabaseError as error:
        raise UserError(f"{database} is not a readable SQLite file: {error}") from error
    if found is None:
        raise UserError(f"{database} is a SQLite file but not an MLflow store.")


def _scheme(tracking_uri: str) -> str:
    return tracking_uri.partition(":")[0].partition("+")[0]


def _folder(tracking_uri: str) -> Path | None:
    if "://" in tracking_uri and _scheme(tracking_uri) != "file":
        return None
    path = unquote(urlsplit(tracking_uri).path) if "://" in tracking_uri else tracking_uri
    return Path(path.removeprefix("file:"))
