"""Opening the tracking store that results are written to; the default one is made if need be."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakSet

from analysis.connect import shown
from analysis.store import EXPERIMENT
from trainables.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy.engine import Connection, Engine

URI_VARIABLE = "MLFLOW_TRACKING_URI"
_PATIENCE = {
    # By default a call to a server that is down takes minutes to fail.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # Costs a request for every run and writes into the live view.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Nobody asked for it.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_engines: "WeakSet[Engine]" = WeakSet()
"""What MLflow has opened in this process: it closes nothing by itself."""


def tracking_uri(results: Path, asked: str | None = None) -> str:
    """Say where results are tracked: as asked, as the environment says, or beside the journal."""
    database = (results / "mlflow.db").absolute()
    return asked or os.environ.get(URI_VARIABLE) or f"sqlite:///{database}"


def is_remote(uri: str) -> bool:
    """Tell a server, which may be down for a while, from a file, which is there or is not."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    return scheme not in ("", "file", "sqlite")


def open_store(uri: str, results: Path) -> tuple["MlflowClient", str]:
    """Open a store for writing, and in it the experiment that holds everything.

    A fresh SQLite file is set up here, by the driver alone: several processes that open one at a
    time crash.

    Args:
        uri: of the store.
        results: the folder below which artifacts would lie.

    Returns:
        The client and the experiment's id.

    Raises:
        UserError: the address is not one of a store.
        MlflowException: the server does not answer.
    """
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    for name in ("alembic", "mlflow.store", "mlflow.tracking"):
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        _spare_the_disk(uri)
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            if experiment.lifecycle_stage == "deleted":
                client.restore_experiment(experiment.experiment_id)
            return client, str(experiment.experiment_id)
        location = None if is_remote(uri) else (results / "artifacts").absolute().as_uri()
        return client, str(client.create_experiment(EXPERIMENT, artifact_location=location))
    except MlflowException as error:
        if is_remote(uri) and _is_known(error):
            raise
        reason = shown(str(error).strip().partition("\n")[0])
        raise UserError(f"cannot track to {shown(uri)}: {reason}") from error
    except Exception as error:  # whatever the driver of a database raises
        if is_remote(uri):
            raise
        reason = shown(str(error).strip().partition("\n")[0])
        raise UserError(f"cannot track to {shown(uri)}: {reason}") from error


def settle(uri: str) -> None:
    """Leave a SQLite store as one plain file, as it was before writing; nothing for a server."""
    path = _sqlite_path(uri)
    if path is None or not path.exists():
        return
    for engine in list(_engines):
        if engine.url.database and Path(engine.url.database) == path:
            engine.dispose()
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        return  # someone is looking at it; the next run settles it


def _spare_the_disk(uri: str) -> None:
    """Let SQLite append to a log instead of syncing six times a run, and readers never wait.

    What a power cut may take is written again from the journal, since the mark of how far the
    store has followed goes with it.
    """
    path = _sqlite_path(uri)
    if path is None:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    if not event.contains(Engine, "connect", _on_connect):
        event.listen(Engine, "connect", _on_connect)
        event.listen(Engine, "engine_connect", _on_engine_connect)


def _on_engine_connect(connection: "Connection") -> None:
    _engines.add(connection.engine)


def _on_connect(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode == "wal":
            connection.execute("PRAGMA synchronous = NORMAL")


def _sqlite_path(uri: str) -> Path | None:
    """Give the file of a SQLite store."""
    path = uri.removeprefix("sqlite:///")
    return Path(path) if path != uri and path else None


def _is_known(error: Exception) -> bool:
    """Tell a server that does not answer from an address that no store could have."""
    return "Model registry functionality is unavailable" not in str(
        error
    ) and "Unsupported URI" not in str(error)
