"""The kinds of figures that show an experiment, and which of them make sense for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl
from altair.typing import ChartType

from analysis.experiment import Experiment
from analysis.figures import accuracy, effectiveness, run_time, trade_off
from analysis.figures.captions import caption_of, missing
from analysis.figures.figure import Figure
from analysis.figures.points import Spread, Trials
from analysis.figures.style import SERIES, styled
from analysis.notes import sentence
from trainables.errors import UserError, did_you_mean

MAX_SETTINGS = 16
"""More panels than that are no figure."""

_NAMES, _TERMS = "num_names", "neutral_term"
_AGAINST = {
    _NAMES: "against how many {noun} are unlearned",
    _TERMS: "for each neutral term that names are mapped to",
}
Drawn = tuple[ChartType, pl.DataFrame, str]
"""A chart, the numbers behind it, and its caption."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of figure.

    Attributes:
        title: what it shows.
        why_not: says why it cannot show trials, in words that follow "of NAME"; empty if it can.
        draw: draws trials, of an experiment with a description.
    """

    title: str
    why_not: Callable[[Trials], str]
    draw: Callable[[Trials, str, Spread], Drawn]


def figures_of(experiment: Experiment, spread: Spread = "std") -> list[Figure]:
    """Draw an experiment in every way that makes sense for it; none without finished trials.

    Args:
        experiment: whose finished trials are drawn.
        spread: what bands and bars span: `std`, or `interval` for 95% intervals of the means.
    """
    trials = Trials.of(experiment)
    return [
        _figure(name, kind, experiment.name, experiment.title, trials, experiment, spread)
        for name, kind in KINDS.items()
        if not kind.why_not(trials)
    ]


def figure_of(kind: str, experiment: Experiment, spread: Spread = "std") -> Figure:
    """Draw an experiment in one way.

    Raises:
        UserError: there is no such kind, or it makes no sense for the experiment.
    """
    if kind not in KINDS:
        raise UserError(f"unknown figure {kind!r}: {did_you_mean(kind, KINDS)}")
    trials = Trials.of(experiment)
    why_not = KINDS[kind].why_not(trials)
    if why_not:
        raise UserError(f"there is no figure {kind!r} of {experiment.name}: {why_not}.")
    found = KINDS[kind]
    return _figure(kind, found, experiment.name, experiment.title, trials, experiment, spread)


def _figure(
    name: str, kind: Kind, stem: str, title: str, trials: Trials, experiment: Experiment,
    spread: Spread,
) -> Figure:  # fmt: skip
    chart, data, caption = kind.draw(trials, experiment.description, spread)
    return make_figure(f"{stem}-{name}", f"{title}: {kind.title}", chart, data, caption)


def make_figure(
    name: str, title: str, chart: ChartType, data: pl.DataFrame, caption: str
) -> Figure:
    """Put a figure together; its description is for those who cannot see it."""
    chart.description = f"{title}. {caption}"
    return Figure(name=name, title=title, caption=caption, chart=chart, data=data)


def _why_not_means(trials: Trials, x: str, metrics: tuple[str, ...], num_settings: int) -> str:
    if trials.rows[x].drop_nulls().n_unique() < 2:
        what = "number of people" if x == _NAMES else "neutral term"
        return f"all its trials have one {what}"
    if not any(trials.has(metric) for metric in metrics):
        return "no finished trial has what it shows"
    if num_settings > MAX_SETTINGS:
        return f"it has {num_settings} settings, of which one figure shows at most {MAX_SETTINGS}"
    return ""


def _effectiveness(x: str) -> Kind:
    def why_not(trials: Trials) -> str:
        metrics = (*effectiveness.SHARES, *effectiveness.SIMILARITIES)
        settings = trials.settings(effectiveness.block_keys(trials, x))
        return _why_not_means(trials, x, metrics, len(settings))

    def draw(trials: Trials, description: str, spread: Spread) -> Drawn:
        data = effectiveness.data_of(trials, x, spread)
        chart = styled(effectiveness.effectiveness_chart(trials, x, data))
        what = f"Attack and similarities {_AGAINST[x].format(noun=trials.noun)}."
        return chart, data, caption_of(what, description, trials, data, spread, _MARKS[x])

    title = "effectiveness" if x == _NAMES else "neutral terms"
    return Kind(title=title, why_not=why_not, draw=draw)


def _accuracy(x: str) -> Kind:
    def why_not(trials: Trials) -> str:
        settings = trials.settings(accuracy.setting_keys(trials, x))
        found = _why_not_means(trials, x, tuple(accuracy.TOPS), len(settings))
        return found or _too_many(len(accuracy.series_names(trials)))

    def draw(trials: Trials, description: str, spread: Spread) -> Drawn:
        data = accuracy.data_of(trials, x, spread)
        chart = styled(accuracy.accuracy_chart(trials, x, data))
        what = f"Zero-shot accuracy {_AGAINST[x].format(noun=trials.noun)}."
        if data["original"].count():
            what = f"{what} The dashed line is the original model's, over the same trials."
        return chart, data, caption_of(what, description, trials, data, spread, _MARKS[x])

    title = "accuracy" if x == _NAMES else "accuracy by neutral term"
    return Kind(title=title, why_not=why_not, draw=draw)


_MARKS = {_NAMES: "Bands", _TERMS: "Bars"}


def _too_many(num_series: int) -> str:
    if num_series <= len(SERIES):
        return ""
    return f"it has {num_series} series, of which one figure tells {len(SERIES)} apart"


def _why_no_run_time(trials: Trials) -> str:
    data = run_time.data_of(trials)
    if data["x"].n_unique() < 2:
        return "its finished trials have not two numbers of people"
    return _too_many(data["series"].n_unique())


def _draw_run_time(trials: Trials, description: str, spread: Spread) -> Drawn:
    data = run_time.data_of(trials)
    chart = styled(run_time.run_time_chart(trials, data))
    what = (
        f"Seconds of the defence (preparation and training, without evaluation) "
        f"{_AGAINST[_NAMES].format(noun=trials.noun)}: single measurements, and least-squares "
        "lines with the standard error of their slopes."
    )
    parts = [what, *_described(description), run_time.machines_text(trials, data), *missing(trials)]
    return chart, data, " ".join(parts)


def _why_no_trade_off(trials: Trials) -> str:
    if not trade_off.has_trade_off(trials):
        return "fewer than three settings of it are measured"
    return _too_many(len(trade_off.series_names(trials)))


def _draw_trade_off(trials: Trials, description: str, spread: Spread) -> Drawn:
    data = trade_off.data_of(trials, spread)
    chart = styled(trade_off.trade_off_chart(trials, data))
    what = (
        "Who is still inferred (IDIA TPR) against how close clean embeddings stay (Sim Clean), a "
        "mark for each setting: the lower right is best."
    )
    points = trade_off.points_of(trials, spread)
    return chart, data, caption_of(what, description, trials, points, spread, "Bars")


def _described(description: str) -> list[str]:
    return [sentence(description)] if description.strip() else []


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "effectiveness": _effectiveness(_NAMES),
        "accuracy": _accuracy(_NAMES),
        "terms": _effectiveness(_TERMS),
        "terms-accuracy": _accuracy(_TERMS),
        "run-time": Kind(title="run time", why_not=_why_no_run_time, draw=_draw_run_time),
        "trade-off": Kind(title="trade-off", why_not=_why_no_trade_off, draw=_draw_trade_off),
    }
)
"""By the names that the command line takes."""
