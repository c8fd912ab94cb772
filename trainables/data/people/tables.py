"""CSV files of names, with the errors of a user's file."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import UserError, did_you_mean
from trainables.yamls import read_text

# As written by spreadsheets: 2442977, 2,442,977 or 2442977.0.
_COUNT = re.compile(r"([-+]?)(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.0*)?", re.ASCII)

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in ns: a file whose stamp stays is the same."""


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        line: its number in the file.
        cells: stripped of spaces.
    """

    line: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """Give a cell, empty where the row is too short."""
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True)
class Table:
    """A CSV file with a header.

    Attributes:
        path: of the file.
        header: the columns' names.
        rows: those that are not blank.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> int:
        """Find a column.

        Raises:
            UserError: there is none of that name.
        """
        if name not in self.header:
            raise UserError(
                f"{self.path} has no column {name!r}: {did_you_mean(name, self.header)}"
            )
        return self.header.index(name)

    def count(self, row: Row, column: int) -> int:
        """Read a number of occurrences.

        Raises:
            UserError: the cell is not a whole number of zero or more.
        """
        text = row.cell(column)
        match = _COUNT.fullmatch(text)
        if not match or match[1] == "-":
            wrong = "is negative" if match else "is no whole number"
            raise UserError(
                f"{self.path}, line {row.line}: the count {text[:40]!r} {wrong}; counts such as "
                "1234 or 1,234 are expected."
            )
        return int(match[2].replace(",", ""))


def read_table(path: Path) -> Table:
    """Read a CSV file with a header.

    Raises:
        UserError: it cannot be read, is no CSV file in UTF-8, or is empty.
    """
    rows = read_rows(path)
    if not rows:
        raise UserError(f"{path} is empty: a CSV file with a header is expected.")
    # On one line each, since messages name them.
    header = tuple(" ".join(name.split()) for name in rows[0].cells)
    return Table(path=path, header=header, rows=rows[1:])


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read the rows of a CSV file that are not blank.

    Raises:
        UserError: it cannot be read or is no CSV file in UTF-8.
    """
    text = read_text(path).removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        rows = [Row(reader.line_num, tuple(cell.strip() for cell in cells)) for cells in reader]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: no valid CSV ({error}).") from error
    return tuple(row for row in rows if any(row.cells))


def stamp(path: Path) -> Stamp:
    """Stamp a file.

    Raises:
        UserError: there is none.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror}); name a file that exists."
        ) from error
    return stat.st_size, stat.st_mtime_ns
