"""Ray: a cluster of this machine's cores, or one that runs already."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trainables.errors import UserError

_ENVIRONMENT = {
    # Tune would write a folder of logs for every trial; the journal has them.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Tune's own answer to Ctrl-C waits for running trials.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # Failures are journaled and shown by us.
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    # The experiment is never restored: what is finished is known from the journal.
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",
    # A trial's last result holds its outcome, not what a search prunes by.
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What trials run on.

    Attributes:
        address: of a running Ray cluster; empty starts one on this machine.
        cpus_per_trial: CPUs of each trial.
        gpus_per_trial: GPUs of each trial, a fraction to share one; None takes one if there is one.
        max_concurrent: most trials at a time; None as many as fit.
    """

    address: str = ""
    cpus_per_trial: float = 1
    gpus_per_trial: float | None = None
    max_concurrent: int | None = None

    def check(self) -> None:
        """Refuse what no cluster can give.

        Raises:
            UserError: a number makes no sense.
        """
        if self.cpus_per_trial < 0 or (self.gpus_per_trial or 0) < 0:
            raise UserError("--cpus-per-trial and --gpus-per-trial cannot be negative.")
        if self.cpus_per_trial == 0 and not self.gpus_per_trial:
            raise UserError("--cpus-per-trial 0 needs --gpus-per-trial above 0.")
        if self.max_concurrent is not None and self.max_concurrent < 1:
            raise UserError("--max-concurrent must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Slots:
    """What trials get.

    Attributes:
        cpus: of one trial.
        gpus: of one trial.
        count: how many trials fit at a time.
        limit: the most that the user wants at a time.
        mine: whether Ray is left, with all that runs there, when the run is over.
    """

    cpus: float
    gpus: float
    count: int
    limit: int | None
    mine: bool

    def request(self) -> dict[str, float]:
        """Give the resources of one trial as Ray names them."""
        return {"cpu": self.cpus, "gpu": self.gpus} if self.gpus else {"cpu": self.cpus}


@contextmanager
def ray_cluster(resources: Resources) -> Iterator[Slots]:
    """Start or join a cluster, and leave it however the block ends.

    Raises:
        UserError: there is no cluster at the address, or a trial does not fit into it.
    """
    resources.check()
    os.environ |= {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    import ray

    mine = not ray.is_initialized()
    if mine:
        _start(resources)
    try:
        total = ray.cluster_resources()
        slots = _slots(resources, total.get("CPU", 0), total.get("GPU", 0), mine=mine)
        if not resources.address:
            # Each waiting trial holds a placement group; more than a few only cost time.
            os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", str(2 * slots.count + 2))
        yield slots
    finally:
        if mine:
            ray.shutdown()


def _start(resources: Resources) -> None:
    import ray

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            ray.init(
                address=resources.address or "local",
                include_dashboard=None if resources.address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except ConnectionError as error:
            raise UserError(
                f"there is no Ray cluster at {resources.address}: {first_line(error)}"
            ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    # "Trials did not complete": each of them is journaled, logged and shown.
    logging.getLogger("ray.tune.tune").setLevel(logging.CRITICAL)


def first_line(error: Exception) -> str:
    """Give the first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _slots(resources: Resources, cpus: float, gpus: float, *, mine: bool) -> Slots:
    per_trial = resources.gpus_per_trial
    if per_trial is None:
        per_trial = 1.0 if gpus else 0.0
    fits = [cpus / resources.cpus_per_trial] if resources.cpus_per_trial else []
    fits += [gpus / per_trial] if per_trial else []
    count = int(min(fits))
    if count < 1 and not resources.address:  # a cluster may still grow
        raise UserError(
            f"no trial fits: it asks for {resources.cpus_per_trial:g} CPUs and {per_trial:g} GPUs "
            f"and this machine has {cpus:g} and {gpus:g}."
        )
    limit = resources.max_concurrent
    count = min(max(count, 1), limit or max(count, 1))
    return Slots(cpus=resources.cpus_per_trial, gpus=per_trial, count=count, limit=limit, mine=mine)
