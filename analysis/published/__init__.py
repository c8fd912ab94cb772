"""What the papers print, as data.

The CSV files hold the tables of Hintersdorf, Struppek, Neider and Kersting, "Defending Our Privacy
With Backdoors" (ECAI 2024, https://arxiv.org/abs/2310.08320), copied digit by digit:
`ecai2024_tables5-9.csv` Tables 5 to 9 (ten seeds: "each experiment is repeated ten times"),
`ecai2024_zeroshot.csv` Tables 2 and 3, `ecai2024_facts.csv` single numbers. Shares stand for per
cent with two decimals and are rounded; cosines have two decimals and are cut just below 1, so that
0.9996 is printed as 0.99. A standard deviation of 0 stands for less than half of its last digit.
The workshop paper (NeurIPS 2023) prints its results as figures only: there is nothing to copy.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from analysis.layout import Published, State
from trainables.metrics import of_task

IDENTITIES = "identities"
"""Our name of the papers' classification of FaceScrub's people."""

_FOLDER = Path(__file__).parent
_PAPER = "ECAI 2024"
_NUM_SEEDS = 10
_METRICS = {"imagenet_top1": "zeroshot_top1", "imagenet_top5": "zeroshot_top5"}
_TASKS = {"facescrub": IDENTITIES}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A single number of a paper.

    Attributes:
        value: as printed, in `unit`.
        unit: `parameters`, `s` (seconds), `cosine` or `accuracy` (a share).
        source: such as `ECAI 2024, Table 1`.
    """

    value: float
    unit: str
    source: str


@cache
def published() -> pl.DataFrame:
    """Give every printed cell in the names of `trainables.metrics`.

    Returns:
        One row for each cell: table (such as `5b`), encoder, model, state, regularized (null on the
        original model), num_names (0 there), metric, mean, std, n (seeds), source.
    """
    return pl.concat([_unlearning(), _zeroshot()]).with_columns(
        source=pl.format("{}, Table {}", pl.lit(_PAPER), "table")
    )


def _unlearning() -> pl.DataFrame:
    read = pl.read_csv(_FOLDER / "ecai2024_tables5-9.csv")
    return read.select(
        "table",
        "encoder",
        "model",
        state=pl.lit("unlearned"),
        regularized="weight_regularization",
        num_names="num_identities",
        metric=pl.col("metric").replace(_METRICS),
        mean="mean",
        std="std",
        n=pl.lit(_NUM_SEEDS, pl.Int64),
    )


def _zeroshot() -> pl.DataFrame:
    """Read Tables 2 and 3, whose defended models count as regularized: the method as proposed."""
    read = pl.read_csv(_FOLDER / "ecai2024_zeroshot.csv", schema_overrides={"table": pl.String})
    is_original = pl.col("variant") == "original"
    task = pl.col("dataset").replace(_TASKS)
    return read.select(
        "table",
        "encoder",
        "model",
        state=pl.when(is_original).then(pl.lit("original")).otherwise(pl.lit("unlearned")),
        regularized=pl.when(is_original).then(None).otherwise(True),
        num_names="num_identities",
        metric=pl.format(of_task("{}", "zeroshot_{}"), task, "metric"),
        mean="mean",
        std="std",
        n="num_seeds",
    )


@cache
def facts() -> dict[str, Fact]:
    """Give the single numbers that the paper prints, by name."""
    rows = pl.read_csv(_FOLDER / "ecai2024_facts.csv").iter_rows(named=True)
    return {
        row["fact"]: Fact(value=row["value"], unit=row["unit"], source=f"{_PAPER}, {row['source']}")
        for row in rows
    }


def published_cell(
    encoder: str, model: str, metric: str, *, state: State, regularized: bool, num_names: int
) -> Published | None:
    """Look up what the paper prints; None where it prints nothing.

    Args:
        encoder: `text` or `image`.
        model: the architecture, such as `ViT-B-32`.
        metric: its name in `trainables.metrics`, or of a zero-shot task such as
            `cifar10/zeroshot_top1`.
        state: of the model; regularization and number of names mean nothing on the original one.
        regularized: whether the weights were.
        num_names: how many names or faces were unlearned.
    """
    where = (None, 0) if state == "original" else (regularized, num_names)
    return _cells().get((encoder, model, state, *where, metric))


def published_metrics() -> frozenset[str]:
    """Name the metrics that any table of the paper has."""
    return frozenset(published()["metric"])


def published_models(encoder: str) -> list[str]:
    """Name the models for which the paper prints tables of an encoder."""
    return sorted(set(published().filter(pl.col("encoder") == encoder)["model"]))


def published_counts(encoder: str, model: str) -> list[int]:
    """List how many names or faces are unlearned in the paper's tables of a model."""
    of_model = (pl.col("encoder") == encoder) & (pl.col("model") == model)
    rows = published().filter(of_model & (pl.col("state") == "unlearned"))
    return sorted(set(rows["num_names"]))


@cache
def _cells() -> dict[tuple[object, ...], Published]:
    keys = ("encoder", "model", "state", "regularized", "num_names", "metric")
    return {
        tuple(row[key] for key in keys): Published(
            mean=row["mean"], std=row["std"], n=row["n"], source=row["source"]
        )
        for row in published().iter_rows(named=True)
    }
