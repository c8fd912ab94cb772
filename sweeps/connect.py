"""Opening the tracking store that results are written to; the default one is made if need be."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analysis.connect import shown
from analysis.store import EXPERIMENT
from trainables.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_VARIABLE = "MLFLOW_TRACKING_URI"
_PATIENCE = {
    # By default a call to a server that is down takes minutes to fail.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # Costs a request for every run and writes into the live view.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


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
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"cannot track to {shown(uri)}: {reason}") from error
    except Exception as error:  # whatever the driver of a database raises
        if is_remote(uri):
            raise
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"cannot track to {shown(uri)}: {reason}") from error


def _is_known(error: Exception) -> bool:
    """Tell a server that does not answer from an address that no store could have."""
    return "Model registry functionality is unavailable" not in str(
        error
    ) and "Unsupported URI" not in str(error)
