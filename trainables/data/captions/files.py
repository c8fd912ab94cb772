"""Which files hold captions, and in what form."""

import glob
from pathlib import Path, PurePosixPath
from typing import Literal

from trainables.errors import UserError
from trainables.profile.schema import CaptionSource

Form = Literal["text", "coco", "parquet", "csv", "tsv", "jsonl"]
TABLES: tuple[Form, ...] = ("parquet", "csv", "tsv", "jsonl")
"""Forms with columns."""

_FORMS: dict[str, Form] = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "coco",
}  # fmt: skip


def is_remote(path: str) -> bool:
    """Tell an address from the path of a file."""
    return path.startswith("hf://")


def form_of(path: str) -> Form:
    """Give the form that the end of a file's name promises."""
    name = PurePosixPath(path.lower().removesuffix(".gz"))
    return _FORMS.get(name.suffix, "text")


def find_files(source: CaptionSource, what: str) -> list[Path]:
    """Find the files that a path or a pattern names, in the order of their names.

    Raises:
        UserError: there is none, they are of several forms, or a column is named where there are
            none.
    """
    path = Path(source.path)
    if path.exists() or not glob.has_magic(source.path):
        files = [path]
    else:
        found = glob.iglob(source.path, recursive=True)  # noqa: PTH207
        files = sorted(one for one in map(Path, found) if one.is_file())
    if not files:
        raise UserError(f"{what}: no file matches the pattern {source.path}; check the path.")
    forms = {form_of(one.name) for one in files}
    if len(forms) > 1:
        raise UserError(
            f"{what}: {source.path} matches files of several forms ({', '.join(sorted(forms))}); "
            "end the pattern as the names of one form end."
        )
    if source.column and not forms <= set(TABLES):
        raise UserError(
            f"{what}: column {source.column!r} cannot be found in {source.path}, which has no "
            "columns; leave column out, or name a .parquet, .csv, .tsv or .jsonl file."
        )
    return files
