"""Captions from the JSON files in which MS-COCO publishes them."""

import json
from pathlib import Path

import polars as pl

from trainables.data.captions.content import read_content
from trainables.errors import UserError

# MS-COCO's own take 92 MB; JSON takes many times its size in memory.
_MAX_BYTES = 1 << 28


def read_coco(path: Path, what: str) -> pl.Series:
    """Read the captions of all annotations, in their order.

    Raises:
        UserError: the file cannot be read or is something else.
    """
    content = read_content(path, what, at_most=_MAX_BYTES, lines=False)
    try:
        annotations = json.loads(content)["annotations"]
        captions = [annotation["caption"] for annotation in annotations]
        return pl.Series(captions, dtype=pl.String, strict=True)
    except (ValueError, RecursionError, TypeError, LookupError) as error:
        raise UserError(
            f"{what}: {path} is not MS-COCO's captions JSON "
            '({"annotations": [{"caption": "..."}]}); name a file of one JSON object a line .jsonl.'
        ) from error
