"""`unremember cache`: what is kept between runs, and freeing it."""

import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainables.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from trainables.cache import Cached

app = typer.Typer(
    name="cache",
    help="Show and free what can be made again: what trials share, the built-in models, and what "
    "was read of tracking stores.",
    no_args_is_help=True,
)

_DIGEST = re.compile(r"[0-9a-f]{12,}$")
_DAY_S = 86_400.0
_WIDTH = 160  # Where there is no terminal to fit into.


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List what is kept: of which model and data, how large, how old, when last used."""
    import json

    folder, cached = _everything()
    if as_json:
        typer.echo(json.dumps(_as_json(folder, cached), indent=2))
    elif cached:
        _print_table(folder, cached)
    else:
        typer.echo(f"nothing is kept in {folder}.")


@app.command()
def clear(
    kinds: Annotated[
        list[str] | None, typer.Argument(help="Kinds as listed; everything if left out.")
    ] = None,
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Only if not used for so long.")
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only what was interrupted.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Free what is kept; what is needed again is made again."""
    folder, cached = _everything()
    chosen = _chosen(cached, kinds or [], older_than, unfinished=unfinished)
    if not chosen:
        typer.echo(f"there is nothing to free in {folder}.")
        return
    typer.echo(f"{_counts(chosen)} in {folder}: {_size(_total(chosen))}")
    if not yes and not _agreed():
        typer.echo("nothing was freed.")
        raise typer.Exit(1)
    _remove(chosen)


def _everything() -> "tuple[Path, list[Cached]]":
    from trainables.cache import list_cache
    from trainables.paths import cache_dir

    folder = cache_dir()
    return folder, sorted([*list_cache(folder), *_runs(folder)], key=lambda entry: entry.kind)


def _runs(folder: "Path") -> "list[Cached]":
    """List the runs that tables have read, by last use."""
    from analysis.runs.snapshot import FOLDER, SUFFIX, UNFINISHED, address_of
    from trainables.cache import Cached

    found = []
    paths = [path for end in (SUFFIX, UNFINISHED) for path in (folder / FOLDER).glob(f"*{end}")]
    for path in paths:
        # Whoever writes one renames it meanwhile.
        with suppress(FileNotFoundError):
            stat, address = path.stat(), address_of(path)
            found.append(
                Cached(
                    kind=FOLDER, name=path.stem, identity={"store": address} if address else {},
                    words={}, created_at=None, used_at=stat.st_mtime, num_bytes=stat.st_size,
                    share=float(path.suffix == SUFFIX), in_use=False, path=path, files=(path,),
                )
            )  # fmt: skip
    return sorted(found, key=lambda entry: -entry.used_at)


def _chosen(
    cached: "Sequence[Cached]", kinds: Sequence[str], older_than: float | None, *, unfinished: bool
) -> "list[Cached]":
    known = {entry.kind for entry in cached}
    for kind in kinds:
        if known and kind not in known:
            raise UserError(f"nothing of the kind {kind!r} is kept: {did_you_mean(kind, known)}")
    last = time.time() - older_than * _DAY_S if older_than is not None else float("inf")
    return [
        entry
        for entry in cached
        if (not kinds or entry.kind in kinds)
        and entry.used_at <= last
        and (entry.unfinished or not unfinished)
    ]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UserError("there is nobody to ask whether to free it: say so with --yes.")
    return typer.confirm("free it?")


def _remove(chosen: "Sequence[Cached]") -> None:
    from trainables.cache import remove

    freed = []
    for entry in chosen:
        if remove(entry):
            freed.append(entry)
        else:
            typer.echo(f"kept {entry.name}: another process is making it just now.")
    typer.echo(f"freed {_size(_total(freed))}.")


def _counts(cached: "Sequence[Cached]") -> str:
    kinds = [entry.kind for entry in cached]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _total(cached: "Sequence[Cached]") -> int:
    return sum(entry.num_bytes for entry in cached)


def _as_json(folder: "Path", cached: "Sequence[Cached]") -> dict[str, Any]:
    fields = (
        "kind", "name", "identity", "words", "created_at", "used_at", "num_bytes", "share",
        "unfinished", "in_use",
    )  # fmt: skip
    return {
        "folder": str(folder),
        "num_bytes": _total(cached),
        "entries": [{name: getattr(entry, name) for name in fields} for entry in cached],
    }


def _print_table(folder: "Path", cached: "Sequence[Cached]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in ("kind", "model", "of", "size", "made", "last used", ""):
        table.add_column(head, justify="right" if head == "size" else "left", overflow="fold")
    for entry in cached:
        table.add_row(*_row(entry))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, markup=False, highlight=False)
    console.print(table)
    console.print(f"{len(cached)} in {folder}: {_size(_total(cached))}", soft_wrap=True)


def _row(entry: "Cached") -> tuple[str, ...]:
    now = time.time()
    of = dict.fromkeys(
        _named(entry, name) for name, value in entry.identity.items()
        if name != "model" and isinstance(value, str)
    )  # fmt: skip
    made = _ago(now - entry.created_at) if entry.created_at is not None else ""
    return (
        entry.kind,
        _named(entry, "model") if "model" in entry.identity else "",
        ", ".join(of),
        _size(entry.num_bytes),
        made,
        _ago(now - entry.used_at),
        _state(entry),
    )


def _named(entry: "Cached", name: str) -> str:
    """Name a part of an identity for people; with its fingerprint, if that is a hash."""
    value = str(entry.identity[name])
    digest = _DIGEST.search(value)
    word = entry.words.get(name, value)
    return f"{word} ({digest[0][:8]})" if digest and word != value else word


def _state(entry: "Cached") -> str:
    if entry.in_use:
        return "being made"
    if entry.share is None:
        return "of an earlier version"
    return f"unfinished, {entry.share:.0%}" if entry.unfinished else ""


def _size(num_bytes: int) -> str:
    size = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _ago(seconds: float) -> str:
    for unit, length_s in (("day", _DAY_S), ("hour", 3600.0), ("minute", 60.0)):
        number = int(seconds / length_s)
        if number:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
