"""Building what trials share on another machine: a node of the cluster that has a GPU."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sweeps.cluster import first_line
from sweeps.interrupt import Interrupt
from trainables.errors import UserError
from trainables.paths import CACHE_VARIABLE

Progress = Callable[[str, int, int], None]
BuildShared = Callable[[Sequence[Any], Progress], Mapping[str, Any]]

MAX_BUILDER_DEATHS = 2
_POLL_S = 0.2


def build_on_gpu(
    build: BuildShared, configs: Sequence[Any], progress: Progress, interrupt: Interrupt
) -> dict[str, Any]:
    """Build what trials share on a node of the cluster that has a GPU.

    A node that is lost is replaced by another one. Nothing of what is built passes through the
    driver.

    Args:
        build: makes it, in the cache of that node.
        configs: of all trials.
        progress: told what is being done there.
        interrupt: asked all the time whether to stop.

    Returns:
        References into Ray's object store, by the names that `build` gives.

    Raises:
        UserError: `build` raised it, or its process was lost too often.
        InterruptedRunError: a signal asked to stop; what is in the node's cache stays there.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    reports = ray.remote(num_cpus=0)(_Reports).remote()
    task = ray.remote(num_gpus=1, num_returns="streaming", max_retries=MAX_BUILDER_DEATHS)(_build)
    stream = task.remote(build, configs, reports, os.environ.get(CACHE_VARIABLE))
    progress("waiting for a GPU of the cluster", 0, 1)
    interrupt.deferred = True  # What a handler raises in Ray's own code would be lost there.
    try:
        return _follow(stream, reports, progress, interrupt)
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, UserError) else error from None
    except RayError as error:
        raise UserError(
            f"the cluster lost the process that built what trials share ({first_line(error)}): "
            "run the same command again, and it goes on where it stopped."
        ) from error
    except BaseException:
        ray.cancel(stream, force=True)
        raise
    finally:
        interrupt.deferred = False
        ray.kill(reports)


def _follow(stream: Any, reports: Any, progress: Progress, interrupt: Interrupt) -> dict[str, Any]:
    """Pass on what is said until all is built."""
    import ray

    end, news = stream.completed(), reports.take.remote()
    while not ray.wait([end], timeout=_POLL_S)[0]:
        interrupt.check()
        if ray.wait([news], timeout=0)[0]:
            _relay(ray.get(news), progress)
            news = reports.take.remote()
    ray.get(end)  # Raises what the builder raised.
    _relay([*ray.get(news), *ray.get(reports.take.remote())], progress)
    return dict(zip(ray.get(next(stream)), stream, strict=True))


class _Reports:
    """An actor that keeps what was said until the driver asks."""

    def __init__(self) -> None:
        self._said: list[tuple[str, int, int]] = []

    def tell(self, what: str, done: int, total: int) -> None:
        self._said.append((what, done, total))

    def take(self) -> list[tuple[str, int, int]]:
        said, self._said = self._said, []
        return said


def _relay(said: Sequence[tuple[str, int, int]], progress: Progress) -> None:
    for what, done, total in said:
        progress(what, done, total)


def _build(
    build: BuildShared, configs: Sequence[Any], reports: Any, cache: str | None
) -> Iterator[Any]:
    """Build on a worker; give names, then values, each of which stays in that node's store."""
    if cache:
        os.environ[CACHE_VARIABLE] = cache
    last: dict[str, float] = {}

    def tell(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - last.get(what, -_POLL_S) >= _POLL_S:
            last[what] = now
            reports.tell.remote(what, done, total)

    shared = build(configs, tell)
    yield tuple(shared)
    # Ray sends into the generator, which `yield from` would pass on to what cannot take it.
    for value in shared.values():  # noqa: UP028
        yield value
