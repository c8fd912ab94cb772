"""How often people occur in the captions that a model was trained on."""

from collections.abc import Iterable
from pathlib import Path

from trainables.data.people.tables import read_table
from trainables.errors import UserError
from trainables.people import words_of
from trainables.profile.schema import Occurrences


def count_people(source: Occurrences, people: Iterable[str]) -> dict[str, int]:
    """Look people up in a table of occurrences, case and signs aside.

    Returns:
        How often each of them occurs; those who are not in the table are not in here.

    Raises:
        UserError: as `read_occurrences`.
    """
    counts = read_occurrences(source)
    words = {name: tuple(words_of(name)) for name in people}
    return {name: counts[words[name]] for name in words if words[name] in counts}


def read_occurrences(source: Occurrences) -> dict[tuple[str, ...], int]:
    """Read a table of occurrences by the words of the names.

    Raises:
        UserError: the file is no table with these columns, a count is no number of zero or more,
            or two rows of one name have different counts.
    """
    table = read_table(Path(source.path))
    names, counts = table.column(source.name_column), table.column(source.count_column)
    found: dict[tuple[str, ...], int] = {}
    for row in table.rows:
        name, count = row.cell(names), table.count(row, counts)
        words = tuple(words_of(name))
        if not words:
            raise UserError(
                f"{table.path}, line {row.line}: {name[:40]!r} is no name; a name is expected in "
                f"the column {source.name_column!r}."
            )
        if found.setdefault(words, count) != count:
            raise UserError(
                f"{table.path}, line {row.line}: {name!r} occurs {count} times here and "
                f"{found[words]} times above; keep one of the rows."
            )
    return found
