"""Half a million captions of random words: read, tokenised and kept; then mapped by a worker."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.captions import random_captions
from trainables.data.captions import read_captions
from trainables.people import find_mentions
from trainables.profile.schema import CaptionSource
from trainables.store import ArrayStore, Entry
from trainables.tokens import TokenisedCaptions, word_tokenizer

_NUM_CAPTIONS = 500_000
_NUM_DISTINCT = {"words": 50_000, "letters": None}
_PEOPLE = [f"Name{number} Surname{number}" for number in range(1000)]
# As many as a trial of the ECAI paper draws: 400 steps of two batches of 128.
_NUM_SAMPLES = 102_400


def measure() -> str:
    """Measure words that come again, and random letters, where hardly any does."""
    return "\n".join(_measure(kind) for kind in _NUM_DISTINCT)


def _measure(kind: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "captions.parquet"
        texts = random_captions(_NUM_CAPTIONS, _NUM_DISTINCT[kind])
        pl.DataFrame({"TEXT": texts}).write_parquet(path)
        start = time.perf_counter()
        _tokens(Path(folder), path)
        first_s = time.perf_counter() - start
        worker = [sys.executable, "-m", "tests.benchmarks.corpus", folder]
        said = subprocess.run(worker, check=True, capture_output=True, text=True).stdout
    return (
        f"corpus         {_NUM_CAPTIONS:,} captions of random {kind}: {first_s:.1f} s to read, "
        f"tokenise and keep; {said.strip()}"
    )


def _tokens(folder: Path, path: Path | None = None) -> TokenisedCaptions:
    def build() -> Entry:
        texts = read_captions(CaptionSource(path=str(path)), "captions.train")
        found = word_tokenizer(77).captions(texts).compact()
        return Entry(vars(found) | {"mentions": find_mentions(texts, _PEOPLE)})

    entry = ArrayStore(folder).get("captions", {}, build)
    parts = {name: array for name, array in entry.arrays.items() if name != "mentions"}
    return TokenisedCaptions(**parts)


def _memory_mb() -> float:
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmRSS:") + 1]) / 1024


def _work(folder: Path) -> str:
    """Do what a worker does: map the captions, then put batches together from all over them."""
    tokenizer = word_tokenizer(77)
    before_mb, start = _memory_mb(), time.perf_counter()
    captions = _tokens(folder)
    map_s = time.perf_counter() - start
    rows = np.random.default_rng(0).integers(len(captions), size=_NUM_SAMPLES)
    for batch in np.array_split(rows, 800):
        tokenizer.whole(captions, batch)
    return (
        f"mapped in {map_s:.3f} s by a worker, which grows by {_memory_mb() - before_mb:.0f} MB as "
        f"it samples {_NUM_SAMPLES:,} of them"
    )


if __name__ == "__main__":
    sys.stdout.write(_work(Path(sys.argv[1])))
