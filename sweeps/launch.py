"""Running trials: assets once, then one Tune experiment of what is left."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from sweeps.cluster import Resources, Slots, ray_cluster
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.recorder import AllEndedError, Observer, Recorder
from sweeps.students import Students
from sweeps.trials import Trial
from trainables.config import BUILTIN
from trainables.pseudonyms import own_key

MAX_WORKER_DEATHS = 2


def run_trials(
    trials: Sequence[Trial],
    journal: Journal,
    trainable: type,
    shared: Mapping[str, Any],
    *,
    observers: Sequence[Observer] = (),
    resources: Resources | None = None,
    slots: Slots | None = None,
    provenance: Mapping[str, Any] | None = None,
    interrupt: Interrupt | None = None,
) -> None:
    """Run trials and journal how each of them ends.

    A trial whose worker dies runs again, at most `MAX_WORKER_DEATHS` times.

    Args:
        trials: what to run, in this order.
        journal: where events go before anything else.
        trainable: the Tune Trainable that runs a trial by its key.
        shared: what all trials read; each value goes once into Ray's object store, unless it is
            a reference to what is there.
        observers: told of everything after the journal.
        resources: what trials run on.
        slots: of a cluster that was joined for this run.
        provenance: kept with every event.
        interrupt: lets signals stop the run between two events.

    Raises:
        UserError: no cluster, or the disk is full.
        InterruptedRunError: a signal asked to stop; everything finished is in the journal.
    """
    if not trials:
        return
    interrupt = interrupt or Interrupt()
    with (
        _storage(journal.results) as storage,
        _ray_output(journal.results),
        nullcontext(slots) if slots else ray_cluster(resources or Resources()) as slots,
    ):
        students = Students(trials, journal.results)
        recorder = Recorder(
            trials, journal, observers, provenance or {}, interrupt, students,
            leave_at_once=slots.mine,
        )  # fmt: skip
        interrupt.listen()  # Ray has taken SIGTERM
        interrupt.deferred = True
        try:
            _run_experiment(
                trials, trainable, shared, students.wanted, recorder, slots, Path(storage)
            )
        except AllEndedError:
            pass
        except Exception as error:
            raise (recorder.error or error) from None
        finally:
            interrupt.deferred = False


def pseudonym_key(trials: Sequence[Trial]) -> bytes:
    """Give the key of what people are called; empty where all of them are invented.

    Raises:
        UserError: it cannot be read, or is no key of its owner alone.
    """
    return own_key() if any(trial.config.data != BUILTIN for trial in trials) else b""


@contextmanager
def _ray_output(results: Path) -> Iterator[None]:
    """Keep what Ray prints off the live view: pages of advice for every worker that dies."""
    path = results / "logs" / "ray.log"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file, redirect_stdout(file):
        yield


def _storage(results: Path) -> tempfile.TemporaryDirectory[str]:
    """Make a fresh folder for Tune, and remove what a killed driver left of an earlier one."""
    folder = (results / "ray").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True)


def _run_experiment(
    trials: Sequence[Trial],
    trainable: type,
    shared: Mapping[str, Any],
    wanted: frozenset[str],
    recorder: Recorder,
    slots: Slots,
    storage: Path,
) -> None:
    import ray
    from ray import tune

    jobs = {trial.key: trial.config.model_dump() for trial in trials}
    references = {
        name: value if isinstance(value, ray.ObjectRef) else ray.put(value)
        for name, value in shared.items()
    }
    extra: dict[str, Any] = {"kept": wanted} if wanted else {}
    if key := pseudonym_key(trials):
        extra["pseudonym_key"] = key
    with_all = tune.with_parameters(trainable, jobs=jobs, shared=references, **extra)
    # Not a Tuner: it pickles its callbacks, and ours hold the journal.
    tune.run(
        tune.with_resources(with_all, slots.request()),
        name=storage.name,
        storage_path=str(storage.parent),
        config={"trial_key": tune.grid_search([trial.key for trial in trials])},
        callbacks=[recorder],
        reuse_actors=True,
        max_concurrent_trials=slots.limit,
        max_failures=MAX_WORKER_DEATHS,
        checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False, checkpoint_frequency=0),
        raise_on_failed_trial=False,
        verbose=0,
    )
