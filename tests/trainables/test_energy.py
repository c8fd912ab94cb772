"""Energy from counters of the hardware, here of a fake NVML and of folders like those of sysfs."""

import os
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import torch

from trainables import energy
from trainables.energy import EnergyMeter, Gpu, PackageCounter, Packages, busy_s, energy_meter

TICKS = os.sysconf("SC_CLK_TCK")
CUDA = torch.device("cuda", 0)


class FakeNvml:
    """A driver with one GPU."""

    class NVMLError_NotSupported(Exception):  # noqa: N801, N818
        pass

    def __init__(self, has_counter=True, mig=None):
        self.energy_mj = 5_000_000
        self.has_counter = has_counter
        self.mig = mig

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        assert uuid == "GPU-1234"
        return "handle"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        assert handle == "handle"
        if not self.has_counter:
            raise self.NVMLError_NotSupported
        return self.energy_mj

    def nvmlDeviceGetMigMode(self, handle):  # noqa: N802
        if self.mig is None:
            raise self.NVMLError_NotSupported
        return [self.mig, self.mig]


@pytest.fixture
def use_nvml(monkeypatch):
    def use(nvml):
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1234")
        )
        return nvml

    return use


def _zone(powercap, name, uj=0, kind="package-0", range_uj=1_000_000):
    zone = powercap / name
    zone.mkdir(parents=True)
    (zone / "name").write_text(f"{kind}\n")
    (zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
    _set(zone, uj)
    return zone


def _set(zone, uj):
    written = zone / "written"
    written.write_text(f"{uj}\n")
    written.replace(zone / "energy_uj")  # at once, since a thread may be reading


def _busy(path, seconds):
    # user nice system idle iowait irq softirq steal guest guest_nice
    path.write_text(f"cpu  {int(seconds * TICKS)} 0 0 77777 8888 0 0 999 0 0\ncpu0 1 1 1 1\n")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with one package, of whose time the test says how much is busy and how much own."""
    own = SimpleNamespace(s=0.0)
    monkeypatch.setattr(time, "process_time", lambda: own.s)
    zone = _zone(tmp_path / "powercap", "intel-rapl:0", uj=900_000)
    stat = tmp_path / "stat"
    _busy(stat, 100)

    def pass_time(own_s, busy_s, uj):
        own.s += own_s
        _busy(stat, 100 + busy_s)
        _set(zone, uj)

    return SimpleNamespace(powercap=zone.parent, zone=zone, stat=stat, pass_time=pass_time)


def _meter(machine):
    return EnergyMeter(Packages.found(machine.powercap, machine.stat))


def test_a_gpu_of_one_s_own_is_measured(use_nvml):
    nvml = use_nvml(FakeNvml())
    meter = energy_meter(CUDA, num_gpus=1)
    meter.start()
    nvml.energy_mj += 12_345
    assert meter.stop() == pytest.approx(12.345)
    meter.start()
    nvml.energy_mj += 1_000
    assert meter.stop() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("nvml", "num_gpus"),
    [(FakeNvml(), 0.5), (FakeNvml(has_counter=False), 1), (FakeNvml(mig=1), 1), (None, 1)],
    ids=["shared", "no counter", "split by MIG", "no NVML"],
)
def test_a_gpu_that_is_shared_or_does_not_tell_is_unknown(use_nvml, nvml, num_gpus):
    use_nvml(nvml)
    meter = energy_meter(CUDA, num_gpus)
    meter.start()
    if nvml:
        nvml.energy_mj += 1
    assert meter.stop() is None


def test_mig_that_is_off_splits_nothing(use_nvml):
    use_nvml(FakeNvml(mig=0))
    assert isinstance(Gpu.found(CUDA), Gpu)


def test_a_driver_that_is_loaded_anew_or_breaks_makes_it_unknown(use_nvml):
    nvml = use_nvml(FakeNvml())
    meter = energy_meter(CUDA, num_gpus=1)
    meter.start()
    nvml.energy_mj = 3
    assert meter.stop() is None
    meter.start()
    nvml.has_counter = False
    assert meter.stop() is None
    meter.start()
    assert meter.stop() is None


def test_packages_are_measured_and_go_round(machine):
    meter = _meter(machine)
    meter.start()
    machine.pass_time(own_s=9.5, busy_s=10, uj=100_000)
    assert meter.stop() == pytest.approx(0.2)


def test_packages_that_others_keep_busy_are_unknown(machine):
    meter = _meter(machine)
    meter.start()
    machine.pass_time(own_s=8, busy_s=10, uj=950_000)
    assert meter.stop() is None


def test_only_packages_count_and_each_once(machine):
    _zone(machine.powercap, "intel-rapl:1", kind="package-1")
    _zone(machine.powercap, "intel-rapl:2", kind="psys")
    _zone(machine.powercap, "intel-rapl:0:0", kind="core")
    _zone(machine.powercap, "intel-rapl-mmio:0", kind="package-0")
    meter = _meter(machine)
    meter.start()
    for name in ("1", "2", "0:0"):
        _set(machine.powercap / f"intel-rapl:{name}", 300_000)
    _set(machine.powercap / "intel-rapl-mmio:0", 300_000)
    machine.pass_time(own_s=1, busy_s=1, uj=950_000)
    assert meter.stop() == pytest.approx(0.35)


def test_a_counter_is_read_before_it_goes_round_twice(machine, monkeypatch):
    monkeypatch.setattr(energy, "_SAMPLE_S", 0.001)
    reads, went_round = PackageCounter.read_j, threading.Event()

    def read_j(counter):
        found = reads(counter)
        if counter._used_uj >= 500_000:
            went_round.set()
        return found

    monkeypatch.setattr(PackageCounter, "read_j", read_j)
    meter = _meter(machine)
    meter.start()
    machine.pass_time(own_s=1, busy_s=1, uj=400_000)
    assert went_round.wait(30)
    machine.pass_time(own_s=0, busy_s=1, uj=950_000)
    assert meter.stop() == pytest.approx(1.05)


def test_a_sample_that_fails_makes_it_unknown(machine, monkeypatch):
    monkeypatch.setattr(energy, "_SAMPLE_S", 0.001)
    failed = threading.Event()

    def fails(counter):
        failed.set()
        raise OSError

    meter = _meter(machine)
    with monkeypatch.context() as broken:
        broken.setattr(PackageCounter, "read_j", fails)
        meter.start()
        assert failed.wait(30)
    assert meter.stop() is None


def test_a_counter_that_vanishes_makes_it_unknown_and_stops_the_thread(machine):
    threads = threading.active_count()
    meter = _meter(machine)
    meter.start()
    assert threading.active_count() == threads + 1
    (machine.zone / "energy_uj").unlink()
    assert meter.stop() is None
    assert threading.active_count() == threads
    meter.start()
    assert meter.stop() is None
    assert threading.active_count() == threads


def test_a_trial_that_was_left_is_forgotten(machine):
    meter = _meter(machine)
    meter.start()
    machine.pass_time(own_s=5, busy_s=5, uj=100_000)
    meter.start()
    machine.pass_time(own_s=6, busy_s=6, uj=100_300)
    assert meter.stop() == pytest.approx(3e-4)
    assert meter.stop() is None


@pytest.mark.parametrize("what", ["powercap", "energy_uj", "stat", "words"])
def test_what_is_not_there_or_may_not_be_read_is_unknown(machine, tmp_path, what):
    if what == "energy_uj":
        (machine.zone / "energy_uj").unlink()
        (machine.zone / "energy_uj").mkdir()  # root may read any file, but no folder
    elif what == "words":
        machine.stat.write_text("processor 1 2 3 4 5 6 7 8\n")
    else:
        setattr(machine, what, tmp_path / "nothing")
    assert Packages.found(machine.powercap, machine.stat) is None


def test_an_unknown_device_costs_nothing():
    meter = energy_meter(torch.device("meta"), num_gpus=1)
    meter.start()
    assert meter.stop() is None


def test_busy_time_leaves_waiting_and_other_machines_out(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 30 4444 555 6 7 888 0 0\n")
    assert busy_s(stat) == pytest.approx(163 / TICKS)
