"""`unremember people`: who is still inferred, by which templates, over all trials of a sweep."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from analysis.experiment import Experiment
from analysis.people import build_people
from analysis.render.people import PEOPLE_FORMATS, check_people_format
from sweeps.experiments import experiment_of
from trainables.config import BUILTIN
from trainables.data.people.read import read_people
from trainables.errors import UserError
from trainables.profile.read import load_profile
from trainables.profile.schema import PeopleSource
from trainables.pseudonyms import key_path, own_key, reveal


def people_view(
    name: str, format_name: str, results: Path, uri: str | None, *, names: bool = False
) -> str:
    """Lay out the per-person view of a sweep.

    Args:
        name: of the sweep.
        format_name: one of `PEOPLE_FORMATS`.
        results: the folder of the journal.
        uri: of the store; None takes that of the environment or of the folder.
        names: show names in the place of pseudonyms.

    Raises:
        UserError: there is no such sweep or format, none of its finished trials tells of people,
            or the store or the names cannot be read.
    """
    check_people_format(format_name)
    experiment = experiment_of(name, results, uri)
    view = build_people(experiment, clear_names([experiment]) if names else {})
    if not view.settings:
        raise UserError(
            f"there is nothing to say of people: no finished trial of the sweep {name!r} tells who "
            "was unlearned; those of earlier versions do not."
        )
    return PEOPLE_FORMATS[format_name](view)


def clear_names(experiments: Sequence[Experiment]) -> dict[str, str]:
    """Map the pseudonyms of experiments' people to their names, by their data and the user's key.

    Raises:
        UserError: the data is not here, or the pseudonyms are of another key.
    """
    frames = [experiment.frame.select("data", "outcomes") for experiment in experiments]
    runs = pl.concat(frames).filter(
        (pl.col("data") != BUILTIN) & (pl.col("outcomes").list.len() > 0)
    )
    sources = [load_profile(path).people for path in sorted(set(runs["data"]))]
    names = {
        name
        for source in sources
        if isinstance(source, PeopleSource)
        for name in read_people(source, 1).everyone
    }
    if not names:
        return {}
    found = reveal(names, own_key())
    labels = runs["outcomes"].explode().struct.field("person")
    if not labels.is_in(list(found)).any():
        raise UserError(
            f"the pseudonyms of {experiments[0].name!r} are not of the key {key_path()}: put there "
            "the key of the machine that ran it."
        )
    return found
