"""Bringing runs that were read before up to date, without reading all of them again."""

import polars as pl

from analysis.runs.frame import joined
from analysis.runs.search import Search, equals
from analysis.runs.snapshot import Snapshot
from analysis.store import MEMBER, membership_tag

_SLACK_MS = 60_000
"""The clocks of machines that write to one store may differ by so much."""
_TERMINAL = ("FINISHED", "FAILED", "KILLED")
_FEW = 200


def renewed(known: Snapshot, now: Snapshot, search: Search) -> pl.DataFrame | None:
    """Read what has changed.

    Whatever is written to a trial, the run of its sweep is written to before and after: it says
    when it was last asked for, and how many have ended. So the trials of those sweeps are read
    whose own run has changed or is in progress; besides, for those who write without this project,
    the trials that are in progress, those that were, and those that have ended since. What is
    changed by hand at a trial that had ended is not noticed as long as none of its sweeps runs.

    Args:
        known: what was read before.
        now: what is known of the store without its trials.
        search: of the store.

    Returns:
        All trials; None where they all have to be read again: runs were restored, or went without
        a trace, the experiment is another, or what has changed cannot be told.
    """
    seen = known.deleted.union(known.frame["run_id"])
    changed = [
        name for name, said in now.sweeps.items() if said is None or said != known.sweeps.get(name)
    ]
    last_ms = known.frame["end_time"].dt.epoch("ms").max()
    is_open = ~pl.col("status").is_in(_TERMINAL)
    not_ended = known.frame.filter(is_open)["run_id"].to_list()
    if (
        known.experiment != now.experiment
        or not known.deleted <= now.deleted <= seen
        or (known.marks != now.marks and not changed)
        or not isinstance(last_ms, int)
        or len(not_ended) > _FEW
    ):
        return None
    where = [f"attributes.end_time >= {last_ms - _SLACK_MS}", "attributes.status = 'RUNNING'"]
    where += [equals(membership_tag(name), MEMBER) for name in changed]
    if not_ended:
        where.append(f"attributes.run_id IN ({', '.join(map(repr, not_ended))})")
    is_member = pl.col("sweeps").list.eval(pl.element().is_in(changed)).list.any()
    is_deleted = pl.col("run_id").is_in(now.deleted)
    kept = known.frame.filter(~(is_open | is_member | is_deleted))
    return joined([kept, *(search.trials(condition) for condition in where)])
