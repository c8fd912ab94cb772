"""The energy that a trial used, from counters of the hardware; unknown where they are not its own.

A trial on a GPU is measured by the counter of that GPU, one on CPUs by those of the packages. What
a counter shares with other work is never split up, and nothing is estimated.
"""

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import Any, Protocol

import torch

POWERCAP = Path("/sys/class/powercap")
STAT = Path("/proc/stat")
OWN_SHARE = 0.9
"""Of the machine's busy time: what Ray does beside a trial takes a few per cent."""
_SAMPLE_S = 20.0
"""Counters of 65 kJ, the smallest known, do not go round within it below 3 kW a package."""
_BUSY = (0, 1, 2, 5, 6)
"""In the first line of /proc/stat: user, nice, system, irq and softirq."""


class Source(Protocol):
    """Counts energy between two moments; may raise anything."""

    def start(self) -> None:
        """Begin to count."""

    def stop(self) -> float | None:
        """End, and give joules; None where they are not the trial's own."""


class EnergyMeter:
    """Measures one trial after the other; no failure of a counter reaches a trial.

    Args:
        source: of the numbers; None where there is none, which costs nothing.
    """

    def __init__(self, source: Source | None) -> None:
        self._source = source
        self._is_running = False

    def start(self) -> None:
        """Begin a trial; one that was not stopped is forgotten."""
        self.stop()
        if self._source is not None:
            # Whatever a driver raises, a trial is worth more than its energy.
            with contextlib.suppress(Exception):
                self._source.start()
                self._is_running = True

    def stop(self) -> float | None:
        """End a trial, and give joules; None where they are unknown."""
        if self._source is None or not self._is_running:
            return None
        self._is_running = False
        try:
            return self._source.stop()
        except Exception:
            return None


def energy_meter(device: torch.device, num_gpus: float) -> EnergyMeter:
    """Choose what measures the trials of a worker.

    Args:
        device: that they compute on.
        num_gpus: that each of them has; less than one is shared.
    """
    if device.type == "cpu":
        return EnergyMeter(Packages.found())
    if device.type == "cuda" and num_gpus >= 1:
        return EnergyMeter(Gpu.found(device))
    return EnergyMeter(None)


class Gpu:
    """The energy counter of a whole GPU, through NVML; Volta and later have one.

    Args:
        nvml: the module pynvml, initialised.
        handle: of the GPU.
    """

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle
        self._first = 0

    @classmethod
    def found(cls, device: torch.device) -> "Gpu | None":
        """Find the counter of a CUDA device; None without one, or where MIG splits the GPU."""
        try:
            import pynvml

            pynvml.nvmlInit()
            # Not by index: CUDA counts the visible GPUs only, in an order of its own.
            uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
            gpu = cls(pynvml, pynvml.nvmlDeviceGetHandleByUUID(uuid))
            gpu.start()
            return None if _is_split(pynvml, gpu._handle) else gpu
        except Exception:  # no driver, no counter, or no NVIDIA GPU
            return None

    def start(self) -> None:
        """Begin to count."""
        self._first = self._read_mj()

    def stop(self) -> float | None:
        """End, and give joules; None where the driver was loaded anew meanwhile."""
        used_mj = self._read_mj() - self._first
        return used_mj / 1e3 if used_mj >= 0 else None

    def _read_mj(self) -> int:
        return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))


def _is_split(nvml: Any, handle: Any) -> bool:
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError_NotSupported:
        return False
    return bool(current)


class Packages:
    """The energy counters of all CPU packages of a machine on which nothing else works.

    Args:
        counters: one a package.
        stat: the kernel's /proc/stat, which is of the whole machine in a container too.
    """

    def __init__(self, counters: "list[PackageCounter]", stat: Path = STAT) -> None:
        self._counters = counters
        self._stat = stat

    @classmethod
    def found(cls, powercap: Path = POWERCAP, stat: Path = STAT) -> "Packages | None":
        """Find the counters; None where there are none that may be read, often by root only."""
        try:
            # Not intel-rapl-mmio: the same packages once more.
            zones = [zone for zone in powercap.glob("intel-rapl:*")
                     if re.fullmatch(r"intel-rapl:\d+", zone.name)
                     and (zone / "name").read_text().startswith("package")]  # fmt: skip
            busy_s(stat)
            counters = [PackageCounter(zone) for zone in zones]
        except (OSError, ValueError):
            return None
        return cls(counters, stat) if counters else None

    def start(self) -> None:
        """Begin to count; a thread looks at the counters before they can go round twice."""
        for counter in self._counters:
            counter.start()
        self._busy_s, self._own_s = busy_s(self._stat), time.process_time()
        self._has_gap = False
        self._stopped = threading.Event()
        self._sampler = threading.Thread(target=self._sample, args=[self._stopped], daemon=True)
        self._sampler.start()

    def stop(self) -> float | None:
        """End, and give joules; None where other work kept the machine busy as well."""
        self._stopped.set()
        self._sampler.join()
        used_j = sum(counter.read_j() for counter in self._counters)
        own_s = time.process_time() - self._own_s
        is_own = own_s >= OWN_SHARE * (busy_s(self._stat) - self._busy_s)
        return used_j if is_own and not self._has_gap else None

    def _sample(self, stopped: threading.Event) -> None:
        while not stopped.wait(_SAMPLE_S):
            try:
                for counter in self._counters:
                    counter.read_j()
            except (OSError, ValueError):
                self._has_gap = True


class PackageCounter:
    """The counter of a package, which begins anew at its end.

    Args:
        zone: its folder below /sys/class/powercap.
    """

    def __init__(self, zone: Path) -> None:
        self._path = zone / "energy_uj"
        self._range_uj = int((zone / "max_energy_range_uj").read_text())
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self._last_uj = self._read_uj()
        self._used_uj = 0

    def read_j(self) -> float:
        """Give joules since the start; the counter must not have gone round twice since a read."""
        now_uj = self._read_uj()
        self._used_uj += (now_uj - self._last_uj) % self._range_uj
        self._last_uj = now_uj
        return self._used_uj / 1e6

    def _read_uj(self) -> int:
        return int(self._path.read_text())


def busy_s(stat: Path = STAT) -> float:
    """Give the time that all processes together have kept CPUs busy since the machine started.

    Raises:
        OSError: the system does not say.
        ValueError: it says something else.
    """
    name, *ticks = stat.read_text().partition("\n")[0].split()
    if name != "cpu" or len(ticks) <= max(_BUSY):
        raise ValueError(f"{stat} has no times of CPUs")
    return sum(int(ticks[i]) for i in _BUSY) / os.sysconf("SC_CLK_TCK")
