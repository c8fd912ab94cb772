"""Which code on which machine: told once a run and kept with every result."""

import os
import platform
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("unremember", "torch", "open_clip_torch", "ray", "mlflow")
_TIMEOUT_S = 10


def provenance() -> dict[str, Any]:
    """Tell the code's commit, the versions of what matters, and the machine."""
    return {
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "versions": {"python": platform.python_version()} | _versions(),
        "hostname": socket.gethostname(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "num_cpus": os.cpu_count() or 0,
        "memory_gb": _memory_gb(),
        "gpus": _gpus(),
        "command": " ".join(sys.argv),
    }


def _git(*args: str) -> str:
    """Ask git about the project's own checkout; empty where there is none."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return ""
    return _output("git", "-C", str(root), *args)


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory_gb() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (OSError, ValueError):
        return 0.0


def _gpus() -> list[str]:
    """Name the GPUs without loading a framework."""
    return _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
