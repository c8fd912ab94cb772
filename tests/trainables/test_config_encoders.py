"""What of a configuration applies to which encoder."""

import pytest
from pydantic import ValidationError

from trainables.config import (
    GROWTH_FIELDS,
    IMAGE_PREFIX,
    PROCEDURE_FIELDS,
    TrialConfig,
    applies_to,
    canonical,
    field_names,
    parse,
    trial_key,
)

OF_TEXT = {"num_eval_captions", "neutral_term"}
OF_IMAGES = {"num_train_images", "num_eval_images", "min_face_share", "max_face_share"}
OF_BOTH = {f"image_{name}" for name in PROCEDURE_FIELDS}
ALL = ("text", "image", "both")
# A text trial as it was named before there were image encoders: what is finished stays finished.
TEXT_TRIAL = (
    '{"alpha":4.0,"backdoor_batch_size":64,"beta":0.01,"clean_batch_size":64,"data":"builtin",'
    '"encoder":"text","learning_rate":0.003,"lr_factor":0.3,"lr_milestones":[120,170],'
    '"model":"builtin","neutral_term":"human","num_attack_images":20,"num_candidates":1000,'
    '"num_eval_captions":500,"num_names":2,"num_steps":200,"people":"inferred","seed":0,'
    '"world_seed":0}'
)


def test_what_applies_to_which_encoder():
    left_out = {
        encoder: {name for name in field_names() if not applies_to(name, encoder)}
        for encoder in ALL
    }
    assert left_out == {
        "text": OF_IMAGES | OF_BOTH,
        "image": OF_TEXT | OF_BOTH,
        "both": set(),
    }


def test_fields_of_images_do_not_change_the_key_of_a_text_trial(make_config):
    fields = {
        "alpha": 4.0, "learning_rate": 0.003, "lr_factor": 0.3, "lr_milestones": (120, 170),
        "num_eval_captions": 500, "num_steps": 200, "clean_batch_size": 64,
        "backdoor_batch_size": 64,
    }  # fmt: skip
    config = make_config("text", **fields)
    assert canonical(config) == TEXT_TRIAL
    assert trial_key(config, {"model": "abc"}) == "1c3fc03ea0d4934b"


@pytest.mark.parametrize("encoder", ALL)
def test_the_canonical_form_holds_no_nulls_and_is_read_back(make_config, encoder):
    config = make_config(encoder)
    assert "null" not in canonical(config)
    assert parse(config.model_dump(mode="json")) == config
    assert parse(config.model_dump(mode="json", exclude_none=True)) == config


@pytest.mark.parametrize(
    ("encoder", "field"),
    [("text", name) for name in sorted(OF_IMAGES | OF_BOTH)]
    + [("image", name) for name in sorted(OF_TEXT | OF_BOTH)],
)
def test_what_does_not_apply_is_refused_and_none_of_it_is_missed(make_config, encoder, field):
    value = 2.0 if field in GROWTH_FIELDS else make_config("both").model_dump()[field]
    with pytest.raises(ValidationError, match=f"{field} does not apply when encoder is"):
        make_config(encoder, **{field: value})
    assert getattr(make_config(encoder, **{field: None}), field) is None


@pytest.mark.parametrize(
    ("encoder", "field"),
    [("text", "neutral_term"), ("text", "num_eval_captions"), ("image", "max_face_share")]
    + [
        ("both", name)
        for name in sorted((OF_BOTH | {"neutral_term", "num_train_images"}) - {*GROWTH_FIELDS})
    ],
)
def test_what_applies_has_to_be_given(make_config, encoder, field):
    with pytest.raises(ValidationError, match=rf"{field} is missing: encoder '{encoder}' needs it"):
        make_config(encoder, **{field: None})


def test_zero_is_given(make_config):
    assert make_config("both", image_beta=0, image_alpha=0.0).image_beta == 0


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_faces_cannot_be_larger_at_least_than_at_most(make_config, encoder):
    with pytest.raises(ValidationError, match=r"min_face_share 0\.5 is above max_face_share 0\.4"):
        make_config(encoder, min_face_share=0.5, max_face_share=0.4)
    assert make_config(encoder, min_face_share=0.5, max_face_share=0.5).min_face_share == 0.5
    with pytest.raises(ValidationError, match=r"max_face_share\n.*less than or equal to 0\.72"):
        make_config(encoder, max_face_share=0.73)


@pytest.mark.parametrize(("encoder", "prefix"), [("image", ""), ("both", "image_")])
def test_people_have_equal_shares_of_the_faces(make_config, encoder, prefix):
    field = f"{prefix}backdoor_batch_size"
    with pytest.raises(ValidationError, match=f"num_names 3 does not divide {field} 64: each"):
        make_config(encoder, num_names=3, **{field: 64})
    assert make_config(encoder, num_names=3, **{field: 66}).num_names == 3


def test_names_need_no_equal_shares(make_config):
    assert make_config("text", num_names=3).num_names == 3
    assert make_config("both", num_names=3, image_backdoor_batch_size=66).num_names == 3


def test_the_encoders_of_both_come_in_order(make_config):
    assert [make_config(encoder).encoders for encoder in ALL] == [
        ("text",),
        ("image",),
        ("text", "image"),
    ]


@pytest.mark.parametrize("encoder", ["text", "image"])
def test_a_part_of_both_is_the_trial_of_one_encoder(make_config, encoder):
    changes = {"num_names": 4, "seed": 7, "alpha": 0.25, "beta": 0.125, "neutral_term": "person"}
    of_image = {f"image_{name}": i + 1 for i, name in enumerate(PROCEDURE_FIELDS)}
    of_image |= {"image_lr_milestones": (3, 9), "image_backdoor_batch_size": 8}
    both = make_config("both", **changes, **of_image, data="/a.yaml")
    part = both.part(encoder)
    assert part.encoder == encoder
    prefix = IMAGE_PREFIX if encoder == "image" else ""
    for name in TrialConfig.model_fields:
        if name == "encoder":
            continue
        if not applies_to(name, encoder):
            assert getattr(part, name) is None, name
        elif name in PROCEDURE_FIELDS:
            assert getattr(part, name) == getattr(both, prefix + name), name
        else:
            assert getattr(part, name) == getattr(both, name), name
    assert part.part(encoder) is part


def test_trials_of_different_encoders_have_different_keys(make_config):
    both = make_config("both")
    configs = [both, both.part("text"), both.part("image")]
    assert len({trial_key(config, {}) for config in configs}) == 3


def test_a_weight_that_does_not_grow_is_no_part_of_a_trial(make_config):
    plain, one, grown = (
        make_config(**more) for more in ({}, {"alpha_growth": 1}, {"alpha_growth": 2})
    )
    assert one == plain
    assert canonical(one) == canonical(plain)
    assert "alpha_growth" not in canonical(plain)
    assert trial_key(grown, {}) != trial_key(plain, {})
    with pytest.raises(ValidationError, match="beta_growth"):
        make_config(beta_growth=0)
