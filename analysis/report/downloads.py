"""The data behind a page, inside it: links that save a file without any network."""

import json
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from analysis.render.data import strict

_KEPT = ' !"$()*+,-./:;=?@[]^_`{|}~'
"""What stands in a link as it is: neither what ends it nor what is escaped in a page."""
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
        return f"data:{_TYPES[self.format]};charset=utf-8,{quote(self.text, safe=_KEPT)}"


def csv_of(stem: str, frame: pl.DataFrame) -> Download:
    """Offer a frame as CSV, in which lists are JSON."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    flat = frame.with_columns(
        pl.Series(name, [_json(value) for value in frame[name].to_list()], dtype=pl.String)
        for name in nested
    )
    return Download(file=f"{stem}.csv", text=flat.write_csv())


def json_of(stem: str, frame: pl.DataFrame) -> Download:
    """Offer a frame as JSON, an object a row; what is no number is a string, as in tables."""
    return Download(file=f"{stem}.json", text=f"{_json(strict(frame.to_dicts()))}\n")


def compact(text: str) -> str:
    """Write JSON again, without what only the eye needs."""
    return f"{json.dumps(json.loads(text), ensure_ascii=False, separators=(',', ':'))}\n"


def _json(value: object) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
