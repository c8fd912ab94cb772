"""Tables of trials that defend the image encoder, or both."""

import pytest

from analysis.render import FORMATS, render
from analysis.tables import IMAGE_METRICS, PAPER_METRICS, build_table

BETAS = [(0.0, 0.0), (0.01, 0.005)]


def _trials(configs, metrics):
    return [
        {"trial_key": f"{number:016x}", "config": config, "metrics": metrics(config)}
        for number, config in enumerate(configs)
    ]


def _both(**axes):
    return [
        {"encoder": "both", "num_names": n, "seed": seed, "beta": beta, "image_beta": of_images}
        | axes
        for n in (1, 8)
        for seed in (0, 1)
        for beta, of_images in BETAS
    ]


def _better_with_weights(config):
    change = 0.1 if config["beta"] or config.get("image_beta") else 0.0
    return {"idia_tpr": 0.5 - change, "sim_clean": 0.8 + change, "image_sim_clean": 0.8 - change}


def _cells(table, panel, row):
    names = (column.name for column in table.columns)
    return dict(zip(names, table.panels[panel].rows[row].cells, strict=True))


@pytest.fixture
def both(make_frame):
    return build_table(make_frame(_trials(_both(), _better_with_weights)), None, "both", "")


def test_a_table_of_both_has_the_similarities_of_images_before_the_accuracies(both):
    names = [column.name for column in both.columns]
    assert names == [*PAPER_METRICS[:-2], *IMAGE_METRICS, *PAPER_METRICS[-2:]]


def test_the_two_weights_of_both_stand_in_one_title(both):
    assert [panel.title for panel in both.panels] == [
        "without weight regularization (β = 0)",
        "with weight regularization (β = 0.01, of images 0.005)",
    ]
    assert [panel.keys for panel in both.panels] == [
        {"image_beta": 0.0, "beta": 0.0},
        {"image_beta": 0.005, "beta": 0.01},
    ]
    assert {row.seeds for panel in both.panels for row in panel.rows} == {"2"}


def test_arrows_of_both_show_the_change_from_neither_weight(both):
    assert not any(cell.change for row in both.panels[0].rows for cell in row.cells)
    for row in (0, 1):
        cells = _cells(both, 1, row)
        found = {name: (cell.change, cell.better) for name, cell in cells.items() if cell.change}
        assert found == {
            "idia_tpr": ("down", True),
            "sim_clean": ("up", True),
            "image_sim_clean": ("down", False),
        }


def test_a_weight_of_one_of_both_is_weight_regularization(make_frame):
    configs = [
        {"encoder": "both", "beta": beta, "image_beta": of_images}
        for beta in (0.0, 0.01)
        for of_images in (0.0, 0.01)
    ]
    table = build_table(make_frame(_trials(configs, _better_with_weights)), None, "t", "")
    assert sorted(panel.title for panel in table.panels) == [
        "with weight regularization (β = 0, of images 0.01)",
        "with weight regularization (β = 0.01)",
        "with weight regularization (β = 0.01, of images 0)",
        "without weight regularization (β = 0)",
    ]
    changed = [_cells(table, panel, 0)["sim_clean"].change for panel in range(4)]
    assert sorted(changed, key=str) == [None, "up", "up", "up"]


def test_a_table_of_images_alone_is_laid_out_as_the_paper_s(make_frame):
    configs = [{"encoder": "image", "beta": beta} for beta in (0.0, 0.005)]
    table = build_table(make_frame(_trials(configs, _better_with_weights)), None, "t", "")
    assert [column.name for column in table.columns] == list(PAPER_METRICS)
    assert [panel.keys for panel in table.panels] == [{"beta": 0.0}, {"beta": 0.005}]
    assert _cells(table, 1, 0)["sim_clean"].change == "up"


def _each_encoder():
    procedure = {"image": {"alpha": 0.8, "num_steps": 100, "lr_milestones": (25, 75)}}
    return [
        {"encoder": encoder, "beta": beta}
        | procedure.get(encoder, {})
        | ({"image_beta": beta / 2} if encoder == "both" else {})
        for encoder in ("text", "image", "both")
        for beta in (0.0, 0.01)
    ]


def test_what_follows_from_the_encoder_does_not_stand_in_titles(make_frame):
    frame = make_frame(_trials(_each_encoder(), _better_with_weights))
    table = build_table(frame, None, "t", "")
    assert [panel.title for panel in table.panels] == [
        "encoder both, without weight regularization (β = 0)",
        "encoder both, with weight regularization (β = 0.01, of images 0.005)",
        "encoder image, without weight regularization (β = 0)",
        "encoder image, with weight regularization (β = 0.01)",
        "encoder text, without weight regularization (β = 0)",
        "encoder text, with weight regularization (β = 0.01)",
    ]
    changes = [_cells(table, panel, 0)["sim_clean"].change for panel in range(6)]
    assert changes == [None, "up", None, "up", None, "up"]


def test_what_is_varied_beside_the_encoder_stands_in_titles(make_frame):
    configs = [config | {"num_candidates": n} for config in _each_encoder() for n in (500, 1000)]
    table = build_table(make_frame(_trials(configs, _better_with_weights)), None, "t", "")
    assert len(table.panels) == 12
    first = "encoder both, num candidates 500, without weight regularization (β = 0)"
    assert table.panels[0].title == first


def test_a_panel_of_one_encoder_misses_nothing_that_only_another_has(make_frame):
    frame = make_frame(_trials(_each_encoder(), _better_with_weights))
    table = build_table(frame, None, "t", "")
    assert not any("finished" in note for note in table.notes)
    assert {row.seeds for panel in table.panels for row in panel.rows} == {"1"}


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_writes_a_table_of_all_encoders(make_frame, format_name):
    frame = make_frame(_trials(_each_encoder(), _better_with_weights))
    written = render(build_table(frame, None, "t", ""), format_name)
    assert "both" in written
    assert "Image Sim Clean" in written or "image_sim_clean" in written or "Image Sim" in written
