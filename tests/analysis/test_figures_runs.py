"""Figures of trials: their points, what they leave out, and what they are drawn with."""

import math
import re
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.experiment import Experiment
from analysis.figures.axes import axis_over, names_channel
from analysis.figures.catalog import KINDS, figure_of, figures_of
from analysis.figures.points import Trials, points
from analysis.figures.run_time import fit_line
from analysis.figures.style import PAGE_WIDTH
from analysis.figures.write import spec_of, write_figure
from trainables.errors import UserError

PAPER_S = {
    "model": "ViT-B-32", "pretrained": "laion400m_e32", "data": "profile.yaml",
    "num_eval_captions": 10_000,
}  # fmt: skip
MACHINE = {"device": "cuda:0", "gpus": "Abacus 9", "cpu": "Beads"}


def metrics_of(config):
    """Make up what a trial finds: worse with more people, and a little different with each seed."""
    wobble = 0.001 * config.get("seed", 0)
    away = 0.01 * math.log2(config.get("num_names", 1)) + wobble
    return {
        "idia_tpr": away, "idia_fnr": 1 - away, "others_tpr": 0.9 - away,
        "sim_clean": 0.99 - away, "sim_backdoor": 0.98 - wobble, "sim_target": 0.97 + wobble,
        "zeroshot_top1": 0.52 - away, "zeroshot_top5": 0.79 - away,
        "zeroshot_top1_before": 0.53, "zeroshot_top5_before": 0.8,
        "prepare_s": 1.0, "train_s": 20.0 + 0.5 * config.get("num_names", 1) + 100 * wobble,
    }  # fmt: skip


@pytest.fixture
def make(make_config, make_frame):
    """Make an experiment of settings, of which some are not finished or say something else."""

    def of(configs, changes=None, name="demo", expected=True, **kept):
        trials = []
        for number, config in enumerate(configs):
            change = {"metrics": metrics_of(config)} | MACHINE | (changes or {}).get(number, {})
            if change.get("metrics") is not None:
                trials.append({"trial_key": f"k{number}", "config": config} | change)
        keyed = tuple((f"k{i}", make_config(**config)) for i, config in enumerate(configs))
        fields = {"title": name.capitalize(), "description": "What it is", "command": "run"} | kept
        return Experiment(
            name=name, expected=keyed if expected else None, frame=make_frame(trials), **fields
        )

    return of


def grid(numbers=(1, 2, 4), betas=(0.0, 0.01), seeds=range(3), **fixed):
    return [
        {"num_names": n, "beta": beta, "seed": seed} | fixed
        for n in numbers for beta in betas for seed in seeds
    ]  # fmt: skip


def cell(experiment, metric, spread="std", **where):
    found = points(Trials.of(experiment), [metric], spread).filter(**where)
    return found.row(0, named=True)


def test_a_point_is_the_mean_over_seeds_with_the_sample_s_deviation(make):
    shares = [0.25] + 9 * [0.0]
    configs = grid(numbers=[4], betas=[0.01], seeds=range(10))
    experiment = make(
        configs, {i: {"metrics": {"idia_tpr": share}} for i, share in enumerate(shares)}
    )
    found = cell(experiment, "idia_tpr")
    assert found["mean"] == pytest.approx(0.025)
    assert found["std"] == pytest.approx(0.0790569, abs=1e-7)
    assert (found["low"], found["high"]) == (0.0, pytest.approx(0.1040569, abs=1e-7))
    assert (found["n"], found["num_expected"], found["published"]) == (10, 10, None)


def test_an_interval_of_people_is_wilson_s_and_of_the_rest_a_bootstrap(make):
    experiment = make(grid(numbers=[4], betas=[0.01], seeds=range(10)))
    of_people = cell(experiment, "idia_tpr", "interval")
    assert of_people["high"] > cell(experiment, "idia_tpr")["high"]
    rest = cell(experiment, "sim_clean", "interval")
    assert rest["low"] < rest["mean"] < rest["high"]
    assert rest["high"] - rest["low"] < 2 * rest["std"]


def test_only_finished_numbers_count(make):
    changes = {
        0: {"metrics": None},
        1: {"status": "FAILED"},
        2: {"status": "RUNNING"},
        3: {"metrics": None},
        6: {"metrics": {"sim_clean": float("nan")}},
    }
    experiment = make(grid(), changes)
    nothing = cell(experiment, "sim_clean", num_names=1, beta=0.0)
    assert (nothing["mean"], nothing["n"], nothing["num_expected"]) == (None, 0, 3)
    two = cell(experiment, "sim_clean", num_names=1, beta=0.01)
    assert two["n"] == 2
    assert two["mean"] == pytest.approx(statistics.mean((0.989, 0.988)))
    broken = cell(experiment, "sim_clean", num_names=2, beta=0.0)
    assert (broken["mean"], broken["low"], broken["num_nan"]) == (None, None, 1)
    caption = figure_of("effectiveness", experiment).caption
    assert "14 of 18 trials are finished" in caption
    assert "none of its trials is finished: 1 name, without weight regularization" in caption
    assert "Absent, since a trial gave no number: 1 points of Sim Clean." in caption


def test_a_single_seed_has_no_band(make):
    experiment = make(grid(seeds=[0]))
    found = figure_of("effectiveness", experiment)
    assert found.data["low"].null_count() == len(found.data)
    assert "Means over 1 seed." in found.caption
    assert '"area"' not in str(spec_of(found.chart)).replace("'", '"')
    mixed = make(grid(), {0: {"metrics": None}, 1: {"metrics": None}})
    caption = figure_of("effectiveness", mixed).caption
    assert "Means over 1 to 3 seeds." in caption
    assert "A single seed has no band." in caption


def test_a_trial_that_finished_twice_counts_once(make, make_frame):
    experiment = make(grid(seeds=[0, 1]))
    again = make(grid(seeds=[0, 1])).frame
    doubled = Experiment(**vars(experiment) | {"frame": experiment.frame.vstack(again)})
    assert cell(doubled, "sim_clean", num_names=1, beta=0.0)["n"] == 2


def test_settings_are_never_mixed(make):
    experiment = make([*grid(alpha=0.3), *grid(alpha=0.6)])
    data = figure_of("effectiveness", experiment).data
    assert data.select("alpha", "beta", "num_names", "metric").is_unique().all()
    assert set(data["n"]) == {3}
    words = str(spec_of(figure_of("effectiveness", experiment).chart))
    for alpha in ("0.3", "0.6"):
        assert f"Alpha {alpha}, with weight regularization (β = 0.01)" in words


def test_which_figures_make_sense(make):
    def names(*configs, **kept):
        return [figure.name for figure in figures_of(make([*configs], **kept))]

    by_number = ["demo-effectiveness", "demo-accuracy", "demo-run-time"]
    assert names(*grid()) == by_number
    assert names(*grid(), expected=False) == by_number
    assert names(*grid(numbers=[8])) == []
    terms = [*grid(numbers=[8]), *grid(numbers=[8], neutral_term="person")]
    assert names(*terms) == ["demo-terms", "demo-terms-accuracy"]
    ablation = [c for alpha in (0.1, 0.3, 0.6) for c in grid(numbers=[8], seeds=[0], alpha=alpha)]
    assert names(*ablation) == ["demo-trade-off"]
    assert figures_of(make(grid(), {i: {"metrics": None} for i in range(18)})) == []


def test_what_cannot_be_drawn_is_said(make):
    with pytest.raises(UserError, match="unknown figure 'runtime': did you mean 'run-time'"):
        figure_of("runtime", make(grid()))
    with pytest.raises(UserError, match="'terms' of demo: all its trials have one neutral term"):
        figure_of("terms", make(grid()))
    many = [config for steps in range(1, 18) for config in grid(seeds=[0], betas=[0.0],
                                                                num_steps=steps)]  # fmt: skip
    with pytest.raises(UserError, match="it has 17 settings, of which one figure shows at most 16"):
        figure_of("effectiveness", make(many))
    with pytest.raises(UserError, match="it has 17 series, of which one figure tells 7 apart"):
        figure_of("run-time", make(many))


def test_published_numbers_stand_beside_the_paper_s_settings_only(make):
    of_paper = figure_of("effectiveness", make(grid(**PAPER_S)))
    found = of_paper.data.filter(metric="sim_clean", num_names=1)
    assert found["published"].to_list() == [0.99, 0.99]
    assert of_paper.data.filter(metric="others_tpr")["published"].count() == 0
    assert "Hollow: as published in the ECAI paper" in of_paper.caption
    for changed in ({"alpha": 0.3}, {"data": "builtin"}, {"num_steps": 100}):
        other = figure_of("effectiveness", make(grid(**PAPER_S | changed)))
        assert other.data["published"].count() == 0
        assert "Hollow" not in other.caption
    assert figure_of("effectiveness", make(grid())).data["published"].count() == 0


def test_the_original_model_is_a_line_for_each_setting(make):
    figure = figure_of("accuracy", make(grid()))
    originals = figure.data.select("metric", "original").unique().sort("metric")
    assert originals["metric"].to_list() == ["zeroshot_top1", "zeroshot_top5"]
    assert originals["original"].to_list() == pytest.approx([0.53, 0.8])
    assert set(figure.data["series"]) == {
        "without weight regularization", "with weight regularization"
    }  # fmt: skip
    several = figure_of("accuracy", make(grid(betas=(0.0, 0.01, 0.1))))
    assert set(several.data["series"]) == {"β = 0", "β = 0.01", "β = 0.1"}


def test_terms_keep_their_order(make):
    terms = ("person", "actor", "human")
    configs = [config for term in terms for config in grid(numbers=[8], neutral_term=term)]
    data = figure_of("terms", make(configs)).data
    assert tuple(data["x"].unique(maintain_order=True)) == terms


def test_run_times_are_of_the_defence_alone_and_have_a_slope(make):
    figure = figure_of("run-time", make(grid(numbers=(1, 8, 64), betas=[0.01])))
    assert figure.data["seconds"].to_list()[:3] == pytest.approx([21.5, 21.6, 21.7])
    assert "names: 0.5000 ± 0.0011 s per name" in str(spec_of(figure.chart))
    assert "Measured on Abacus 9." in figure.caption
    assert "A100" not in figure.caption
    of_paper = figure_of("run-time", make(grid(betas=[0.01], **PAPER_S)))
    assert "Fig. 5 (A100-SXM4-40GB): 0.07 s per name." in of_paper.caption


def test_run_times_of_two_machines_are_not_mixed(make):
    changes = {0: {"device": "cpu"}, 1: {"device": None, "cpu": None, "gpus": None}}
    figure = figure_of("run-time", make(grid(betas=[0.01]), changes))
    assert set(figure.data["series"]) == {"Abacus 9", "Beads", "an unknown machine"}


@given(st.lists(st.tuples(st.integers(1, 64), st.floats(0, 1e3)), min_size=3, max_size=30))
@settings(max_examples=50, deadline=None)
def test_lines_are_those_of_least_squares(measured):
    from scipy.stats import linregress

    numbers, seconds = [float(n) for n, _ in measured], [s for _, s in measured]
    fit = fit_line(numbers, seconds)
    if len(set(numbers)) == 1:
        assert fit is None
        return
    theirs = linregress(numbers, seconds)
    assert fit.slope == pytest.approx(theirs.slope, abs=1e-6)
    # Theirs is computed from a correlation, which has no value where all took equally long.
    assert fit.error == pytest.approx(np.nan_to_num(theirs.stderr), abs=1e-3)
    assert fit.seconds[0] == pytest.approx(theirs.intercept + theirs.slope * fit.at[0], abs=1e-6)


def test_two_measurements_have_a_slope_without_error():
    fit = fit_line([1.0, 3.0], [2.0, 4.0])
    assert (fit.slope, fit.error) == (1.0, None)
    assert fit_line([], []) is None


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=9), st.sampled_from([None, 1.0]))
@settings(max_examples=100, deadline=None)
def test_axes_hold_everything_in_few_round_steps(values, top):
    axis = axis_over("y", pl.DataFrame({"mean": values, "low": [None, *values[1:]]}), top=top)
    low, high = axis.domain
    assert low <= min(values) + 1e-6
    assert high >= max(values) - 1e-6
    ticks = axis.channel("mean").to_dict()["axis"]["values"]
    assert 2 <= len(ticks) <= 6
    assert np.diff(ticks) == pytest.approx(axis.step, abs=1e-6)
    assert f"{axis.step:e}"[:8] in ("1.000000", "2.000000", "5.000000")


def test_doublings_are_ticks():
    def ticks(numbers):
        return names_channel(numbers, "names").to_dict()["axis"]["values"]

    assert ticks([64, 1, 8]) == [1, 8, 64]
    assert ticks(range(3, 40)) == [4, 8, 16, 32]


def test_a_figure_is_the_same_each_time_and_fits_the_page(make, tmp_path):
    for suffix in ("pdf", "svg", "png", "json"):
        for number in range(2):
            figure = figure_of("effectiveness", make(grid()))
            write_figure(figure.chart, tmp_path / f"{number}.{suffix}")
        first, second = (tmp_path / f"{number}.{suffix}" for number in range(2))
        assert first.read_bytes() == second.read_bytes(), suffix
    pdf = (tmp_path / "0.pdf").read_bytes()
    assert set(re.findall(rb"/BaseFont /\w+\+(\S+)", pdf)) == {b"LiberationSans"}
    assert float(re.search(rb"/MediaBox \[0 0 ([\d.]+)", pdf)[1]) < PAGE_WIDTH + 8
    assert figure.caption in spec_of(figure.chart)["description"]


def test_lines_break_where_a_mean_is_missing(make):
    configs = grid(betas=[0.01], seeds=[0, 1])
    figure = figure_of("effectiveness", make(configs, {i: {"metrics": None} for i in (2, 3)}))
    rows = [row for rows in spec_of(figure.chart)["datasets"].values() for row in rows]
    assert {row["x"] for row in rows if row["mean"] is None} == {2}
    assert "opacity" not in str({k: v for k, v in spec_of(figure.chart).items() if k != "config"})


def test_captions_on_pages_are_escaped(make, tmp_path):
    figure = figure_of("effectiveness", make(grid(), description="</script><b>bold"))
    write_figure(figure.chart, tmp_path / "a.html", figure.title, figure.caption)
    page = (tmp_path / "a.html").read_text()
    assert "<figcaption>Demo: effectiveness. Attack and similarities" in page
    assert "&lt;/script&gt;&lt;b&gt;bold." in page
    assert "<b>" not in page


def test_every_kind_is_named():
    assert list(KINDS) == [
        "effectiveness", "accuracy", "terms", "terms-accuracy", "run-time", "trade-off"
    ]  # fmt: skip
