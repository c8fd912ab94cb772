import pkgutil
import subprocess
import sys

import analysis

PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print([name for name in ("polars", "torch", "ray", "mlflow") if name in sys.modules])
import mlflow
print(mlflow.MlflowClient.__name__, [name for name in ("torch", "ray") if name in sys.modules])
"""


def test_analysis_imports_neither_torch_nor_ray_and_mlflow_only_to_read():
    names = [m.name for m in pkgutil.walk_packages(analysis.__path__, "analysis.")]
    assert "analysis.render.latex" in names
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *names], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["['polars']", "MlflowClient []"]
