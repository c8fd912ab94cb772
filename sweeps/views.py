"""Commands that show what came out: tables, figures, pages, people; they change no result."""

from pathlib import Path
from typing import Annotated

import typer

from sweeps.options import (
    RESULTS,
    Data,
    OptionalSpecs,
    Results,
    Set,
    Storage,
    TrackingUri,
    sweeps_of,
)
from trainables.errors import UserError

Out = Annotated[Path | None, typer.Option(help="Write it to a file.")]
Names = Annotated[
    bool, typer.Option("--names", help="Show people's names, by your data and your key.")
]


def table(
    name: Annotated[str, typer.Argument(help="A sweep, or table1 to table9 of the paper.")],
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, tex, html, csv or json.")
    ] = "text",
    compare: Annotated[
        bool, typer.Option("--compare", help="With the published numbers and the difference.")
    ] = False,
    select: Annotated[
        str, typer.Option(help="Which setting is shown: preset (all), or a rule by name.")
    ] = "preset",
    selection_seeds: Annotated[
        str, typer.Option(help="Seeds on which the rule chooses, such as 0-4; all if left out.")
    ] = "",
    out: Out = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
) -> None:
    """Lay the results of a sweep out as the papers do."""
    from sweeps.tables import table_text

    text = table_text(
        name, format_name, results, tracking_uri,
        compare=compare, selection=select, selection_seeds=_seeds(selection_seeds),
    )  # fmt: skip
    _put(text, out)


def figure(
    name: Annotated[
        str,
        typer.Argument(
            help="figure2 to figure12 of the paper; embedding-map; or a kind, such as "
            "effectiveness, accuracy, terms, run-time or trade-off, of a sweep."
        ),
    ],
    spec: Annotated[
        str | None, typer.Argument(help="The sweep; for the map, one with model and data.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File: .svg, .pdf, .png, .html or .json.")
    ] = None,
    spread: Annotated[
        str, typer.Option(help="Bands of a standard deviation (std) or of 95% (interval).")
    ] = "std",
    settings: Set = None,
    data: Data = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
) -> None:
    """Draw a figure of the paper, or one of a kind for any sweep."""
    from sweeps.figures import draw_figure

    told = draw_figure(
        name, spec, out, settings=settings or (), data=data, results=results,
        uri=tracking_uri, spread=spread,
    )  # fmt: skip
    typer.echo(told)


def people(
    name: Annotated[str, typer.Argument(help="The sweep.")],
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, html, csv or json.")
    ] = "text",
    names: Names = False,
    out: Out = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
) -> None:
    """Show which unlearned people the attack still infers, and by which templates."""
    from sweeps.people import people_view

    _put(people_view(name, format_name, results, tracking_uri, names=names), out)


def report(
    specs: OptionalSpecs = None,
    settings: Set = None,
    data: Data = None,
    names: Names = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder; `report` in the results if left out.")
    ] = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
) -> None:
    """Write a page for each experiment, and one over all, to open in a browser."""
    from sweeps.report import write_report

    # A bare name is the sweep as it was last run; with changes, it is that of its file.
    changed = settings or data is not None
    sweeps = sweeps_of(specs or [], settings, data) if changed else specs or []
    typer.echo(write_report(sweeps, results, tracking_uri, out, names=names))


def front(
    names: Annotated[
        list[str], typer.Argument(help="A search, or several to compare; or their files.")
    ],
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", help="text, md, csv, json or html; else as the file's suffix says."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file; or a folder, for page, tables and figures.")
    ] = None,
    rule: Annotated[
        str, typer.Option(help="Which point is chosen: knee, best-, least- or most-METRIC.")
    ] = "knee",
    emit: Annotated[
        Path | None, typer.Option(help="Write the chosen setting as a sweep on fresh seeds.")
    ] = None,
    results: Results = RESULTS,
    storage: Storage = None,
) -> None:
    """Show what a search found: the front, and the point that a rule chooses."""
    from sweeps.front import show_front

    told = show_front(
        names, results=results, storage=storage, format_name=format_name, out=out, rule=rule,
        emit=emit,
    )  # fmt: skip
    typer.echo(told)


def paper(
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("paper"),
    data: Annotated[
        str | None, typer.Option(help="`builtin` for the runs on the built-in world.")
    ] = None,
    results: Results = RESULTS,
    tracking_uri: TrackingUri = None,
) -> None:
    """Write all tables and figures of the paper from what has run."""
    from sweeps.manuscript import write_paper

    typer.echo(write_paper(out, results, tracking_uri, data))


def _seeds(text: str) -> tuple[int, ...]:
    if not text.strip():
        return ()
    from sweeps.checks import check_axes
    from trainables.yamls import parse_yaml

    source = f"--selection-seeds {text}"
    given = text if "-" in text and "," not in text else parse_yaml(f"[{text}]", source)
    seeds = check_axes({"seeds": given}, source)["seed"]
    for seed in seeds:
        if not isinstance(seed, int):
            raise UserError(f"{source}: {seed!r} is no seed: give whole numbers.")
    return seeds


def _put(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    from analysis.files import write_file

    write_file(out, text)
