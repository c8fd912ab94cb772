"""What trials share, built on a node of a cluster that has a GPU: here one in name only."""

import io
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import ray
import torch
from ray.cluster_utils import Cluster
from rich.console import Console

from sweeps.board import Board
from sweeps.cluster import Resources
from sweeps.engine import Run, Science
from sweeps.errors import InterruptedRunError
from sweeps.estimate import Estimator
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.remote import build_on_gpu
from sweeps.standing import read_record
from sweeps.work import Listed
from tests.sweeps import fakes
from trainables.errors import UserError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]
SIZE = 1_000_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without a GPU, where the driver is, and a node with one."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 0})
    cluster.add_node(num_cpus=2, num_gpus=1)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def driver(cluster: Cluster) -> None:
    # Workers stay from one test to the next; whoever joins by itself leaves first.
    if not ray.is_initialized():
        ray.init(address=cluster.address, log_to_driver=False)


def make_build(folder: Path, kind: str) -> Callable[..., dict[str, Any]]:
    """Give what builds, by value: workers do not know this file."""
    size = SIZE

    def build(configs: Sequence[Any], progress: Callable[[str, int, int], None]) -> dict[str, Any]:
        import os
        import time

        import numpy as np
        import ray

        from trainables.errors import UserError
        from trainables.paths import cache_dir

        (folder / "started").write_text(str(os.getpid()))
        for done in range(3):
            progress("embedding", done, 2)
            time.sleep(0.25)
        if kind == "refused":
            raise UserError("people: there is no folder /data/people.")
        if kind == "broken":
            raise ZeroDivisionError("a bug")
        if kind == "killed":
            os.kill(os.getpid(), 9)
        while kind == "slow":
            time.sleep(0.05)
        context = ray.get_runtime_context()
        where = {
            "gpus": context.get_accelerator_ids()["GPU"],
            "node": context.get_node_id(),
            "cache": str(cache_dir()),
            "configs": list(configs),
        }
        return {"where": where, "ones": np.ones(size), "twos": np.full(size, 2.0)}

    return build


def nothing(what: str, done: int, total: int) -> None:
    return


@pytest.mark.usefixtures("driver")
def test_it_is_built_where_the_gpu_is_and_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    told: list[tuple[str, int, int]] = []
    shared = build_on_gpu(
        make_build(tmp_path, "good"), ["a", "b"], lambda *what: told.append(what), Interrupt()
    )
    assert list(shared) == ["where", "ones", "twos"]
    assert all(isinstance(value, ray.ObjectRef) for value in shared.values())
    where = ray.get(shared["where"])
    here = ray.get_runtime_context().get_node_id()
    assert where["gpus"] == ["0"]
    assert where["node"] != here
    assert where["configs"] == ["a", "b"]
    assert where["cache"] == str(tmp_path / "cache")
    places = ray.experimental.get_object_locations([shared["ones"], shared["twos"]])
    for place in places.values():
        assert place["node_ids"] == [where["node"]]
    assert told[0] == ("waiting for a GPU of the cluster", 0, 1)
    assert told[1:] == [("embedding", done, 2) for done in range(3)]
    np.testing.assert_array_equal(ray.get(shared["twos"]), np.full(SIZE, 2.0))


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("kind", "error", "sentence"),
    [
        ("refused", UserError, r"^people: there is no folder /data/people\.$"),
        ("broken", ZeroDivisionError, "a bug"),
    ],
)
def test_errors_come_back_as_what_they_are(
    tmp_path: Path, kind: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        build_on_gpu(make_build(tmp_path, kind), [], nothing, Interrupt())


@pytest.mark.usefixtures("driver")
def test_a_process_that_always_dies_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.remote.MAX_BUILDER_DEATHS", 0)
    with pytest.raises(UserError, match="the cluster lost the process that built what trials"):
        build_on_gpu(make_build(tmp_path, "killed"), [], nothing, Interrupt())


def wait_until_gone(pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)


def run(address: str, results: Path, build: Callable[..., Any], console: Console) -> None:
    """Run two trials that cost nothing, as `unremember run --address` does, without tracking."""
    ray.shutdown()
    resources = Resources(address=address, gpus_per_trial=0.5)
    science = Science(trainable=fakes.Noop, build_shared=build)
    trials = fakes.make_trials(2)
    with Interrupt() as interrupt, Journal(results) as journal:
        Run(journal, MagicMock(), console, resources, {}, interrupt).run(
            Listed(trials), Board(trials, Estimator()), lambda: science
        )


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.device.best_device", lambda: torch.device("cpu"))


@pytest.mark.usefixtures("without_gpu")
def test_a_run_on_a_cluster_builds_there(cluster: Cluster, tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    run(cluster.address, tmp_path / "results", make_build(tmp_path, "good"), console)
    told = console.file.getvalue()
    assert f"joining the Ray cluster {cluster.address} ..." in told
    assert "embedding: 100%" in told
    assert "2/2 done" in told
    assert len(read_record(tmp_path / "results").keys("finished")) == 2
    assert os.getpid() != int((tmp_path / "started").read_text())
    assert not ray.is_initialized()


def test_a_driver_with_a_gpu_builds_by_itself(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.device.best_device", lambda: torch.device("cuda"))
    build = make_build(tmp_path, "refused")
    with pytest.raises(UserError, match="no folder /data/people"):
        run(cluster.address, tmp_path / "results", build, Console(file=io.StringIO()))
    assert os.getpid() == int((tmp_path / "started").read_text())


@pytest.mark.usefixtures("without_gpu")
def test_ctrl_c_ends_a_build_on_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    class Pressing(io.StringIO):
        def write(self, text: str) -> int:
            if "embedding: 100%" in text:
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    build = make_build(tmp_path, "slow")
    with pytest.raises(InterruptedRunError, match="SIGINT"):
        run(cluster.address, tmp_path / "results", build, Console(file=Pressing()))
    assert not ray.is_initialized()
    wait_until_gone(int((tmp_path / "started").read_text()))
