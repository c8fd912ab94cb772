import math
import statistics

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregate import aggregate


def test_one_seed_at_a_quarter_and_nine_at_nothing():
    frame = pl.DataFrame({"num_names": [4] * 10, "idia_tpr": [0.25] + [0.0] * 9})
    (row,) = aggregate(frame, ["num_names"], ["idia_tpr"]).iter_rows(named=True)
    assert row["mean"] == pytest.approx(0.025)
    assert round(100 * row["std"], 2) == 7.91
    assert (row["n"], row["num_nan"]) == (10, 0)


def test_missing_does_not_count_and_nan_is_not_dropped():
    frame = pl.DataFrame(
        {"cell": ["a", "a", "b", "b", "c"], "x": [1.0, None, 1.0, math.nan, None]},
        schema_overrides={"x": pl.Float64},
    )
    a, b, c = aggregate(frame, ["cell"], ["x"]).iter_rows(named=True)
    assert (a["mean"], a["std"], a["n"], a["values"]) == (1.0, None, 1, [1.0])
    assert math.isnan(b["mean"])
    assert (b["n"], b["num_nan"]) == (2, 1)
    assert (c["mean"], c["std"], c["n"], c["values"]) == (None, None, 0, [])


def test_cells_are_sorted_and_metrics_keep_their_order():
    frame = pl.DataFrame({"k": [2, 1], "z": [1.0, 2.0], "a": [3.0, 4.0]})
    rows = aggregate(frame, ["k"], ["z", "a"]).select("k", "metric", "mean").rows()
    assert rows == [(1, "z", 2.0), (1, "a", 4.0), (2, "z", 1.0), (2, "a", 3.0)]


def test_without_keys_there_is_one_cell():
    (row,) = aggregate(pl.DataFrame({"x": [1.0, 2.0]}), [], ["x"]).iter_rows(named=True)
    assert (row["mean"], row["n"]) == (1.5, 2)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_it_agrees_with_the_standard_library(values):
    (row,) = aggregate(pl.DataFrame({"x": values}), [], ["x"]).iter_rows(named=True)
    assert row["mean"] == pytest.approx(statistics.mean(values), abs=1e-12)
    assert row["std"] == pytest.approx(statistics.stdev(values), abs=1e-9)
