"""Generic captions from text files, tables, MS-COCO's JSON and `hf://` addresses."""

import hashlib
import json
from pathlib import Path

import polars as pl

from trainables.data.captions.coco import read_coco
from trainables.data.captions.content import MAX_LINE
from trainables.data.captions.files import find_files, form_of, is_remote
from trainables.data.captions.lines import read_lines
from trainables.data.captions.tables import read_column, read_remote_column
from trainables.data.digests import file_digest
from trainables.errors import UserError
from trainables.profile.schema import CaptionSource

# White space as Python's str.split, and so the tokenizer, sees it: a caption holds a word.
_SPACE = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())


def read_captions(source: CaptionSource, what: str) -> pl.Series:
    """Read captions; blank ones and nulls are passed over.

    The file's name says its form: `.parquet`, `.csv` and `.tsv` (with a header), `.jsonl` or
    `.ndjson`, `.json` (MS-COCO's), and text, one caption a line, for all else. Each of them but
    Parquet may be compressed (`.gz`). Several files are read in the order of their names.

    Args:
        source: of the captions.
        what: the setting that names them, for messages.

    Returns:
        (num_captions,) strings without white space around them.

    Raises:
        UserError: a file cannot be read, is not what its name says, is far larger than captions
            are, or holds no caption.
    """
    if is_remote(source.path):
        parts = [read_remote_column(source, what)]
    else:
        parts = [_read_file(path, source.column, what) for path in find_files(source, what)]
    texts = pl.concat(parts).rename("caption").str.strip_chars(_SPACE)
    texts = texts.filter(texts != "")
    if not len(texts):
        raise UserError(f"{what}: {source.path} holds no caption: at least one is needed.")
    longest = texts.str.len_bytes().max()
    if isinstance(longest, int) and longest > MAX_LINE:
        raise UserError(
            f"{what}: {source.path} holds a caption of more than {MAX_LINE} bytes; captions are "
            "shorter."
        )
    if texts.str.contains("\0", literal=True).any():
        raise UserError(
            f"{what}: a caption in {source.path} holds a NUL byte, which is no part of a text; "
            "take it out."
        )
    return texts


def _read_file(path: Path, column: str, what: str) -> pl.Series:
    form = form_of(path.name)
    if form == "text":
        return read_lines(path, what)
    if form == "coco":
        return read_coco(path, what)
    return read_column(path, form, column, what)


def captions_digest(source: CaptionSource, what: str) -> str:
    """Tell captions from others by the content of their files: 16 hexadecimal digits.

    An `hf://` address stands for itself, since nothing is downloaded for this: name a revision in
    it (`hf://datasets/owner/name@revision/file.parquet`), which stays what it is.

    Args:
        source: of the captions.
        what: the setting that names them, for messages.

    Raises:
        UserError: a file cannot be read.
    """
    if is_remote(source.path):
        parts = [source.path]
    else:
        parts = [file_digest(path, what) for path in find_files(source, what)]
        if len(parts) == 1 and form_of(source.path) == "text":
            return parts[0]
    identity = json.dumps([form_of(source.path), source.column, *parts])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
