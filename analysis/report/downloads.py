"""The data behind a page, inside it: links that save a file without any network."""

import json
import math
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

_SAFE = " !$&'()*+,-./:;=?@[]^_`{|}~"
_TYPES = {"csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that the page holds.

    Attributes:
        file: its name, which ends in its format.
        text: what it holds.
    """

    file: str
    text: str

    @property
    def format(self) -> str:
        """Its format, as the suffix says."""
        return self.file.rpartition(".")[2]

    @property
    def href(self) -> str:
        """The file as a link, which also works on a page that was opened as a file."""
        return f"data:{_TYPES[self.format]};charset=utf-8,{quote(self.text, safe=_SAFE)}"


def of_frame(stem: str, frame: pl.DataFrame) -> tuple[Download, Download]:
    """Offer a frame as CSV and as JSON.

    The JSON has an object for each row; what is no number is a string there, as in tables. In the
    CSV, lists are written as JSON.
    """
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    flat = frame.with_columns(
        pl.Series(name, [_json(value) for value in frame[name].to_list()], dtype=pl.String)
        for name in nested
    )
    rows = [{name: _strict(value) for name, value in row.items()} for row in frame.to_dicts()]
    return (
        Download(file=f"{stem}.csv", text=flat.write_csv()),
        Download(file=f"{stem}.json", text=f"{_json(rows)}\n"),
    )


def _json(value: object) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)


def _strict(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
