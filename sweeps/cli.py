"""The command line, `unremember`; commands import what is heavy themselves: help is instant."""

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from sweeps import cache, data, export, views
from sweeps.errors import InterruptedRunError, LockedError
from sweeps.options import (
    RESULTS,
    Address,
    Cpus,
    Data,
    Gpus,
    Keep,
    MaxConcurrent,
    OptionalSpecs,
    Results,
    Set,
    Specs,
    Storage,
    TrackingUri,
    resources_of,
    sweeps_of,
)
from trainables.errors import UserError

app = typer.Typer(
    name="unremember",
    help="Sweep backdoor-based unlearning of names and faces from CLIP; tables and figures of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cache.app)
app.add_typer(data.app)


@app.command()
def plan(
    specs: Specs,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    settings: Set = None,
    data: Data = None,
    results: Results = RESULTS,
    cpus_per_trial: Cpus = 1,
) -> None:
    """Show what would run: counts, what is finished, and the time it takes."""
    import json

    from sweeps import plan as plans
    from sweeps.show import plan_text
    from sweeps.standing import read_record
    from sweeps.trials import Lenient
    from trainables.fingerprints import fingerprints

    record = read_record(results)
    made = plans.make_plan(sweeps_of(specs, settings, data), record, Lenient(fingerprints))
    estimator = plans.estimator_of(record)
    concurrent = max(1, int((os.cpu_count() or 1) / max(cpus_per_trial, 0.1)))
    if as_json:
        typer.echo(json.dumps(plans.as_json(made, estimator, concurrent), indent=2))
    else:
        typer.echo(plan_text(made, estimator, concurrent))


@app.command()
def run(
    specs: Specs,
    settings: Set = None,
    data: Data = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    cpus_per_trial: Cpus = 1,
    gpus_per_trial: Gpus = None,
    max_concurrent: MaxConcurrent = None,
    address: Address = "",
    keep: Keep = None,
) -> None:
    """Run what is left of sweeps; what is finished is never run again."""
    from sweeps.command import run_and_show
    from sweeps.students import with_keep

    resources = resources_of(cpus_per_trial, gpus_per_trial, max_concurrent, address)
    sweeps = with_keep(sweeps_of(specs, settings, data), keep)
    raise typer.Exit(run_and_show(sweeps, results, tracking_uri, resources))


@app.command()
def search(
    spec: Annotated[
        str, typer.Argument(help="A search's file, or the name of one of the project's.")
    ],
    settings: Set = None,
    data: Data = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    storage: Storage = None,
    cpus_per_trial: Cpus = 1,
    gpus_per_trial: Gpus = None,
    max_concurrent: MaxConcurrent = None,
    address: Address = "",
) -> None:
    """Search for the best trade-offs; goes on to the number of candidates asked for."""
    from sweeps.searching.overrides import override_search
    from sweeps.searching.run import search_and_show
    from sweeps.searching.spec import load_search

    resources = resources_of(cpus_per_trial, gpus_per_trial, max_concurrent, address)
    wanted = override_search(load_search(spec), settings or [], data)
    raise typer.Exit(search_and_show(wanted, results, tracking_uri, storage, resources))


@app.command()
def retry(
    specs: OptionalSpecs = None,
    settings: Set = None,
    data: Data = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    cpus_per_trial: Cpus = 1,
    gpus_per_trial: Gpus = None,
    max_concurrent: MaxConcurrent = None,
    address: Address = "",
    keep: Keep = None,
) -> None:
    """Run trials that failed once more."""
    from sweeps.command import failed_sweeps, run_and_show
    from sweeps.students import with_keep

    resources = resources_of(cpus_per_trial, gpus_per_trial, max_concurrent, address)
    sweeps = sweeps_of(specs, settings, data) if specs else failed_sweeps(results)
    sweeps = with_keep(sweeps, keep)
    raise typer.Exit(run_and_show(sweeps, results, tracking_uri, resources, retry=True))


@app.command()
def status(
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
    trials: Annotated[
        bool, typer.Option("--trials", help="With the keys of finished ones.")
    ] = False,
) -> None:
    """Show where sweeps stand; what the tracking store lacks is written there."""
    from sweeps.command import sync_store
    from sweeps.journal import journal_path
    from sweeps.show import status_text, trials_text
    from sweeps.standing import read_record

    typer.echo(status_text(record := read_record(results)))
    if trials:
        typer.echo(trials_text(record))
    if not journal_path(results).exists():
        return
    try:
        sync_store(results, tracking_uri)
    except LockedError:
        typer.echo("a run is in progress.")


@app.command()
def failures(results: Results = RESULTS) -> None:
    """List failed trials: which, why, and where the log is."""
    from sweeps.show import failures_text
    from sweeps.standing import read_record

    typer.echo(failures_text(read_record(results), results))


@app.command()
def sync(results: Results = RESULTS, tracking_uri: TrackingUri = None) -> None:
    """Write what the tracking store lacks, from the journal."""
    from sweeps.command import sync_store
    from sweeps.journal import journal_path

    if not journal_path(results).exists():
        raise UserError(f"there is no journal in {results}: nothing has run there yet.")
    raise typer.Exit(0 if sync_store(results, tracking_uri) else 1)


@app.command()
def world(
    sheet: Annotated[Path, typer.Option(help="PNG file to draw.")],
    seed: Annotated[int, typer.Option(min=0, help="Which world.")] = 0,
) -> None:
    """Draw the people and scenes of the built-in world on a sheet."""
    from trainables.builtin.recipe import default_recipe
    from trainables.builtin.sheet import write_sheet
    from trainables.builtin.world import World

    write_sheet(World(default_recipe(seed)), sheet)
    typer.echo(f"wrote {sheet}")


for command in (
    views.table, views.figure, views.report, views.paper, views.people, views.front,
    export.export,
):  # fmt: skip
    app.command()(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the entry point `unremember`.

    Args:
        arguments: instead of those of the process.

    Returns:
        0; 1 if trials failed; 2 if what was asked for is wrong; 130 after Ctrl-C.
    """
    warnings.showwarning = _show_warning
    try:
        app(args=arguments)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        return 2
    except InterruptedRunError as interrupted:
        return 128 + interrupted.signum
    except KeyboardInterrupt:
        return 130
    return 0


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: object = None, line: str | None = None,
) -> None:  # fmt: skip
    """Print our own warnings as sentences; those of libraries are for their developers."""
    if category.__module__.startswith("sweeps."):
        typer.echo(f"warning: {message}", err=True)


if __name__ == "__main__":
    sys.exit(main())
