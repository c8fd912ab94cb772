"""What commands print about what is there: plans, standing, failures."""

from collections.abc import Set
from datetime import datetime
from pathlib import Path

from sweeps.board import span, title
from sweeps.estimate import Estimator
from sweeps.logs import log_path
from sweeps.plan import Plan, as_json
from sweeps.standing import Record, Standing
from sweeps.trials import Trial
from trainables.config import parse


def plan_text(plan: Plan, estimator: Estimator, concurrent: int) -> str:
    """Give a plan for people."""
    counts = as_json(plan, estimator, concurrent)
    rows = [(name, part) for name, part in counts["sweeps"].items()]
    if len(rows) > 1:
        rows.append(("all, each trial once", counts))
    width = max(len(name) for name, _ in rows)
    head = f"{'':{width}}  trials  finished  failed  to run  time"
    lines = [head] + [
        f"{name:{width}}  {part['trials']:6}  {part['finished']:8}  {part['failed']:6}  "
        f"{part['to_run']:6}  {_time(part['estimated_s'], part['without_estimate'])}"
        for name, part in rows
    ]
    return "\n".join([*lines, *(f"not here yet: {text}" for text in plan.missing)])


def _time(seconds: float | None, unknown: int) -> str:
    if seconds is None:
        return "unknown: nothing like it has run yet"
    text = f"about {span(seconds)}"
    return f"{text}, without {unknown} trials unlike any before" if unknown else text


def status_text(record: Record) -> str:
    """Say where the sweeps of a journal stand."""
    lines = []
    for name, sweep in sorted(record.sweeps.items()):
        keys = set(sweep.trial_keys)
        finished, failed = keys & record.keys("finished"), keys & record.keys("failed")
        lines.append(
            f"{name}: {len(keys)} trials, {len(finished)} finished, {len(failed)} failed, "
            f"{len(keys - finished - failed)} left{_last(keys, record)}"
        )
    lines += [_search_text(name, record) for name in sorted(record.searches)]
    return "\n".join(lines) or "nothing has run yet."


def _search_text(name: str, record: Record) -> str:
    """Say where a search stands, which writes down its trials only when it stops."""
    search = record.searches[name]
    ran = {key for key, standing in record.trials.items() if name in standing.sweeps}
    keys = ran | set(search.trial_keys)
    counts = ((kind, len(keys & record.keys(kind))) for kind in ("finished", "failed", "pruned"))
    told = ", ".join(f"{count} {kind}" for kind, count in counts if count or kind != "pruned")
    num_asked = search.sweep["num_candidates"]
    return f"{name}: a search for {num_asked} candidates, trials: {told}{_last(keys, record)}"


def _last(keys: Set[str], record: Record) -> str:
    ends = [record.trials[key].ended_at for key in keys & record.trials.keys()]
    return f", last at {_local(max(ends))}" if ends else ""


def trials_text(record: Record) -> str:
    """List finished trials by key, which other commands take."""
    done = [record.trials[key] for key in record.keys("finished")]
    return "\n".join(
        f"{each.trial_key}  {', '.join(each.sweeps)}: {_title(each)}"
        for each in sorted(done, key=lambda each: (each.sweeps, each.ended_at))
    )


def _title(standing: Standing) -> str:
    return title(Trial(standing.trial_key, parse(standing.config), standing.sweeps))


def failures_text(record: Record, results: Path) -> str:
    """List failed trials: which, why, and where the log is."""
    lines = []
    for key in sorted(record.keys("failed"), key=lambda key: record.trials[key].ended_at):
        standing = record.trials[key]
        lines += [
            f"{key}  {', '.join(standing.sweeps)}: {_title(standing)}",
            f"    {standing.error}",
            f"    {_local(standing.ended_at)}, log: {log_path(results, key)}",
        ]
    lines += ["run them again with: unremember retry"] if lines else ["no trial has failed."]
    return "\n".join(lines)


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
