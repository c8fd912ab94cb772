"""Random generators from named parts, so that no draw depends on how many were made before it."""

import zlib

import numpy as np


def generator(*parts: str | int) -> np.random.Generator:
    """Give the generator of a named purpose.

    Args:
        parts: what is drawn and for whom, such as `("clean captions", seed)`. The same parts give
            the same stream on every machine; parts that differ give independent ones.
    """
    return np.random.default_rng([_word(part) for part in parts])


def _word(part: str | int) -> int:
    return part if isinstance(part, int) else zlib.crc32(part.encode())
