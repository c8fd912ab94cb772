"""The commands about data profiles: `unremember data init` and `unremember data check`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trainables.errors import UserError

app = typer.Typer(
    name="data",
    help="Say where your data lies, and see whether it is all there.",
    no_args_is_help=True,
)

_TEMPLATE = Path(__file__).parent.parent / "trainables" / "profile" / "template.yaml"


@app.command()
def init(
    path: Annotated[Path | None, typer.Argument(help="File to write; your own profile.")] = None,
) -> None:
    """Write a commented data profile to fill in."""
    from trainables.paths import default_profile

    target = path or default_profile()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(_TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise UserError(f"{target} is there already: name another file, or edit it.") from error
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}.") from error
    typer.echo(f"wrote {target}: fill it in, then: unremember data check{_named(path)}")


@app.command()
def check(
    profile: Annotated[str, typer.Argument(help="The profile; your own if left out.")] = "profile",
    show_names: Annotated[
        bool, typer.Option("--names", help="List the people of the attack set.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Read all that a data profile names: counts, samples, sizes, and all that is wrong."""
    import json

    from rich.console import Console

    from sweeps.checks import profile_path
    from sweeps.live import preparing
    from trainables.profile.check import check_profile
    from trainables.profile.read import inspect_profile

    read = inspect_profile(Path(profile_path(profile)))
    with preparing(Console(stderr=True)) as progress:
        report = check_profile(read, progress)
    if as_json:
        typer.echo(json.dumps(_as_json(report, show_names=show_names), indent=2))
    else:
        typer.echo(_text(report, show_names=show_names))
    raise typer.Exit(2 if report.faults else 0)


def _named(path: Path | None) -> str:
    return "" if path is None else f" {path}"


def _as_json(report: Any, *, show_names: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from trainables.profile.sizes import asset_bytes

    return {
        "parts": [asdict(finding) for finding in report.findings],
        "counts": asdict(report.counts),
        "asset_bytes": asset_bytes(report.counts),
        "faults": report.faults,
    } | ({"people": list(report.people)} if show_names else {})


def _text(report: Any, *, show_names: bool) -> str:
    from trainables.profile.sizes import asset_bytes

    width = max(len(finding.part) for finding in report.findings)
    lines = [f"{finding.part:{width}}  {_said(finding)}" for finding in report.findings]
    sizes = asset_bytes(report.counts)
    lines += [
        "",
        f"attack set: {len(report.people):,} people"
        + ("" if show_names or not report.people else " (--names lists them)"),
        *(f"  {name}" for name in report.people if show_names),
        f"shared assets, on disk and in memory: about {_size(sizes['text'])} to defend text, "
        f"{_size(sizes['image'])} to defend images (ViT-B-32, ECAI settings)",
    ]
    if report.faults:
        lines += ["", f"{len(report.faults)} wrong:"]
        lines += [f"  {number}. {fault}" for number, fault in enumerate(report.faults, start=1)]
    return "\n".join(lines)


def _said(finding: Any) -> str:
    said = f"ok     {finding.found}" if finding.found else "absent"
    if finding.fault:
        said = "WRONG"
    return f"{said}  {finding.hint}".rstrip()


def _size(num_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if num_bytes >= size:
            return f"{num_bytes / size:,.1f} {unit}"
    return f"{num_bytes / 1e3:,.0f} kB"
