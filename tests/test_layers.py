"""The layers: the science imports neither ray nor mlflow, and analysis does not import torch."""

import pkgutil
import subprocess
import sys

import pytest

import analysis
import trainables


def modules(package):
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    return sorted(module.name for module in found)


SCIENCE = [name for name in modules(trainables) if name != "trainables.tune"]
CASES = [
    ("the science", SCIENCE, {"ray", "mlflow", "sweeps", "analysis"}),
    ("analysis", modules(analysis), {"torch", "ray", "open_clip", "sweeps"}),
    ("a spec", ["sweeps.spec", "sweeps.cli", "trainables.config"], {"torch", "ray", "mlflow"}),
]


@pytest.mark.parametrize(("names", "forbidden"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_imports_stay_in_their_layer(names, forbidden):
    assert names
    program = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
    loaded = {forbidden!r} & {{module.partition(".")[0] for module in sys.modules}}
    assert not loaded, f"{{name}} imports {{sorted(loaded)}}"
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
