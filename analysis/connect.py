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


def connect(tracking_uri: str) -> "MlflowClient":
    """Open a store that exists.

    Raises:
        UserError: there is none, or it is no MLflow store.
    """
    scheme = tracking_uri.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        _check_sqlite(tracking_uri)
    elif "://" not in tracking_uri or scheme == "file":
        _check_folder(tracking_uri)
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
    from sqlalchemy.engine import make_url

    database = make_url(tracking_uri).database
    if not database or not Path(database).is_file():
        raise UserError(f"there is no tracking store at {shown(tracking_uri)}: no such file.")
    try:
        # Opened as MLflow would, a file without tables would be given them.
        address = f"file:{quote(str(Path(database).absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'experiments'"
            found = connection.execute(query).fetchone()
    except sqlite3.DatabaseError as error:
        raise UserError(f"{database} is not a readable SQLite file: {error}") from error
    if found is None:
        raise UserError(f"{database} is a SQLite file but not an MLflow store.")


def _check_folder(tracking_uri: str) -> None:
    path = unquote(urlsplit(tracking_uri).path) if "://" in tracking_uri else tracking_uri
    if not Path(path.removeprefix("file:")).is_dir():
        raise UserError(f"there is no tracking store at {shown(tracking_uri)}: no such folder.")
