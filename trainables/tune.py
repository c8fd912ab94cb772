"""Trials as Ray Tune Trainables: the only file of the science that imports ray."""

import platform
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import ray
import torch
from ray import tune

from trainables.assets import Assets, assets_key
from trainables.building.assets import build_assets
from trainables.config import BUILTIN, TrialConfig
from trainables.device import best_device
from trainables.energy import energy_meter
from trainables.errors import TrialFailedError, UserError
from trainables.export.state import student_arrays
from trainables.models.load import Progress as AssetProgress
from trainables.outcome import Measured
from trainables.pseudonyms import pseudonyms
from trainables.trial import Progress, Trained, TrialRunner


def build_shared(
    configs: Sequence[TrialConfig], progress: AssetProgress | None = None
) -> dict[str, Assets]:
    """Build what trials share, each once, before any of them starts, and check each against it.

    Args:
        configs: all trials that will run.
        progress: told what is being done.

    Returns:
        Assets by their key.

    Raises:
        UserError: a trial cannot be run: before any of them has cost anything.
    """
    device = best_device()
    needed = {assets_key(config): config for config in configs}
    shared = {key: build_assets(config, device, progress) for key, config in needed.items()}
    for config in configs:
        shared[assets_key(config)].check(config)
    return shared


class TrialTrainable(tune.Trainable):
    """Runs one trial after the other on an actor that keeps its models.

    The configuration that Tune hands over holds only `trial_key`; the trials themselves and what
    they share come once, through `tune.with_parameters`. A trial that nobody knew at the start
    comes in the configuration, as `trial`.
    """

    def setup(
        self,
        config: dict[str, Any],
        jobs: dict[str, dict[str, Any]],
        shared: dict[str, "ray.ObjectRef[Assets]"],
        kept: frozenset[str] = frozenset(),
        pseudonym_key: bytes = b"",
    ) -> None:
        """Keep what all trials of this actor need; Tune calls it once an actor.

        Args:
            config: of the first trial.
            jobs: configurations of the trials that are known at the start, by their keys.
            shared: assets by their keys.
            kept: keys of the trials whose students the driver may want.
            pseudonym_key: of what real people are called outside of the workers.
        """
        self._jobs = jobs
        self._kept = kept
        self._pseudonyms = pseudonyms(pseudonym_key)
        self._shared = shared
        self._runners: dict[str, TrialRunner] = {}
        cpus = self.trial_resources.head_cpus if self.trial_resources else 1
        # One process a trial: more threads than its share of CPUs would only wait for each other.
        torch.set_num_threads(max(1, int(cpus or 1)))
        needed = self.trial_resources.required_resources if self.trial_resources else {}
        self._energy = energy_meter(best_device(), needed.get("GPU", 0))
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        fields = new_config.get("trial") or self._jobs[new_config["trial_key"]]
        self._config = TrialConfig.model_validate(fields)
        self._trial: Iterator[Progress | Measured] | None = None
        self._curve: list[dict[str, float]] = []
        self._students: dict[str, Any] = {}
        self._keep = self._offer if new_config["trial_key"] in self._kept else None
        self._started = time.perf_counter()
        return True

    def step(self) -> dict[str, Any]:
        """Go on to the next report, or to the end.

        A trial that fails for reasons of its own is a result like any other: the actor stays. Only
        a lost process is for Tune to mend, by running the trial again.
        """
        try:
            if self._trial is None:
                self._started = time.perf_counter()
                self._trial = self._runner().run(self._config, self._keep)
                self._energy.start()
            report = next(self._trial)
        except (TrialFailedError, UserError) as error:
            return self._failed(str(error), None)
        except Exception as error:
            return self._failed(f"{type(error).__name__}: {error}", traceback.format_exc())
        if isinstance(report, Progress):
            self._curve.append(report.flat())
            return {**report.flat(), "num_steps": report.num_steps, "done": False}
        outcome = {"status": "finished", "curve": self._curve} | asdict(report)
        used_j = self._energy.stop()
        outcome["metrics"] |= {} if used_j is None else {"energy_j": used_j}
        return self._ended(outcome | self._students)

    def _runner(self) -> TrialRunner:
        key = assets_key(self._config)
        if key not in self._runners:
            # One at a time: two large models side by side may not fit on the device.
            self._runners.clear()
            # The people of the built-in world are invented.
            label = str if self._config.data == BUILTIN else self._pseudonyms
            assets = ray.get(self._shared[key])
            self._runners[key] = TrialRunner(assets, best_device(), label)
        return self._runners[key]

    def _offer(self, trained: Trained) -> None:
        """Leave the students where the driver can take them, if it wants them: only then they move.

        That there is no room for them is no reason to lose the trial.
        """
        try:
            self._students = {"students": ray.put(student_arrays(trained.students))}
        except (ray.exceptions.RayError, OSError) as error:
            self._students = {"students_lost": str(error).partition("\n")[0]}

    def _failed(self, error: str, trace: str | None) -> dict[str, Any]:
        self._trial = None
        step = self._curve[-1]["step"] if self._curve else None
        return self._ended({"status": "failed", "error": error, "traceback": trace, "step": step})

    def _ended(self, outcome: dict[str, Any]) -> dict[str, Any]:
        worker = {
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "num_threads": torch.get_num_threads(),
            "hostname": platform.node(),
        }
        duration_s = time.perf_counter() - self._started
        return {"done": True, "outcome": {**outcome, "worker": worker, "duration_s": duration_s}}
