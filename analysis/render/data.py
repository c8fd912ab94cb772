"""A table for programs: tidy CSV, and JSON with everything that the table knows."""

import json
import math
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.layout import Cell, Panel, Row, Table

DIGITS = 10
"""Significant digits: more than was measured, fewer than the order of a sum decides."""


def csv_text(table: Table) -> str:
    """Write one line for each cell: the panel's keys, row, metric, and what is known of it.

    A missing number is empty, one that is not a number is `NaN`. The original model unlearned no
    names; its `state` tells it apart.
    """
    rows = [
        panel.keys | _row_keys(row) | {"metric": column.name} | _numbers(cell, row.num_expected)
        for panel in table.panels
        for row in panel.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell is not None
    ]
    return pl.DataFrame(rows, infer_schema_length=None).write_csv()


def _row_keys(row: Row) -> dict[str, Any]:
    return {"num_names": row.num_names, "state": row.state, "label": row.label}


def _numbers(cell: Cell, num_expected: int) -> dict[str, Any]:
    interval, comparison = cell.interval, cell.comparison
    published = comparison and comparison.published
    return {
        "mean": _rounded(cell.mean),
        "std": _rounded(cell.std),
        "n": cell.n,
        "num_expected": num_expected,
        "ci_low": interval and _rounded(interval.low),
        "ci_high": interval and _rounded(interval.high),
        "ci_method": interval and interval.method,
        "p_value": _rounded(cell.p_value),
        "significant": cell.is_significant,
        "published_mean": published and _rounded(published.mean),
        "published_std": published and _rounded(published.std),
        "published_n": published and published.n,
        "published_source": published and published.source,
        "difference": comparison and _rounded(comparison.difference),
        "welch_p": comparison and _rounded(comparison.welch_p),
        "tost_p": comparison and _rounded(comparison.tost_p),
        "verdict": comparison and comparison.verdict,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def json_text(table: Table) -> str:
    """Write a table as strict JSON; `NaN`, `Infinity` and `-Infinity` are strings.

    The numbers of a cell have the names that they have in `csv_text`.
    """
    content = {
        "name": table.name,
        "title": table.title,
        "caption": table.caption,
        "notes": table.notes,
        "row_header": table.row_header,
        "columns": [asdict(column) for column in table.columns],
        "panels": [_panel(table, panel) for panel in table.panels],
    }
    return strict_json(content)


def _panel(table: Table, panel: Panel) -> dict[str, Any]:
    return {
        "title": panel.title,
        "keys": panel.keys,
        "rows": [
            _row_keys(row)
            | {
                "n": row.n,
                "num_expected": row.num_expected,
                "cells": {
                    column.name: _cell(cell, row.num_expected)
                    for column, cell in zip(table.columns, row.cells, strict=True)
                },
            }
            for row in panel.rows
        ],
    }


def _cell(cell: Cell | None, num_expected: int) -> dict[str, Any] | None:
    if cell is None:
        return None
    signs = {"num_nan": cell.num_nan, "unit": cell.unit, "change": cell.change}
    return _numbers(cell, num_expected) | signs | {"better": cell.better}


def strict_json(content: Any) -> str:
    """Write JSON that any program reads: what is no number is a string."""
    return json.dumps(strict(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def strict(value: Any) -> Any:
    """Give what JSON can hold in the place of what it cannot."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [strict(each) for each in value]
    return value
