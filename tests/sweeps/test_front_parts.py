"""What `unremember front` imports: who asks for a text does not wait for what draws."""

import subprocess
import sys


def test_a_text_needs_nothing_that_draws() -> None:
    drawing = {"altair", "vl_convert", "great_tables", "sklearn", "torch", "ray", "mlflow"}
    program = f"import sys, sweeps.front; print(*sorted({drawing!r} & sys.modules.keys()))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []
