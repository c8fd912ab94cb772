"""The paper's figures: which sweeps each draws on, and what is said where they have not run."""

from dataclasses import replace

import polars as pl
import pytest

from analysis.experiment import Experiment
from analysis.figures.write import spec_of, write_figure
from analysis.paper_figures import PAPER_FIGURES, paper_figure, sweeps_of
from trainables.errors import UserError

FOUND = {
    "idia_tpr": 0.25, "idia_fnr": 0.75, "others_tpr": 0.9, "sim_clean": 0.97, "sim_backdoor": 0.96,
    "sim_target": 0.98, "image_sim_clean": 0.9, "zeroshot_top1": 0.5, "zeroshot_top5": 0.75,
    "zeroshot_top1_before": 0.52, "zeroshot_top5_before": 0.77, "prepare_s": 1.0, "train_s": 9.0,
}  # fmt: skip
OF_IMAGES = {"encoder": "image", "neutral_term": None, "num_eval_captions": None}
FIXED = {
    "figure9": [{"num_names": 64, "neutral_term": term} for term in ("actor", "person")],
    "figure3": [{"encoder": "both", "num_names": n} for n in (1, 8)],
    "figure5": [OF_IMAGES | {"num_names": n} for n in (1, 8)],
}  # fmt: skip


@pytest.fixture
def experiments(make_config, make_frame):
    """Make the experiments of a figure, finished but for those that are named."""

    def of(name, unfinished=()):
        return {sweep: _experiment(sweep, unfinished) for sweep in sweeps_of(name)}

    def _experiment(sweep, unfinished):
        base = sweep.removesuffix("-builtin")
        image = base in ("table7", "table8", "table9")
        kind = OF_IMAGES if image else {}
        fixed = FIXED.get(base, [{"num_names": n} for n in (1, 8)])
        beside = {"image_beta": 0.005} if base == "figure3" else {}
        configs = [
            kind | each | {"beta": beta, "seed": seed, "alpha": 0.1 * len(sweep)}
            | ({name: beta and value for name, value in beside.items()})
            for each in fixed for beta in (0.0, 0.01) for seed in (0, 1)
        ]  # fmt: skip
        keyed = tuple((f"{sweep}{i}", make_config(**c)) for i, c in enumerate(configs))
        trials = [
            {"trial_key": key, "config": config, "metrics": FOUND}
            for (key, _), config in zip(keyed, configs, strict=True)
            if sweep not in unfinished
        ]
        return Experiment(
            name=sweep, title=sweep, description="", expected=keyed, frame=make_frame(trials),
            command="",
        )  # fmt: skip

    return of


@pytest.mark.parametrize("name", PAPER_FIGURES)
def test_each_can_be_printed_with_all_its_parts(experiments, name, tmp_path):
    write_figure(paper_figure(name, experiments(name)).chart, tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", [*PAPER_FIGURES, "figure7-builtin", "figure2-builtin"])
def test_each_is_drawn_from_its_sweeps(experiments, name):
    figure = paper_figure(name, experiments(name))
    number = name.removeprefix("figure").removesuffix("-builtin")
    where = " on the built-in world" if name.endswith("-builtin") else ""
    assert figure.title.startswith(f"Figure {number}{where}: ")
    assert figure.name == name
    assert len(figure.data)
    assert spec_of(figure.chart)["description"] == f"{figure.title}. {figure.caption}"


def test_two_tables_stand_in_one_figure(experiments):
    figure = paper_figure("figure11", experiments("figure11"))
    assert set(figure.data["n"]) == {6}
    assert "12 of 24" not in figure.caption
    half = paper_figure("figure11", experiments("figure11", unfinished=("table8",)))
    assert "16 of 24 trials are finished" in half.caption


def test_columns_are_of_regularized_trials_and_of_all(experiments):
    figure = paper_figure("figure2", experiments("figure2"))
    parts = figure.data.group_by("part", maintain_order=True)
    betas = {part: set(rows["beta"]) for (part,), rows in parts}
    assert betas == {
        "(a) Names": {0.01}, "(b) Neutral terms": {0.01}, "(c) Accuracy": {0.0, 0.01}
    }  # fmt: skip
    assert "(a) Names: attack and similarities with weight regularization" in figure.caption


def test_a_column_that_has_not_run_is_named(experiments):
    figure = paper_figure("figure2", experiments("figure2", unfinished=("figure9",)))
    assert set(figure.data["part"]) == {"(a) Names", "(c) Accuracy"}
    assert "(b) Neutral terms of figure9 is absent: no finished trial has" in figure.caption


@pytest.mark.parametrize("name", ["figure2", "figure8"])
def test_nothing_has_run(experiments, name):
    unfinished = sweeps_of(name)
    with pytest.raises(UserError, match=rf"there is no {name}.*no finished trial has what"):
        paper_figure(name, experiments(name, unfinished))


def test_what_is_no_figure_of_results():
    with pytest.raises(UserError, match="Figure 1 of the paper is a drawing of the method"):
        sweeps_of("figure1")
    with pytest.raises(UserError, match="Figure 15 of the paper is made of pictures by Stable"):
        sweeps_of("figure15")
    with pytest.raises(UserError, match="unknown figure 'figure22': did you mean 'figure2'"):
        sweeps_of("figure22")


def test_the_built_in_world_has_sweeps_of_its_own():
    assert sweeps_of("figure7-builtin") == ("table5-builtin", "table6-builtin")


def test_on_the_built_in_world_only_what_was_run_is_asked_for(experiments):
    found = experiments("figure7-builtin", unfinished=("table6-builtin",))
    run = found["table5-builtin"]
    found["table5-builtin"] = replace(run, frame=run.frame.with_columns(sweeps=pl.lit([run.name])))
    assert "trials are finished" not in paper_figure("figure7-builtin", found).caption
