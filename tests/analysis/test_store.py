import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis.store import config_of, curve_key, list_fields, membership_tag, params_of
from tests.conftest import builtin_config
from trainables.config import GROWTH_FIELDS, TrialConfig, applies_to, field_names

positive_ints = st.integers(1, 2**62)
floats = st.floats(0, allow_infinity=False, allow_nan=False)
positive_floats = st.floats(0, exclude_min=True, allow_infinity=False, allow_nan=False)

configs = st.builds(
    TrialConfig,
    encoder=st.just("text"),
    model=st.text(min_size=1).filter(lambda name: name != "builtin"),
    pretrained=st.text(min_size=1),
    data=st.text(min_size=1),
    world_seed=st.integers(0, 2**62),
    num_eval_captions=positive_ints,
    people=st.sampled_from(["inferred", "all"]),
    num_names=positive_ints,
    neutral_term=st.text(min_size=1),
    alpha=floats,
    beta=floats,
    seed=st.integers(0, 2**62),
    num_steps=positive_ints,
    learning_rate=positive_floats,
    lr_milestones=st.lists(positive_ints).map(tuple),
    lr_factor=positive_floats,
    clean_batch_size=positive_ints,
    backdoor_batch_size=positive_ints,
    num_attack_images=positive_ints,
    num_candidates=positive_ints,
)


@given(configs)
def test_a_configuration_survives_its_params(config):
    params = params_of(config)
    assert all(isinstance(text, str) for text in params.values())
    assert config_of(params) == config


@pytest.mark.parametrize("encoder", ["text", "image", "both"])
def test_params_hold_what_applies_to_the_encoder_and_nothing_else(encoder):
    of_encoder = [name for name in GROWTH_FIELDS if applies_to(name, encoder)]
    config = builtin_config(encoder, **dict.fromkeys(of_encoder, 2.0))
    params = params_of(config)
    assert config_of(params) == config
    assert GROWTH_FIELDS[0] not in params_of(builtin_config(encoder))
    assert set(params) == {name for name in field_names() if applies_to(name, encoder)}
    if encoder == "both":
        assert params["image_lr_milestones"] == str(list(config.image_lr_milestones))


@given(positive_floats)
def test_floats_are_kept_to_the_last_bit(value):
    assert float(params_of(_with(learning_rate=value))["learning_rate"]) == value


def _with(**changes):
    fields = {
        "encoder": "text", "model": "builtin", "pretrained": "", "data": "builtin",
        "world_seed": 0, "num_eval_captions": 1,
        "people": "all", "num_names": 1, "neutral_term": "human", "alpha": 0.6, "beta": 0.01,
        "seed": 0, "num_steps": 1, "learning_rate": 1e-4, "lr_milestones": (200, 300),
        "lr_factor": 0.5, "clean_batch_size": 1, "backdoor_batch_size": 1,
        "num_attack_images": 1, "num_candidates": 1,
    }  # fmt: skip
    return TrialConfig.model_validate(fields | changes)


def test_params_read_as_a_person_would_write_them():
    params = params_of(_with())
    assert params["learning_rate"] == "0.0001"
    assert params["lr_milestones"] == "[200, 300]"
    assert params["pretrained"] == ""


def test_lists_are_known_by_their_type():
    assert list_fields() == {"lr_milestones", "image_lr_milestones"}


def test_a_param_too_many_or_too_few_is_an_error():
    params = params_of(_with())
    with pytest.raises(ValidationError, match="sedes"):
        config_of(params | {"sedes": "1"})
    del params["seed"]
    with pytest.raises(ValidationError, match="seed"):
        config_of(params)


def test_tags_and_keys():
    assert membership_tag("quickstart") == "unremember.sweep.quickstart"
    assert curve_key("loss") == "train/loss"
