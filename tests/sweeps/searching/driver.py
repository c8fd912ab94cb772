"""A search with trials that cost nothing, to be started, interrupted and killed by tests."""

import sys
from pathlib import Path

from sweeps.cluster import Resources
from sweeps.engine import Science
from sweeps.errors import InterruptedRunError
from sweeps.searching.run import search_and_show
from tests.sweeps import fakes
from tests.sweeps.searching import trainables
from trainables.errors import UserError


def main(folder: str, kind: str, num_candidates: str, seconds: str) -> int:
    """Search by formulas: the results folder, the trainable, and how long each trial takes."""
    root = Path(folder)
    shared = fakes.shared_in(root, seconds=float(seconds))
    try:
        return search_and_show(
            trainables.search(num_candidates=int(num_candidates)),
            root / "results",
            None,
            None,
            Resources(max_concurrent=1),  # the fifth trial starts when four have ended
            science=lambda: Science(
                trainable=getattr(trainables, kind), build_shared=lambda configs, progress: shared
            ),
        )
    except InterruptedRunError as interrupted:
        return 128 + interrupted.signum
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
