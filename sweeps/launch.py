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
from sweeps.work import Listed, Work
from trainables.config import BUILTIN, TrialConfig
from trainables.pseudonyms import own_key

MAX_WORKER_DEATHS = 2


def run_trials(
    trials: Sequence[Trial] | Work,
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
        trials: what to run, in this order; or who decides that while others run.
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
    work = Listed(trials) if isinstance(trials, Sequence) else trials
    if work.is_over:
        return
    interrupt = interrupt or Interrupt()
    with (
        _storage(journal.results) as storage,
        _ray_output(journal.results),
        nullcontext(slots) if slots else ray_cluster(resources or Resources()) as slots,
    ):
        students = Students(work.known, journal.results)
        recorder = Recorder(
            work, journal, observers, provenance or {}, interrupt, students,
            leave_at_once=slots.mine,
        )  # fmt: skip
        interrupt.listen()  # Ray has taken SIGTERM
        interrupt.deferred = True
        try:
            _run_experiment(
                work, trainable, shared, students.wanted, recorder, slots, Path(storage)
            )
        except AllEndedError:
            pass
        except Exception as error:
            raise (recorder.error or error) from None
        finally:
            interrupt.deferred = False


def pseudonym_key(configs: Sequence[TrialConfig]) -> bytes:
    """Give the key of what people are called; empty where all of them are invented.

    Raises:
        UserError: it cannot be read, or is no key of its owner alone.
    """
    return own_key() if any(config.data != BUILTIN for config in configs) else b""


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
    work: Work,
    trainable: type,
    shared: Mapping[str, Any],
    wanted: frozenset[str],
    recorder: Recorder,
    slots: Slots,
    storage: Path,
) -> None:
    import ray
    from ray import tune

    jobs = {trial.key: trial.config.model_dump() for trial in work.known}
    references = {
        name: value if isinstance(value, ray.ObjectRef) else ray.put(value)
        for name, value in shared.items()
    }
    extra: dict[str, Any] = {"kept": wanted} if wanted else {}
    if key := pseudonym_key(work.configs):
        extra["pseudonym_key"] = key
    with_all = tune.with_parameters(trainable, jobs=jobs, shared=references, **extra)
    # Not a Tuner: it pickles its callbacks, and ours hold the journal.
    tune.run(
        tune.with_resources(with_all, slots.request()),
        name=storage.name,
        storage_path=str(storage.parent),
        callbacks=[recorder],
        reuse_actors=True,
        max_failures=MAX_WORKER_DEATHS,
        checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False, checkpoint_frequency=0),
        raise_on_failed_trial=False,
        verbose=0,
        **work.tune_options(slots),
    )
