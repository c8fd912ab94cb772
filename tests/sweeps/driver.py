"""A driver with trials that cost nothing, to be started, interrupted and killed by tests."""

import sys
from pathlib import Path

from sweeps.cluster import Resources
from sweeps.command import run_and_show
from sweeps.engine import Science
from sweeps.errors import InterruptedRunError
from sweeps.overrides import override
from sweeps.spec import load_sweep
from tests.sweeps import fakes
from trainables.errors import UserError


def main(folder: str, kind: str, settings: str, *options: str) -> int:
    """Run the quickstart with fakes: the results folder, the trainable, `--set` settings."""
    root = Path(folder)
    shared = fakes.shared_in(root, seconds=float(options[0]) if options else 0.5)
    sweep = override(load_sweep("quickstart"), settings.split())
    try:
        return run_and_show(
            [sweep],
            root / "results",
            next((option for option in options if option.startswith("http")), None),
            Resources(),
            retry="retry" in options,
            science=lambda: Science(
                trainable=getattr(fakes, kind), build_shared=lambda configs, progress: shared
            ),
        )
    except InterruptedRunError as interrupted:
        return 128 + interrupted.signum
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
