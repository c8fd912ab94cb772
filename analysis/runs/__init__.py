"""MLflow -> one tidy frame: a row for each trial's run."""

from analysis.runs.columns import FINISHED, RUN_SCHEMA, field_schema, frame_schema
from analysis.runs.frame import duplicates, finished
from analysis.runs.load import load_runs, sweep_names

__all__ = [
    "FINISHED",
    "RUN_SCHEMA",
    "duplicates",
    "field_schema",
    "finished",
    "frame_schema",
    "load_runs",
    "sweep_names",
]
