"""The paper's tables from trials that repeat it, and what is and is not comparable."""

import re

import numpy as np
import polars as pl
import pytest

from analysis.comparable import why_not_comparable
from analysis.experiment import Experiment
from analysis.paper_tables import PAPER_TABLES, paper_table, sweeps_of
from analysis.published import facts, published, published_cell
from analysis.render import FORMATS, render
from analysis.render.words import caption_text
from analysis.runs import frame_schema
from analysis.tables import build_table
from trainables.config import TrialConfig, applies_to
from trainables.errors import UserError
from trainables.presets import preset_fields

MODELS = {
    "table5": ("text", "ViT-B-32"),
    "table6": ("text", "ViT-L-14"),
    "table7": ("image", "ViT-B-32"),
    "table8": ("image", "ViT-B-16"),
    "table9": ("image", "RN50"),
}
SHOWN = ("idia_tpr", "idia_fnr", "sim_clean", "sim_backdoor", "sim_target", "zeroshot_top1",
         "zeroshot_top5")  # fmt: skip
IMAGENET = "imagenet-v2/zeroshot_top1"
PARAMETERS = {"ViT-B-32": 37828608.0, "ViT-L-14": 85054464.0, "RN50": 1.0}


def _config(encoder, model, preset="ecai2024", **changes):
    fields = preset_fields(preset, encoder, model) | {
        "encoder": encoder, "model": model, "data": "data.yaml", "world_seed": 0,
        "pretrained": "openai" if model == "RN50" else "laion400m_e32", "num_names": 64, "seed": 0,
    }  # fmt: skip
    return TrialConfig.model_validate(fields | changes)


def _sweep(name, counts=(1, 64), seeds=10, betas=("zero", "preset"), **changes):
    encoder, model = MODELS[name]
    return [
        _config(encoder, model, num_names=n, seed=seed, **({"beta": 0.0} if beta == "zero" else {}))
        .model_copy(update=changes)
        for beta in betas
        for n in counts
        for seed in range(seeds)
    ]  # fmt: skip


def _draw(config, rng):
    """Give numbers like the paper's."""
    found = {}
    for metric in SHOWN:
        cell = published_cell(
            config.encoder, config.model, metric, state="unlearned",
            regularized=config.beta > 0, num_names=config.num_names,
        )  # fmt: skip
        found[metric] = float(np.clip(rng.normal(cell.mean, cell.std), 0, 1)) if cell else 0.5
    return found | {"num_parameters": PARAMETERS.get(config.model), IMAGENET: 0.5}


def _experiment(name, configs, metrics=_draw, run=lambda config: True):
    rng = np.random.default_rng(0)
    expected = tuple((f"{name}{number:08d}", config) for number, config in enumerate(configs))
    rows = [
        {"trial_key": key, "run_id": key, "status": "FINISHED", "start_time": 0}
        | config.model_dump()
        | metrics(config, rng)
        for key, config in expected
        if run(config)
    ]
    more = {key: pl.Float64() for row in rows for key in row if "/" in key}
    schema = frame_schema() | more | {"start_time": pl.Int64()}
    frame = pl.DataFrame(rows, schema=schema).cast({"start_time": pl.Datetime("ms", "UTC")})
    return Experiment(
        name=name, title=name, description=f"Of {name}", expected=expected, frame=frame, command=""
    )


def _cells(table, panel, row):
    names = (column.name for column in table.columns)
    return dict(zip(names, table.panels[panel].rows[row].cells, strict=True))


@pytest.fixture(scope="module")
def table7():
    return paper_table("table7", {"table7": _experiment("table7", _sweep("table7"))})


def test_a_table_has_the_paper_s_columns_and_panels(table7):
    assert (table7.name, table7.title, table7.row_header) == ("table7", "Table 7", "Faces")
    assert [column.name for column in table7.columns] == [*SHOWN, "others_tpr"]
    assert [panel.keys for panel in table7.panels] == [{"beta": 0.0}, {"beta": 0.005}]


def test_what_repeats_the_paper_agrees_with_it(table7):
    compared = [
        (cell.comparison.published.source, cell.comparison.verdict)
        for panel in table7.panels
        for row in panel.rows
        for cell in row.cells
        if cell and cell.comparison
    ]
    assert {source for source, _ in compared} == {"ECAI 2024, Table 7a", "ECAI 2024, Table 7b"}
    assert len(compared) == 2 * 2 * 7
    verdicts = [verdict for _, verdict in compared]
    assert verdicts.count("agrees") > len(verdicts) / 2
    assert verdicts.count("differs") <= 1
    published = "Published figures are those of ECAI 2024, Tables 7a and 7b."
    assert published in caption_text(table7, compare=True)
    assert published not in caption_text(table7)
    assert _cells(table7, 0, 0)["others_tpr"].comparison is None
    assert not any("Not compared" in note for note in table7.notes)


def test_arrows_that_the_paper_draws_are_found_by_the_test(table7):
    top1 = _cells(table7, 1, 0)["zeroshot_top1"]
    assert (top1.change, top1.better, top1.is_significant) == ("up", True, True)
    assert top1.p_value == pytest.approx(0.0098, abs=0.0001)
    same = _cells(table7, 1, 0)["idia_tpr"]
    assert (same.change, same.p_value, same.is_significant) == (None, 1.0, False)
    assert all(cell is None or cell.p_value is None for cell in _cells(table7, 0, 0).values())


def test_before_anything_has_run_the_paper_s_numbers_stand_alone():
    configs = _sweep("table5", counts=(8,), seeds=2)
    empty = _experiment("table5", configs, run=lambda config: False)
    table = paper_table("table5", {"table5": empty})
    cell = _cells(table, 1, 0)["zeroshot_top1"]
    assert (cell.mean, cell.comparison.published.mean) == (None, 0.5233)
    assert (cell.comparison.verdict, cell.comparison.difference) == (None, None)
    for format_name in FORMATS:
        assert render(table, format_name)


def _tasks(config, rng):
    sets = {"cifar10": 0.8883, "cifar100": 0.6867, "sun397": 0.70}
    after = {f"{task}/zeroshot_top1": mean + rng.normal(0, 0.0005) for task, mean in sets.items()}
    return after | {"zeroshot_top1": 0.5, IMAGENET: 0.5, "cifar10/zeroshot_top1_before": 0.8867}


def test_zero_shot_sets_stand_beside_table_2():
    configs = _sweep("table5", counts=(64,), seeds=5, betas=("preset",))
    table = paper_table("table2", {"table2": _experiment("table2", configs, _tasks)})
    labels = [column.label for column in table.columns]
    assert labels == [f"{name} Top-1" for name in
                      ("CIFAR-10", "CIFAR-100", "SUN397", "Flowers-102", "Identities")]  # fmt: skip
    original, defended = _cells(table, 0, 0), _cells(table, 0, 1)
    verdicts = {name.split("/")[0]: cell.comparison.verdict for name, cell in defended.items()}
    assert verdicts == {
        "cifar10": "agrees", "cifar100": "agrees", "sun397": "differs", "flowers102": None,
        "identities": None,
    }  # fmt: skip
    assert {cell.comparison.published.n for cell in defended.values()} == {5}
    assert original["cifar10/zeroshot_top1"].comparison.verdict == "agrees"
    assert original["sun397/zeroshot_top1"].comparison.published.mean == 0.6497
    assert any("which of FaceScrub's people" in note for note in table.notes)
    assert any("are regularized" in note for note in table.notes)


def test_top_1_of_other_images_than_imagenet_s_is_not_compared():
    def on_cifar(config, rng):
        return {name: value for name, value in _draw(config, rng).items() if name != IMAGENET}

    configs = _sweep("table5", counts=(1,), seeds=2)
    table = paper_table("table5", {"table5": _experiment("table5", configs, on_cifar)})
    cells = _cells(table, 0, 0)
    assert cells["zeroshot_top1"].comparison is None
    assert cells["sim_clean"].comparison is not None
    assert any("of ImageNet-V2" in note for note in table.notes)


def test_parameters_are_compared_exactly():
    experiments = {
        name: _experiment(name, _sweep(name, counts=(1,), seeds=2)) for name in ("table5", "table6")
    }
    table = paper_table("table1", experiments)
    assert (table.title, table.row_header) == ("Table 1", "Model")
    rows = {row.header: row for row in table.panels[0].rows}
    assert list(rows) == ["ViT-B-32", "ViT-L-14"]
    (cell,) = rows["ViT-B-32"].cells
    assert (cell.mean, cell.std, cell.comparison.verdict) == (37828608.0, None, "agrees")
    assert rows["ViT-B-32"].seeds == "4"
    images = paper_table("table4", {"table9": _experiment("table9", _sweep("table9", seeds=1))})
    assert images.panels[0].rows[0].cells[0].comparison.verdict == "differs"


def test_parameters_that_no_trial_has_yet_are_missing():
    configs = _sweep("table6", counts=(1,), seeds=2)
    experiment = _experiment("table6", configs, run=lambda config: False)
    (row,) = paper_table("table1", {"table6": experiment}).panels[0].rows
    assert (row.seeds, row.cells[0].mean) == ("0 of 4", None)
    assert row.cells[0].comparison.verdict is None


def test_tables_on_the_built_in_world_stand_alone():
    changes = {"model": "builtin", "pretrained": "", "data": "builtin"}
    for name in ("table5", "table2", "table1"):
        own = f"{PAPER_TABLES[name].sweeps[0]}-builtin"
        configs = _sweep("table5", seeds=2, **changes)
        table = paper_table(f"{name}-builtin", {own: _experiment(own, configs)})
        assert table.title == f"Table {name[-1]} on the built-in world"
        assert not table.has_comparisons
        assert any("Not compared" in note for note in table.notes)
    assert [column.name for column in table.columns] == ["num_parameters"]


def test_every_table_names_its_sweeps():
    assert list(PAPER_TABLES) == [f"table{i}" for i in range(1, 10)]
    assert sweeps_of("table4-builtin") == ("table9-builtin", "table8-builtin", "table7-builtin")
    with pytest.raises(UserError, match="no table 'tabel5': did you mean 'table5'"):
        sweeps_of("tabel5")
    with pytest.raises(UserError, match=r"Table 1 is made of the trials of table5 and table6"):
        paper_table("table1", {})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"beta": 0.0}, ""),
        ({"data": "builtin"}, "built-in world"),
        ({"pretrained": "laion2b_s34b_b79k"}, "laion400m_e32"),
        ({"neutral_term": "person"}, r"neutral term person \(the paper's: human\)"),
        ({"beta": 0.02}, r"beta 0\.02 \(the paper's: 0\.01\)"),
        ({"alpha_growth": 4.0}, r"alpha growth 4 \(the paper's: none\)"),
        ({"num_names": 3}, "num names 3"),
        ({"num_steps": 100, "lr_milestones": (50,)}, "num steps 100 .*lr milestones 50"),
        ({"model": "ViT-B-32-quickgelu"}, "those of ViT-B-32 with GELU"),
        ({"model": "ViT-H-14"}, "no table of the text encoder of ViT-H-14"),
    ],
)
def test_only_the_paper_s_own_settings_are_compared(changes, reason):
    config = _config("text", "ViT-B-32").model_copy(update=changes)
    found = why_not_comparable(config.model_dump())
    assert re.search(reason, found) if reason else found == ""


def test_both_encoders_and_the_workshop_s_settings_have_no_table():
    fields = preset_fields("ecai2024", "both", "ViT-B-32")
    assert applies_to("image_beta", "both")
    both = fields | {"encoder": "both", "model": "ViT-B-32", "data": "data.yaml", "num_names": 1}
    assert "both encoders" in why_not_comparable(both)
    for beta in ({}, {"beta": 0.0}):
        workshop = _config("text", "ViT-L-14", "neurips2023", num_names=8, **beta)
        assert "workshop paper" in why_not_comparable(workshop.model_dump())


def test_rows_of_other_settings_say_so_and_the_others_are_compared():
    configs = _sweep("table5", counts=(1, 3), seeds=2, betas=("preset",))
    experiment = _experiment("table5", configs)
    table = build_table(experiment.frame, experiment.expected, "mine", "")
    published_too = [bool(row.cells[0].comparison) for row in table.panels[0].rows]
    assert published_too == [True, False]
    assert any(note.startswith("Not compared: other settings") for note in table.notes)


def test_what_is_copied_is_what_was_handed_over():
    assert published().height == 490 + 20
    assert set(published()["source"].str.slice(0, 16)) == {"ECAI 2024, Table"}
    nine = published_cell("image", "ViT-B-32", "idia_tpr", state="unlearned", regularized=True,
                          num_names=4)  # fmt: skip
    assert (nine.mean, nine.std, nine.n, nine.source) == (0.025, 0.0791, 10, "ECAI 2024, Table 7b")
    assert facts()["seconds_per_additional_name"].value == 0.07
    assert facts()["mean_pairwise_cosine_faces"].source == "ECAI 2024, Appx. B.2"
    # Shares add up, which a slip in copying would break.
    wide = published().filter(pl.col("metric").is_in(["idia_tpr", "idia_fnr"]))
    keys = ["table", "num_names"]
    sums = wide.group_by(keys).agg(pl.col("mean").sum(), pl.col("std").n_unique())
    assert ((sums["mean"] - 1).abs() < 2e-4).all()
    assert (sums["std"] == 1).all()
