"""What the sweeper itself costs: trials that do nothing, through Tune, journal and MLflow."""

import tempfile
from pathlib import Path

from tests.sweeps.fakes import measure_overhead


def measure(num_trials: int) -> str:
    lines = []
    for track in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            found = measure_overhead(Path(folder), num_trials, track=track)
        rate = found["trials_per_s_tracked"] if track else found["trials_per_s"]
        where = "in journal and MLflow (SQLite)" if track else "in the journal"
        lines.append(
            f"sweeper        {num_trials} no-op trials, {rate:.0f} a second until all are {where}; "
            f"driver {found['rss_mb_first']:.0f} MB at the first, {found['rss_mb_last']:.0f} MB at "
            f"the last, {found['wall_s']:.0f} s with Ray's start"
        )
    return "\n".join(lines)
