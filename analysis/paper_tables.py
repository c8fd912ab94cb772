"""The tables of the ECAI paper from our own trials, laid out as there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from analysis.cells import measured_cells
from analysis.compare import compare_exactly
from analysis.experiment import Experiment
from analysis.layout import Cell, Panel, Published, Row, Table
from analysis.notes import notes_of, sentence
from analysis.published import IDENTITIES, facts
from analysis.runs import finished
from analysis.settings import wanted_trials
from analysis.store import ON_BUILTIN
from analysis.tables import PAPER_METRICS, build_table
from trainables.config import SingleEncoder
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS, of_task

_TOP1 = "zeroshot_top1"
_TASKS = ("cifar10", "cifar100", "sun397", "flowers102", IDENTITIES)
_OTHERS = "others_tpr"
_COLUMNS = (*(name for name in PAPER_METRICS if name != _OTHERS), _OTHERS)
_PARAMETERS = METRICS["num_parameters"]
_ONE_SET = "The built-in world has one zero-shot set, its scenes, in the place of the paper's five."


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of the paper.

    Attributes:
        title: its heading.
        description: what it shows, for its caption where it is not that of a sweep.
        sweeps: whose trials it is made of.
        columns: its metrics, as the paper orders them.
        parameters_of: the encoder whose parameters it counts, a row for each model; None where it
            is about unlearning.
    """

    title: str
    description: str = ""
    sweeps: tuple[str, ...]
    columns: tuple[str, ...] = _COLUMNS
    parameters_of: SingleEncoder | None = None


PAPER_TABLES: dict[str, PaperTable] = {
    "table1": PaperTable(
        title="Table 1",
        description="Trainable parameters of the text encoders",
        sweeps=("table5", "table6"),
        parameters_of="text",
    ),
    "table2": PaperTable(
        title="Table 2",
        sweeps=("table2",),
        columns=tuple(of_task(task, _TOP1) for task in _TASKS),
    ),
    "table3": PaperTable(
        title="Table 3",
        sweeps=("table3",),
        columns=tuple(of_task(task, _TOP1) for task in _TASKS),
    ),
    "table4": PaperTable(
        title="Table 4",
        description="Trainable parameters of the image encoders",
        sweeps=("table9", "table8", "table7"),
        parameters_of="image",
    ),
    **{f"table{i}": PaperTable(title=f"Table {i}", sweeps=(f"table{i}",)) for i in range(5, 10)},
}
"""Every table of the paper by name, in its order; each also with `-builtin` behind the name."""


def is_of_paper(name: str) -> bool:
    """Tell whether a table is one of the paper's, on the built-in world or not."""
    return name.removesuffix(ON_BUILTIN) in PAPER_TABLES


def sweeps_of(name: str) -> tuple[str, ...]:
    """Name the sweeps that a table of the paper draws on, those on the built-in world included.

    Raises:
        UserError: the paper has no such table.
    """
    base, ending = _split(name)
    return tuple(sweep + ending for sweep in PAPER_TABLES[base].sweeps)


def paper_table(name: str, experiments: Mapping[str, Experiment]) -> Table:
    """Make a table of the paper.

    Args:
        name: of `PAPER_TABLES`, such as `table5`; `table5-builtin` is that on the built-in world.
        experiments: at least one of the sweeps that `sweeps_of` names, by name.

    Raises:
        UserError: the paper has no such table, or none of its sweeps is here.
    """
    base, ending = _split(name)
    known = [experiments[sweep] for sweep in sweeps_of(name) if sweep in experiments]
    table = PAPER_TABLES[base]
    if not known:
        raise UserError(
            f"{table.title} is made of the trials of {' and '.join(sweeps_of(name))}: "
            "give at least one of these sweeps."
        )
    title = table.title + (" on the built-in world" if ending else "")
    if table.parameters_of:
        return _parameters(name, title, table, known)
    has_one_set = bool(ending) and table.columns is not _COLUMNS
    found = build_table(
        known[0].frame,
        known[0].expected,
        name,
        known[0].description,
        (_TOP1,) if has_one_set else table.columns,
        title=title,
    )
    return replace(found, notes=(*found.notes, _ONE_SET)) if has_one_set else found


def _split(name: str) -> tuple[str, str]:
    base = name.removesuffix(ON_BUILTIN)
    if base not in PAPER_TABLES:
        raise UserError(f"the paper has no table {name!r}: {did_you_mean(base, PAPER_TABLES)}")
    return base, name.removeprefix(base)


def _parameters(
    name: str, title: str, table: PaperTable, experiments: Sequence[Experiment]
) -> Table:
    """Count the parameters of each model that sweeps have finished trials of."""
    wanted = pl.concat(wanted_trials(each.frame, each.expected) for each in experiments)
    wanted = wanted.unique("trial_key", maintain_order=True)
    frame = pl.concat((each.frame for each in experiments), how="diagonal").unique("run_id")
    counted = finished(frame).select("trial_key", _PARAMETERS.name)
    trials = wanted.join(counted, "trial_key", how="left", maintain_order="left")
    panel = Panel(
        title=f"{table.parameters_of} encoder",
        keys={"encoder": str(table.parameters_of)},
        rows=tuple(_rows_of_models(trials, str(table.parameters_of))),
    )
    return Table(
        name=name,
        title=title,
        caption=" ".join([sentence(table.description), _PARAMETERS.help]),
        row_header="Model",
        columns=(_PARAMETERS,),
        panels=(panel,),
        notes=notes_of(frame, wanted, (_PARAMETERS,), (panel,), None) + _without_count(panel),
    )


def _rows_of_models(trials: pl.DataFrame, encoder: str) -> list[Row]:
    cells = measured_cells(trials, ["model"], [_PARAMETERS], intervals=False)
    sizes = dict(trials.group_by("model", maintain_order=True).len().iter_rows())
    rows = []
    for model, num_expected in sizes.items():
        cell = _counted(cells[model, _PARAMETERS.name], encoder, model)
        rows.append(
            Row(num_names=0, n=cell.n, num_expected=num_expected, cells=(cell,), label=model)
        )
    return rows


def _counted(cell: Cell, encoder: str, model: str) -> Cell:
    """Put a count beside the paper's; being the same in every trial it has no spread."""
    if cell.std == 0:
        cell = replace(cell, std=None)
    architecture = model.lower().replace("-", "_")
    fact = facts().get(f"{encoder}_encoder_trainable_parameters_{architecture}")
    if fact is None:
        return cell
    published = Published(mean=fact.value, std=0.0, n=1, source=fact.source)
    return replace(cell, comparison=compare_exactly(cell, published))


def _without_count(panel: Panel) -> tuple[str, ...]:
    alone = [row.label for row in panel.rows if all(c and not c.comparison for c in row.cells)]
    if not alone:
        return ()
    return (f"Not compared: the paper counts no parameters of {', '.join(alone)}.",)
