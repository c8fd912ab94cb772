"""The options that several commands of the command line share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sweeps.cluster import Resources
    from sweeps.spec import Sweep

RESULTS = Path("results")
"""Where results go unless the user says otherwise."""

Specs = Annotated[
    list[str], typer.Argument(help="Spec files, or names of sweeps that come with the project.")
]
OptionalSpecs = Annotated[
    list[str] | None, typer.Argument(help="Spec files or names; all that was run if left out.")
]
Results = Annotated[
    Path, typer.Option(envvar="UNREMEMBER_RESULTS", help="Folder of journal, logs and tracking.")
]
TrackingUri = Annotated[
    str | None,
    typer.Option(help="MLflow store; else $MLFLOW_TRACKING_URI, else a file in the results."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: beta=0,0.01 or seeds=0-4; may be repeated."),
]
Data = Annotated[
    str | None,
    typer.Option(help="A data profile; `profile` for your own, `builtin` for the built-in world."),
]
Cpus = Annotated[float, typer.Option(help="CPUs of each trial.")]
Gpus = Annotated[
    float | None, typer.Option(help="GPUs of each trial, such as 0.5; one if there is one.")
]
MaxConcurrent = Annotated[int | None, typer.Option(help="Most trials at a time.")]
Address = Annotated[str, typer.Option(help="A running Ray cluster, such as `auto`.")]
Storage = Annotated[
    str | None, typer.Option(help="Database of the studies; else a file in the results.")
]
Keep = Annotated[
    str | None,
    typer.Option(
        help="Defended encoders that stay on disk: none, best or all; else as in the spec."
    ),
]


def sweeps_of(specs: list[str], settings: list[str] | None, data: str | None) -> "list[Sweep]":
    """Read the sweeps that a command names, changed as its options ask.

    Raises:
        UserError: one is not there, or a setting is wrong.
    """
    from sweeps.overrides import override
    from sweeps.spec import load_sweep

    return [override(load_sweep(spec), settings or [], data) for spec in specs]


def resources_of(
    cpus_per_trial: float, gpus_per_trial: float | None, max_concurrent: int | None, address: str
) -> "Resources":
    """Gather what a command says about what trials run on."""
    from sweeps.cluster import Resources

    return Resources(
        address=address, cpus_per_trial=cpus_per_trial, gpus_per_trial=gpus_per_trial,
        max_concurrent=max_concurrent,
    )  # fmt: skip
