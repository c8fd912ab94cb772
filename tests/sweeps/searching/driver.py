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

SEARCH = trainables.search(num_candidates=3, seeds=[0, 1])


def main(folder: str, hangs_at: str) -> int:
    """Search by formulas: the results folder, and which of all trials that start never ends."""
    root = Path(folder)
    shared = fakes.shared_in(root) | {"hangs_at": int(hangs_at)}
    try:
        return search_and_show(
            SEARCH,
            root / "results",
            None,
            None,
            Resources(max_concurrent=1),  # the third trial starts when two have ended
            science=lambda: Science(
                trainable=trainables.Formula, build_shared=lambda configs, progress: shared
            ),
        )
    except InterruptedRunError as interrupted:
        return 128 + interrupted.signum
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
