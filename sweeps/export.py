"""`unremember export`: the CLIP that a trial defended, in the form of other libraries."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweeps.options import RESULTS, Results
from trainables.errors import TrialFailedError, UserError, did_you_mean

if TYPE_CHECKING:
    from sweeps.events import TrialEvent
    from trainables.export.card import Library

_MOST_LISTED = 12
_LOSS_TOLERANCE = 1e-3
"""An encoder that was trained again and whose last loss is further off is not the same."""

Progress = Callable[[str, int, int], None]


def export(
    trial: Annotated[str, typer.Argument(help="Key of a finished trial, or its beginning.")],
    to: Annotated[str, typer.Option("--to", help="open_clip or transformers.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder; in this one, named after the trial, if left out.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Write the CLIP that a trial defended, as other libraries load it."""
    from rich.console import Console

    from sweeps.live import preparing
    from sweeps.students import read_student
    from trainables.export.folder import check_free
    from trainables.export.state import put_students
    from trainables.export.transformers import check_transformers
    from trainables.models.load import load_clip

    library = _library(to)
    event = find_trial(results, trial)
    path = out or Path(f"{event.trial_key}-{library}")
    check_free(path)
    console, off = Console(stderr=True), None
    with preparing(console) as progress:
        clip = load_clip(event.trial, progress).model
        if library == "transformers":
            check_transformers(clip, event.trial.encoders)
        arrays = read_student(results, event.trial_key)
        if arrays is None:
            arrays, off = train_again(event, progress)
    remark = "" if off is None else _remark(off)
    if off is not None:
        warning = "warning: " if off > _LOSS_TOLERANCE else ""
        console.print(f"{warning}{remark}", markup=False, highlight=False, soft_wrap=True)
    put_students(clip, arrays)
    has_images = write_clip(clip, event, path, library, remark)
    typer.echo(f"wrote {path}")
    if not has_images:
        typer.echo("only the text encoder: transformers' CLIP has no place for the image encoder.")


def find_trial(results: Path, given: str) -> "TrialEvent":
    """Find a finished trial in the journal.

    Args:
        results: the folder of the journal.
        given: its key, or the beginning of it.

    Raises:
        UserError: there is none, or several begin like that, or it has not finished.
    """
    from sweeps.events import TrialEvent
    from sweeps.journal import journal_path, read_events

    if not journal_path(results).exists():
        raise UserError(f"there is no journal in {results}: nothing has run there yet.")
    keys: dict[str, None] = {}
    finished: dict[str, TrialEvent] = {}
    for event in read_events(results):
        if isinstance(event, TrialEvent):
            keys[event.trial_key] = None
            if event.kind == "finished" and event.trial_key.startswith(given):
                finished[event.trial_key] = event
    if given in finished:
        return finished[given]
    if len(finished) > 1:
        raise UserError(
            f"trial {given!r} is the beginning of {len(finished)} keys, such as "
            f"{' and '.join(sorted(finished)[:2])}: give more of the key."
        )
    for event in finished.values():
        return event
    unfinished = next((key for key in keys if key.startswith(given)), None)
    if unfinished is not None:
        raise UserError(
            f"trial {unfinished} has not finished: `unremember failures` says why, and "
            "`unremember retry` runs it again."
        )
    raise UserError(f"there is no trial {given!r} in {results}: {_hint(given, list(keys))}")


def _hint(given: str, keys: list[str]) -> str:
    if len(keys) <= _MOST_LISTED:
        return did_you_mean(given, keys)
    # Half a key is compared with halves of keys.
    halves = {key[: len(given)]: key for key in keys}
    hint = did_you_mean(given, halves)
    return hint if hint.startswith("did") else "the tracking store shows the keys of all trials."


def _library(to: str) -> "Library":
    for known in ("open_clip", "transformers"):
        if to == known:
            return known
    raise UserError(f"unknown --to {to!r}: {did_you_mean(to, ('open_clip', 'transformers'))}")


def train_again(event: "TrialEvent", progress: Progress) -> tuple[dict[str, Any], float]:
    """Train the encoders of a trial once more, as its record says.

    Args:
        event: of a finished trial.
        progress: told how far that is.

    Returns:
        The encoders, and how far the last loss is off the record.

    Raises:
        UserError: the weights or the data are others by now, or are gone.
    """
    from trainables.building.assets import build_assets
    from trainables.config import trial_key
    from trainables.device import best_device
    from trainables.export.state import student_arrays
    from trainables.fingerprints import fingerprints
    from trainables.trial import TrialRunner

    config, key = event.trial, event.trial_key
    if trial_key(config, fingerprints(config)) != key:
        raise UserError(
            f"trial {key} cannot be trained again: its weights or its data are not what they were; "
            "run its sweep with `keep: best` or `all` next time."
        )
    device = best_device()
    training = TrialRunner(build_assets(config, device, progress), device).train(config)
    try:
        while True:
            report = next(training)
            progress("training again", report.step, report.num_steps)
    except StopIteration as end:
        trained = end.value
    except TrialFailedError as error:
        raise UserError(f"trial {key} finished, but not when trained again: {error}.") from error
    off = [
        abs(trained.numbers[name] - event.metrics[name])
        for name in ("loss", "image_loss")
        if name in event.metrics
    ]
    return student_arrays(trained.students), max(off)


def _remark(off: float) -> str:
    remark = f"the encoder was trained again from its record, and its last loss is {off:.2g} off it"
    if off > _LOSS_TOLERANCE:
        return f"{remark}: the metrics are those of a training that went another way."
    return f"{remark}."


def write_clip(
    clip: Any, event: "TrialEvent", path: Path, library: "Library", remark: str = ""
) -> bool:
    """Write a defended CLIP with its card.

    Args:
        clip: of open_clip's classes, on the CPU, with the defended encoders in it.
        event: of the trial that defended it.
        path: the folder, which is there whole or not at all.
        library: in whose form.
        remark: for the card.

    Returns:
        Whether the image encoder is in it.

    Raises:
        UserError: there is something already, the disk is full, or the form has no place for it.
    """
    from trainables.export.card import Card, card_text
    from trainables.export.folder import new_folder
    from trainables.export.open_clip import write_open_clip
    from trainables.export.transformers import holds_images, write_transformers

    config = event.trial
    has_images = library == "open_clip" or holds_images(clip)
    card = Card(
        config=config,
        metrics=_metrics(event),
        versions=_versions(event),
        library=library,
        has_images=has_images,
        remark=remark,
    )
    with new_folder(path) as folder:
        if library == "open_clip":
            write_open_clip(clip, config.model, folder)
        else:
            write_transformers(clip, folder, config.encoders)
        (folder / "README.md").write_text(card_text(card), encoding="utf-8")
    return has_images


def _metrics(event: "TrialEvent") -> list[tuple[str, str, str]]:
    from analysis.numbers import MISSING, mean_text
    from trainables.metrics import METRICS

    rows = []
    for name, metric in METRICS.items():
        value, before = event.metrics.get(name), event.metrics.get(f"{name}_before")
        if value is None or name.endswith("_before") or metric.unit not in ("share", "similarity"):
            continue
        shown = [
            ""
            if number is None
            else MISSING
            if math.isnan(number)
            else mean_text(number, metric.unit)
            for number in (before, value)
        ]
        rows.append((metric.label, shown[0], shown[1]))
    return rows


def _versions(event: "TrialEvent") -> dict[str, str]:
    known = dict(event.provenance.get("versions", {}))
    commit = event.provenance.get("git_commit", "")
    return known | ({"commit of unremember": commit} if commit else {})
