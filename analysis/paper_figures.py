"""The figures of the ECAI paper, by name, from the sweeps that their trials belong to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import altair as alt
import polars as pl

from analysis.experiment import Experiment
from analysis.figures import accuracy, effectiveness
from analysis.figures.blocks import AXIS_WIDTH, Grid, beside
from analysis.figures.captions import how_to_read, missing, seeds_text
from analysis.figures.catalog import KINDS, make_figure
from analysis.figures.figure import Figure
from analysis.figures.points import Spread, Trials
from analysis.figures.style import PAGE_WIDTH, styled
from analysis.store import ON_BUILTIN
from trainables.errors import UserError, did_you_mean

_NAMES, _TERMS = "num_names", "neutral_term"
_PAPER_S_MODEL = "ViT-B-32"
NOT_DRAWN = {
    **dict.fromkeys(("figure1", "figure13"), "a drawing of the method, not of results"),
    **dict.fromkeys(
        ("figure4", *(f"figure{number}" for number in range(14, 20))),
        "made of pictures by Stable Diffusion, which is not a part of this project",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A column of a figure that has several, such as (a).

    Attributes:
        title: what it shows.
        sweep: whose trials it draws.
        shows: `effectiveness` or `accuracy`.
        x: the setting that it is drawn against.
        is_regularized: whether only trials with weight regularization are drawn.
    """

    title: str
    sweep: str
    shows: str
    x: str = _NAMES
    is_regularized: bool = False


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """A figure of the paper.

    Attributes:
        about: what it shows, for its title.
        sweeps: whose trials it draws.
        kind: of `KINDS`, if it is of one.
        parts: its columns, if it has several.
    """

    about: str
    sweeps: tuple[str, ...]
    kind: str = ""
    parts: tuple[Part, ...] = ()


def _parted(about: str, *parts: Part) -> PaperFigure:
    sweeps = tuple(dict.fromkeys(part.sweep for part in parts))
    return PaperFigure(about=about, sweeps=sweeps, parts=parts)


_TEXT, _IMAGE = ("table5", "table6"), ("table7", "table8", "table9")
PAPER_FIGURES: Mapping[str, PaperFigure] = MappingProxyType(
    {
        "figure2": _parted(
            "removing names from the text encoder",
            Part(title="(a) Names", sweep="table5", shows="effectiveness", is_regularized=True),
            Part(title="(b) Neutral terms", sweep="figure9", shows="effectiveness", x=_TERMS,
                 is_regularized=True),
            Part(title="(c) Accuracy", sweep="table5", shows="accuracy"),
        ),
        "figure3": _parted(
            "removing faces from the image encoder, and people from both",
            Part(title="(a) Image encoder", sweep="table7", shows="effectiveness",
                 is_regularized=True),
            Part(title="(b) Both encoders", sweep="figure3", shows="effectiveness",
                 is_regularized=True),
            Part(title="(c) Image encoder", sweep="table7", shows="accuracy"),
            Part(title="(d) Both encoders", sweep="figure3", shows="accuracy"),
        ),
        "figure5": PaperFigure(about="run time", sweeps=("figure5",), kind="run-time"),
        "figure7": PaperFigure(about="text encoders", sweeps=_TEXT, kind="effectiveness"),
        "figure8": PaperFigure(about="accuracy of text encoders", sweeps=_TEXT, kind="accuracy"),
        "figure9": PaperFigure(about="neutral terms", sweeps=("figure9",), kind="terms"),
        "figure10": PaperFigure(
            about="accuracy by neutral term", sweeps=("figure9",), kind="terms-accuracy"
        ),
        "figure11": PaperFigure(about="image encoders", sweeps=_IMAGE, kind="effectiveness"),
        "figure12": PaperFigure(about="accuracy of image encoders", sweeps=_IMAGE, kind="accuracy"),
    }
)  # fmt: skip
"""By name; with the ending `-builtin`, each draws on the sweeps that ran on the built-in world."""


def sweeps_of(name: str) -> tuple[str, ...]:
    """List the sweeps that a figure of the paper draws on.

    Raises:
        UserError: there is no such figure, or none that shows results.
    """
    base = name.removesuffix(ON_BUILTIN)
    ending = name[len(base) :]
    return tuple(f"{sweep}{ending}" for sweep in _find(base).sweeps)


def _find(name: str) -> PaperFigure:
    if name in NOT_DRAWN:
        number = name.removeprefix("figure")
        raise UserError(f"Figure {number} of the paper is {NOT_DRAWN[name]}: it is not drawn here.")
    if name not in PAPER_FIGURES:
        raise UserError(f"unknown figure {name!r}: {did_you_mean(name, PAPER_FIGURES)}")
    return PAPER_FIGURES[name]


def paper_figure(
    name: str, experiments: Mapping[str, Experiment], spread: Spread = "std"
) -> Figure:
    """Draw a figure of the paper from our runs.

    Args:
        name: one of `PAPER_FIGURES`, with the ending `-builtin` on the built-in world.
        experiments: those of `sweeps_of(name)`, by the names of their sweeps.
        spread: what bands and bars span: `std`, or `interval` for 95% intervals of the means.

    Raises:
        UserError: there is no such figure, or no finished trial that it could show.
    """
    base = name.removesuffix(ON_BUILTIN)
    figure = _find(base)
    ending = name[len(base) :]
    where = " on the built-in world" if ending else ""
    title = f"Figure {base.removeprefix('figure')}{where}: {figure.about}"
    if figure.parts:
        parts = [replace(part, sweep=f"{part.sweep}{ending}") for part in figure.parts]
        chart, data, caption = _draw_parts(name, parts, experiments, spread)
        return make_figure(name, title, chart, data, caption)
    drawn = [experiments[sweep] for sweep in sweeps_of(name)]
    trials = Trials.of(*(_asked_for(drawn) if ending else drawn))
    kind = KINDS[figure.kind]
    why_not = kind.why_not(trials)
    if why_not:
        raise UserError(f"there is no {name} of {', '.join(sweeps_of(name))}: {why_not}.")
    return make_figure(name, title, *kind.draw(trials, "", spread))


def _asked_for(experiments: Sequence[Experiment]) -> Sequence[Experiment]:
    """Leave out sweeps that were not run, if others were.

    On the built-in world those of one encoder are the same trials, so that they would only ask for
    more of them.
    """
    was_run = [each for each in experiments if each.frame["sweeps"].list.contains(each.name).any()]
    return was_run or experiments


Drawn = tuple[Part, Trials, pl.DataFrame]
Draw = Callable[[Trials, str, pl.DataFrame, Grid, str], alt.VConcatChart]
_MEASURED: dict[str, Callable[[Trials, str, Spread], pl.DataFrame]] = {
    "effectiveness": effectiveness.data_of,
    "accuracy": accuracy.data_of,
}
_LOOKS: dict[str, tuple[Draw, float]] = {
    "effectiveness": (effectiveness.effectiveness_chart, AXIS_WIDTH),
    "accuracy": (accuracy.accuracy_chart, accuracy.AXIS_WIDTH),
}
"""How each is drawn, with the width of its axes."""
_WHAT = {"effectiveness": "attack and similarities", "accuracy": "zero-shot accuracy"}


def _draw_parts(
    name: str, parts: Sequence[Part], experiments: Mapping[str, Experiment], spread: Spread
) -> tuple[alt.HConcatChart, pl.DataFrame, str]:
    drawn: list[Drawn] = []
    absent = []
    for part in parts:
        trials = _trials(part, experiments[part.sweep])
        why_not = KINDS[_kind(part)].why_not(trials)
        if why_not:
            absent.append(f"{part.title} of {part.sweep} is absent: {why_not}.")
        else:
            drawn.append((part, trials, _MEASURED[part.shows](trials, part.x, spread)))
    if not drawn:
        raise UserError(f"there is no {name}: {' '.join(absent)}".removesuffix(".") + ".")
    numbers = [data.with_columns(part=pl.lit(part.title)) for part, _, data in drawn]
    chart = styled(_columns(drawn, PAGE_WIDTH / len(parts)), legend="bottom")
    data = pl.concat(numbers, how="diagonal_relaxed")
    words = [sentence for each in drawn for sentence in _words(each)]
    return chart, data, " ".join([*words, *absent, *how_to_read(data, spread, "Bands")])


def _kind(part: Part) -> str:
    return "terms" if part.x == _TERMS else part.shows


def _trials(part: Part, experiment: Experiment) -> Trials:
    trials = Trials.of(experiment)
    models = set(trials.rows["model"])
    if _PAPER_S_MODEL in models:
        trials = trials.only(pl.col("model") == _PAPER_S_MODEL)
    if part.is_regularized:
        trials = trials.only((pl.col("beta") > 0) | (pl.col("image_beta") > 0))
    return trials


def _words(drawn: Drawn) -> list[str]:
    part, trials, data = drawn
    betas = " with weight regularization" if part.is_regularized else ""
    what = f"{part.title}: {_WHAT[part.shows]}{betas}, means over {seeds_text(data)}"
    return [f"{what} ({part.sweep}).", *missing(trials)]


def _columns(drawn: Sequence[Drawn], width: float) -> alt.HConcatChart:
    """Put parts side by side, those that share a legend together."""
    together: list[alt.HConcatChart] = []
    for shows, (draw, axis_width) in _LOOKS.items():
        parts = [each for each in drawn if each[0].shows == shows]
        grid = Grid(
            columns=1,
            panels=1,
            is_stacked=True,
            width=width,
            axis_width=axis_width,
            legend_columns=len(parts) + (shows == "effectiveness"),
        )
        charts = [draw(trials, part.x, data, grid, part.title) for part, trials, data in parts]
        if charts:
            together.append(beside(charts, spacing=4))
    apart = alt.Resolve(scale={"color": "independent", "shape": "independent"})
    # Nested less deeply where all share a legend: a PDF takes only so many levels.
    return together[0] if len(together) == 1 else beside(together, spacing=4, resolve=apart)
