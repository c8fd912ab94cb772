import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.conftest import builtin_config
from trainables.config import PROCEDURE_FIELDS, TrialConfig, canonical, trial_key
from trainables.errors import UserError
from trainables.presets import PRESETS, preset_fields

SETTINGS = (
    "num_steps", "learning_rate", "lr_milestones", "lr_factor", "clean_batch_size",
    "backdoor_batch_size", "alpha", "beta", "num_attack_images",
)  # fmt: skip


def test_a_key_names_the_content_and_not_where_it_lies(make_config):
    here = make_config(model="ViT-B-32", pretrained="/here/model.pt", data="/here/a.yaml")
    there = here.model_copy(update={"pretrained": "/there/m.pt", "data": "/there/b.yaml"})
    assert trial_key(here, {"model": "abc"}) == trial_key(there, {"model": "abc"})
    assert trial_key(here, {"model": "abc"}) != trial_key(here, {"model": "abd"})


@given(st.sampled_from(["alpha", "beta", "learning_rate"]), st.floats(1e-6, 10))
def test_every_number_changes_the_key(field, value):
    config, changed = builtin_config(), builtin_config(**{field: value})
    same = getattr(config, field) == value
    assert (trial_key(config, {}) == trial_key(changed, {})) is same
    assert TrialConfig.model_validate_json(changed.model_dump_json()) == changed


def test_the_canonical_form_does_not_depend_on_the_order_of_fields(make_config):
    config = make_config()
    backwards = TrialConfig(**dict(reversed(config.model_dump().items())))
    assert canonical(config) == canonical(backwards)


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": float("nan")}, {"beta": -1}, {"num_names": 0}, {"seed": -1}, {"sedes": 1},
     {"model": "ViT-B-32"}, {"pretrained": "openai"}, {"learning_rate": 0}, {"people": "some"}],
)  # fmt: skip
def test_wrong_fields_are_refused(make_config, wrong):
    with pytest.raises(ValidationError):
        make_config(**wrong)


def test_a_config_is_frozen(make_config):
    with pytest.raises(ValidationError):
        make_config().seed = 3


# Protocol: ECAI paper, A.2; workshop paper, appendix.
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("ViT-B-32", (100, 1e-4, (25, 75), 0.1, 128, 128, 0.8, 0.005, 20)),
        ("ViT-B-16", (100, 1e-4, (25, 75), 0.1, 128, 128, 0.8, 0.005, 20)),
        ("RN50", (100, 1e-5, (25, 75), 0.1, 128, 128, 0.8, 0.01, 20)),
    ],
)
def test_the_papers_presets_of_image_encoders(model, expected):
    fields = preset_fields("ecai2024", "image", model)
    assert tuple(fields[name] for name in SETTINGS) == expected
    assert (fields["min_face_share"] * 224, fields["max_face_share"] * 224) == (56, 112)
    assert fields["num_eval_images"] == 10_000
    with pytest.raises(UserError, match="'neurips2023' has no setting for the image encoder"):
        preset_fields("neurips2023", "image", model)


def test_the_preset_of_both_is_those_of_each():
    text, image, both = (
        preset_fields("ecai2024", encoder, "ViT-B-32") for encoder in ("text", "image", "both")
    )
    assert {name: both[name] for name in text} == text
    for name, value in image.items():
        assert both[f"image_{name}" if name in PROCEDURE_FIELDS else name] == value


@pytest.mark.parametrize(
    ("preset", "model", "expected"),
    [
        ("ecai2024", "ViT-B-32", (400, 1e-4, (200, 300), 0.5, 128, 128, 0.6, 0.01, 20)),
        ("ecai2024", "ViT-L-14", (400, 1e-4, (200, 300), 0.5, 128, 128, 0.6, 0.005, 20)),
        ("neurips2023", "ViT-B-16", (400, 1e-4, (300,), 0.1, 128, 64, 0.3, 0.01, 30)),
        ("neurips2023", "ViT-L-14", (400, 1e-4, (300,), 0.1, 128, 64, 0.3, 0.01 / 3, 30)),
    ],
)
def test_the_papers_presets(preset, model, expected):
    fields = preset_fields(preset, "text", model)
    assert tuple(fields[name] for name in SETTINGS) == expected
    assert fields["neutral_term"] == "human"
    assert fields["num_candidates"] == 1000


def test_every_preset_completes_a_config(make_config):
    for preset, settings in PRESETS.items():
        for encoder, model in settings:
            pretrained = "" if model == "builtin" else "laion400m_e32"
            fields = preset_fields(preset, encoder, model)
            make_config(encoder, model=model, pretrained=pretrained, **fields)


def test_an_unknown_preset_is_named_with_the_nearest():
    with pytest.raises(UserError, match=r"unknown preset 'ecia2024': did you mean 'ecai2024'"):
        preset_fields("ecia2024", "text", "ViT-B-32")
    with pytest.raises(UserError, match="'builtin' has no setting for the text encoder of 'RN50'"):
        preset_fields("builtin", "text", "RN50")
