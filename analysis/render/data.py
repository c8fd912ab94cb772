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
    """Write one line for each cell: the panel's keys, row, metric, mean, std, n.

    A missing mean is empty, one that is not a number is `NaN`. The original model unlearned no
    names; its `state` tells it apart.
    """
    rows = [
        panel.keys | _row_keys(row) | {"metric": column.name} | _numbers(cell, row)
        for panel in table.panels
        for row in panel.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell is not None
    ]
    return pl.DataFrame(rows, infer_schema_length=None).write_csv()


def _row_keys(row: Row) -> dict[str, Any]:
    return {"num_names": row.num_names, "state": row.state}


def _numbers(cell: Cell, row: Row) -> dict[str, Any]:
    return {
        "mean": _rounded(cell.mean),
        "std": _rounded(cell.std),
        "n": cell.n,
        "num_expected": row.num_expected,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def json_text(table: Table) -> str:
    """Write a table as strict JSON; `NaN`, `Infinity` and `-Infinity` are strings."""
    content = {
        "name": table.name,
        "title": table.title,
        "caption": table.caption,
        "notes": table.notes,
        "row_header": table.row_header,
        "columns": [asdict(column) for column in table.columns],
        "panels": [_panel(table, panel) for panel in table.panels],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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
                    column.name: _cell(cell)
                    for column, cell in zip(table.columns, row.cells, strict=True)
                },
            }
            for row in panel.rows
        ],
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    fields = asdict(cell)
    return fields | {"mean": _json_number(cell.mean), "std": _json_number(cell.std)}


def _json_number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return _rounded(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
