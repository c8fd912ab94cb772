"""Captions from a column of a Parquet, CSV, TSV or JSONL file, here or at an `hf://` address."""

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from trainables.data.captions.content import checked_content
from trainables.data.captions.files import TABLES, Form, form_of
from trainables.errors import UserError, did_you_mean
from trainables.profile.schema import CaptionSource

_TEXT_TYPES = frozenset({pl.String, pl.Categorical, pl.Enum})
_ROWS_TO_INFER = 10_000
_ROWS_PER_BATCH = 50_000
_MAX_BYTES = 2 << 30
# A row takes so much beside its text; a column may also be nulls without end.
_BYTES_PER_ROW = 16
_MAX_REASON = 160


def read_column(path: Path, form: Form, column: str, what: str) -> pl.Series:
    """Read a column of text.

    Args:
        path: of the file.
        form: of the file.
        column: its name; empty where only one column holds text.
        what: the setting that names the file, for messages.

    Raises:
        UserError: the file cannot be read, or has no such column of text.
    """
    data = path if form == "parquet" else checked_content(path, what)
    advice = f"it is damaged, or no {form.upper()} file: fetch or write it anew"
    with _one_sentence(f"{what}: cannot read {path}", advice):
        return _read(data, form, column, f"{what}: {path}")


def read_remote_column(source: CaptionSource, what: str) -> pl.Series:
    """Read a column of text from an `hf://` address, which Polars downloads from.

    Raises:
        UserError: the download fails, or there is no such column of text.
    """
    form = form_of(source.path)
    if form not in TABLES or source.path.lower().endswith(".gz"):
        raise UserError(
            f"{what}: {source.path} is no address of Parquet, CSV or JSONL; end it in .parquet, "
            ".csv, .tsv or .jsonl, or download the file and name its path."
        )
    advice = "check the address and the network, or download the file and name its path"
    with _one_sentence(f"{what}: cannot read {source.path}", advice):
        return _read(source.path, form, source.column, f"{what}: {source.path}")


@contextmanager
def _one_sentence(cannot: str, advice: str) -> Iterator[None]:
    try:
        yield
    # A panic of Rust is no Exception; damaged Parquet files cause some.
    except (PolarsError, PanicException, OSError) as error:
        reason = " ".join(str(error).split())[:_MAX_REASON].rstrip(" .:")
        raise UserError(f"{cannot} ({reason}); {advice}.") from error


def _read(data: Path | bytes | str, form: Form, column: str, where: str) -> pl.Series:
    schema = _scan(data, form).collect_schema()
    name = _text_column(schema, column, where)
    scan = _scan(data, form, name)
    parts, num_bytes = [pl.Series(dtype=pl.String)], 0
    for batch in scan.collect_batches(chunk_size=_ROWS_PER_BATCH):
        texts = batch[name].cast(pl.String).rename("")
        num_bytes += int(texts.str.len_bytes().sum()) + _BYTES_PER_ROW * len(texts)
        if num_bytes > _MAX_BYTES:
            raise UserError(
                f"{where} holds more than {_MAX_BYTES >> 30} GiB of captions in column {name!r}, "
                "more than is of use; give fewer."
            )
        parts.append(texts.drop_nulls())
    return pl.concat(parts)


def _scan(data: Path | bytes | str, form: Form, column: str = "") -> pl.LazyFrame:
    """Scan a file, to find out its columns or to read one of them as text."""
    # Only addresses may hold patterns here.
    remote = isinstance(data, str)
    if form == "parquet":
        scan = pl.scan_parquet(data, glob=remote)
        return scan.select(column) if column else scan
    if form == "jsonl":
        source = glob.escape(str(data)) if isinstance(data, Path) else data
        schema = {column: pl.String} if column else None
        return pl.scan_ndjson(source, schema=schema, infer_schema_length=_ROWS_TO_INFER)
    # All columns are read, as text: that of captions alone would be cut short at a comma without
    # quotes, and nobody told.
    return pl.scan_csv(
        data,
        glob=remote,
        separator="\t" if form == "tsv" else ",",
        infer_schema=not column,
        infer_schema_length=_ROWS_TO_INFER,
    )


def _text_column(schema: pl.Schema, column: str, where: str) -> str:
    """Find the column that is asked for, or the only one of text."""
    if column and column not in schema:
        raise UserError(f"{where} has no column {column!r}: {did_you_mean(column, schema)}")
    texts = [name for name, kind in schema.items() if kind.base_type() in _TEXT_TYPES]
    choice = f"set column to one of {', '.join(texts)}" if texts else "no column of it does"
    if column and column not in texts:
        raise UserError(
            f"{where}: column {column!r} holds no text (it is of type {schema[column]}); {choice}."
        )
    if not texts:
        raise UserError(f"{where} has no column of text; captions are expected in one.")
    if not column and len(texts) > 1:
        raise UserError(f"{where} has several columns of text; {choice}.")
    return column or texts[0]
