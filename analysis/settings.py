"""What tells trials apart: the settings that vary, shared by tables, figures and other views."""

from collections.abc import Mapping, Sequence

import polars as pl

from analysis.layout import Key
from analysis.runs import field_schema
from analysis.store import list_fields
from trainables.config import TrialConfig, field_names

BETAS = ("image_beta", "beta")
"""The settings of the weight regularization, by which panels are told apart last."""
ALWAYS_VARYING = {"num_names", "seed", *BETAS}
"""The settings that no title names, or that it words in its own way."""


def wanted_trials(
    frame: pl.DataFrame, expected: Sequence[tuple[str, TrialConfig]] | None
) -> pl.DataFrame:
    """Give one row for each trial that should be there: its key and its settings, lists as text.

    Args:
        frame: runs as `analysis.runs.load_runs` gives them.
        expected: the trials with their keys; None takes the frame's.
    """
    if expected is None:
        known = pl.all_horizontal(pl.col("trial_key", "num_names", "beta", "seed").is_not_null())
        rows = frame.filter(known).select("trial_key", *field_names())
    else:
        schema = {"trial_key": pl.String()} | field_schema()
        data = [{"trial_key": key} | config.model_dump() for key, config in expected]
        rows = pl.DataFrame(data, schema=schema)
    lists = pl.col(sorted(list_fields())).cast(pl.List(pl.String)).list.join(", ")
    return rows.unique("trial_key", keep="last", maintain_order=True).with_columns(lists)


def varying_settings(wanted: pl.DataFrame) -> list[str]:
    """List the settings that set trials apart beyond `ALWAYS_VARYING`.

    One that follows from those before it is left out, such as what a preset has for each model.
    """
    varying: list[str] = []
    num_settings = 1
    for name in field_names():
        if name not in ALWAYS_VARYING:
            apart = wanted.select(*varying, name).n_unique()
            if apart > num_settings:
                varying.append(name)
                num_settings = apart
    return varying


def betas_of(wanted: pl.DataFrame) -> list[str]:
    """List which of `BETAS` the trials have."""
    return [beta for beta in BETAS if wanted[beta].is_not_null().any()]


def setting_title(keys: Mapping[str, Key]) -> str:
    """Say what sets trials apart, such as `alpha 0.3, with weight regularization (β = 0.01)`.

    Args:
        keys: the settings, among them beta.
    """
    return ", ".join([*other_texts(keys), f"{regularization_text(keys)} ({beta_text(keys)})"])


def regularization_text(keys: Mapping[str, Key]) -> str:
    """Say whether weights are regularized: `with weight regularization` or without."""
    how = "with" if keys["beta"] or keys.get("image_beta") else "without"
    return f"{how} weight regularization"


def beta_text(keys: Mapping[str, Key]) -> str:
    """Say how strongly weights are regularized, such as `β = 0.01`."""
    beta, image_beta = keys["beta"], keys.get("image_beta")
    shown = f"β = {value_text(beta)}"
    if image_beta is not None and image_beta != beta:
        shown += f", of images {value_text(image_beta)}"
    return shown


def other_texts(keys: Mapping[str, Key]) -> list[str]:
    """Name the settings but those of the weight regularization, such as `alpha 0.3`."""
    return [
        f"{name.replace('_', ' ')} {value_text(value)}"
        for name, value in keys.items()
        if name not in BETAS and value is not None
    ]


def value_text(value: Key) -> str:
    """Show a setting's value."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
