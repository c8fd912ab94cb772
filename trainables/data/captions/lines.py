"""Captions from a text file, one a line."""

from pathlib import Path

import polars as pl

from trainables.data.captions.content import read_content


def read_lines(path: Path, what: str) -> pl.Series:
    """Read the lines of a UTF-8 text file.

    Raises:
        UserError: the file cannot be read or is not text.
    """
    lines = read_content(path, what).decode("utf-8-sig").splitlines()
    return pl.Series(lines, dtype=pl.String)
