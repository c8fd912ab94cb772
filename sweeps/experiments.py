"""Experiments: the trials that a sweep consists of and their runs, for tables, figures, reports."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from analysis.connect import shown
from analysis.experiment import Experiment
from analysis.runs import load_runs
from analysis.store import ON_BUILTIN
from sweeps.connect import tracking_uri
from sweeps.events import SweepEvent
from sweeps.overrides import override
from sweeps.spec import Sweep, load_sweep, sweep_from
from sweeps.standing import Record, read_record
from sweeps.trials import Lenient, keyed
from trainables.config import BUILTIN, TrialConfig, canonical, field_names, parse
from trainables.errors import UserError, did_you_mean

_PAPER_S = re.compile(rf"(table|figure)(\d+)({ON_BUILTIN})?")

Expected = tuple[tuple[str, TrialConfig], ...]


def experiment_of(sweep: str | Sweep, results: Path, uri: str | None) -> Experiment:
    """Load one experiment; see `experiments_of`."""
    (found,) = experiments_of([sweep], results, uri).values()
    return found


def experiments_of(
    sweeps: Sequence[str | Sweep], results: Path, uri: str | None
) -> dict[str, Experiment]:
    """Load the trials of sweeps and their runs; journal and store are read once for all.

    A sweep that is named is taken as it was last run, else as it comes with the project (with the
    ending `-builtin` on the built-in world), else as the store has it.

    Args:
        sweeps: their names, or the sweeps themselves.
        results: the folder of the journal.
        uri: of the store; None takes that of the environment or of the folder.

    Returns:
        The experiments by the names of their sweeps, in order.

    Raises:
        UserError: there is no such sweep, or the journal or the store cannot be read.
    """
    where = tracking_uri(results, uri)
    record = read_record(results)
    frame = load_runs(where, None)
    found = [_experiment(sweep, record, frame, where) for sweep in sweeps]
    return {experiment.name: experiment for experiment in found}


def title_of(name: str) -> str:
    """Give a sweep's heading: `Table 5` for the paper's, the name for others."""
    match = _PAPER_S.fullmatch(name)
    if match is None:
        return name
    kind, number, builtin = match.groups()
    return f"{kind.capitalize()} {number}" + (" on the built-in world" if builtin else "")


def known_sweep(name: str, record: Record) -> Sweep | None:
    """Find a sweep as it was last run, or else as it comes with the project."""
    if name in record.sweeps:
        return sweep_from(record.sweeps[name].sweep, f"the journal's {name}")
    try:
        return load_sweep(name)
    except UserError:
        return None


def expected_of(sweep: Sweep) -> list[tuple[str, TrialConfig]]:
    """List the trials that a table of a sweep expects."""
    from trainables.fingerprints import fingerprints

    return [(trial.key, trial.config) for trial in keyed([sweep], Lenient(fingerprints))]


def _experiment(asked: str | Sweep, record: Record, frame: pl.DataFrame, where: str) -> Experiment:
    sweep = _known(asked, record) if isinstance(asked, str) else asked
    name = sweep.name if sweep else str(asked)
    members = frame.filter(pl.col("sweeps").list.contains(name))
    if sweep is None and members.is_empty():
        known = sorted(set(record.sweeps) | set(frame["sweeps"].explode().drop_nulls()))
        raise UserError(
            f"there is no sweep {name!r}, neither among those of the project nor in the tracking "
            f"store {shown(where)}: {did_you_mean(name, known)}"
        )
    event = record.sweeps.get(name)
    expected = _expected(sweep, members, event) if sweep else None
    # A trial that another sweep ran counts as well, and what this one ran before is told apart.
    keys = [key for key, _ in expected or ()]
    is_own = pl.col("trial_key").is_in(keys) | pl.col("sweeps").list.contains(name)
    return Experiment(
        name=name,
        title=title_of(name),
        description=sweep.description if sweep else "",
        expected=expected,
        frame=frame.filter(is_own.fill_null(False)),
        command=_command(name, sweep, event),
    )


def _known(name: str, record: Record) -> Sweep | None:
    found = known_sweep(name, record)
    if found is None and name.endswith(ON_BUILTIN):
        try:
            moved = override(load_sweep(name.removesuffix(ON_BUILTIN)), data=BUILTIN)
        except UserError:
            return None
        return moved if moved.name == name else None
    return found


def _expected(sweep: Sweep, members: pl.DataFrame, event: SweepEvent | None) -> Expected:
    """List the trials of a sweep with the keys that they ran under.

    What cannot be fingerprinted here, since weights or data are elsewhere or have changed, is
    recognised by its settings.
    """
    if event is not None:
        members = members.filter(pl.col("trial_key").is_in(event.trial_keys))
        known = _keys_by_settings(members)
        configs = sweep.trials()
        keys = [known.get(_settings(config)) for config in configs]
        # All of them ran: gigabytes need not be hashed to tell which, unless data tell them apart.
        if None not in keys and len(set(keys)) == len(keys):
            return tuple((str(key), config) for key, config in zip(keys, configs, strict=True))
    expected = expected_of(sweep)
    ran = set(members["trial_key"])
    unseen = members.filter(~pl.col("trial_key").is_in([key for key, _ in expected]))
    known = _keys_by_settings(unseen)
    return tuple(
        (key if key in ran else known.get(_settings(config), key), config)
        for key, config in expected
    )


def _keys_by_settings(runs: pl.DataFrame) -> dict[str, str]:
    known = runs.filter(pl.all_horizontal(pl.col("trial_key", "encoder", "seed").is_not_null()))
    found = {}
    for row in known.select("trial_key", *field_names()).iter_rows(named=True):
        key = row.pop("trial_key")
        found[_settings(parse({name: v for name, v in row.items() if v is not None}))] = key
    return found


def _settings(config: TrialConfig) -> str:
    # Weights that a path names are told apart by it; data have one profile on each machine.
    return canonical(config) + config.pretrained


def _command(name: str, sweep: Sweep | None, event: SweepEvent | None) -> str:
    """Say what runs a sweep: by its name where it is one of the project's, else as it was run."""
    of_project = _known(name, Record())
    if sweep is None or (of_project and of_project.to_dict() == sweep.to_dict()):
        base = name.removesuffix(ON_BUILTIN)
        return f"unremember run {base}" + (f" --data {BUILTIN}" if base != name else "")
    program, _, rest = str((event.provenance if event else {}).get("command", "")).partition(" ")
    if rest.startswith("run "):
        return f"{Path(program).name} {rest}"
    return f"unremember run {name}"
