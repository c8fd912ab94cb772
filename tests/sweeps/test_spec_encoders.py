"""Sweeps of image encoders and of both."""

import pytest

from sweeps.overrides import override
from sweeps.spec import Sweep, load_sweep, sweep_from
from trainables.config import PROCEDURE_FIELDS, applies_to, field_names
from trainables.errors import UserError
from trainables.presets import preset_fields
from trainables.yamls import parse_yaml

MINIMAL = "name: mine\npreset: builtin\n"


def read(text: str) -> Sweep:
    return sweep_from(parse_yaml(MINIMAL + text, "mine.yaml"), "mine.yaml")


@pytest.mark.parametrize(("name", "encoder"), [("faces", "image"), ("both", "both")])
def test_the_shipped_sweeps_have_their_twelve_trials(name: str, encoder: str) -> None:
    trials = load_sweep(name).trials()
    assert len(trials) == 12
    assert {trial.encoder for trial in trials} == {encoder}
    assert {(t.num_names, t.seed) for t in trials} == {(n, s) for n in (1, 8, 64) for s in (0, 1)}


def test_the_weights_of_both_are_those_of_each_encoder() -> None:
    sweep = override(load_sweep("both"), ["beta=0,preset"])
    found = {(trial.beta, trial.image_beta) for trial in sweep.trials()}
    text, image = (preset_fields("builtin", of, "builtin")["beta"] for of in ("text", "image"))
    assert text != image
    assert found == {(0.0, 0.0), (text, image)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alpha", 0.3), ("beta", 0), ("num_steps", 7), ("learning_rate", 0.5),
        ("lr_milestones", [3, 4]), ("lr_factor", 0.5), ("clean_batch_size", 8),
        ("backdoor_batch_size", 8), ("alpha_growth", 4), ("beta_growth", 0.5),
    ],
)  # fmt: skip
def test_what_is_said_of_no_encoder_in_particular_holds_for_both(field: str, value: object) -> None:
    assert field in PROCEDURE_FIELDS
    (trial,) = read(f"fixed: {{encoder: both, num_names: 1, seed: 0, {field}: {value}}}").trials()
    expected = tuple(value) if isinstance(value, list) else value
    assert getattr(trial, field) == getattr(trial, f"image_{field}") == expected


def test_what_is_said_of_the_image_encoder_wins() -> None:
    (trial,) = read(
        "fixed: {encoder: both, num_names: 1, seed: 0, alpha: 0.3, image_alpha: 0.7}"
    ).trials()
    assert (trial.alpha, trial.image_alpha) == (0.3, 0.7)
    (alone,) = read("fixed: {encoder: both, num_names: 1, seed: 0, image_alpha: 0.7}").trials()
    assert alone.alpha == preset_fields("builtin", "both", "builtin")["alpha"] == 16


def test_preset_of_the_image_encoder_alone() -> None:
    sweep = read(
        "fixed: {encoder: both, num_names: 1, seed: 0, beta: 0}\naxes: {image_beta: [0, 0.5]}"
    )
    assert [(t.beta, t.image_beta) for t in sweep.trials()] == [(0, 0), (0, 0.5)]


def test_all_encoders_on_one_axis() -> None:
    sweep = read(
        "fixed: {seed: 0, num_eval_images: 9, neutral_term: person, image_alpha: 0.5}\n"
        "axes: {encoder: [text, image, both], num_names: [1, 8], beta: [0, preset]}"
    )
    trials = sweep.trials()
    assert len(trials) == 12
    for trial in trials:
        given = {name for name in field_names() if getattr(trial, name) not in (None, "")}
        assert all(applies_to(name, trial.encoder) for name in given)
        assert trial.neutral_term == (None if trial.encoder == "image" else "person")
        assert trial.num_eval_images == (None if trial.encoder == "text" else 9)
        assert trial.image_alpha == (0.5 if trial.encoder == "both" else None)
    # Trials of one encoder stand together, since they share what is built for it.
    order = [trial.encoder for trial in trials]
    assert order == sorted(order)
    assert sweep_from(sweep.to_dict(), "mine.yaml").trials() == trials


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fixed: {num_eval_images: 9}", "'num_eval_images' does not apply when encoder is text"),
        ("fixed: {image_beta: 0}", "'image_beta' does not apply when encoder is text: leave it"),
        ("fixed: {encoder: image, neutral_term: x}", "'neutral_term' does not apply when encoder"),
        ("fixed: {encoder: image, image_beta: 0}", "'image_beta' does not apply when encoder is"),
        (
            "axes: {encoder: [text, image], image_beta: [0, 1]}",
            "'image_beta' does not apply when encoder is image or text: leave it out.",
        ),
        ("fixed: {encoder: image, num_names: 3}", "num_names 3 does not divide backdoor_batch"),
        ("fixed: {encoder: both, num_names: 3}", "num_names 3 does not divide image_backdoor"),
        ("fixed: {encoder: image, min_face_share: 0.7, max_face_share: 0.6}", "0.7 is above max"),
        ("fixed: {encoder: image, max_face_share: 0.9}", "max_face_share 0.9 is wrong: input"),
        ("fixed: {encoder: imgae}", "has no setting for the imgae encoder"),
    ],
)
def test_what_means_nothing_is_one_sentence_that_names_file_and_key(
    text: str, sentence: str
) -> None:
    content = parse_yaml(MINIMAL + text, "mine.yaml")
    content["fixed"] = {"num_names": 1, "seed": 0} | content.get("fixed", {})
    with pytest.raises(UserError) as error:
        sweep_from(content, "mine.yaml").trials()
    assert str(error.value).startswith("mine.yaml: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_setting_that_means_something_to_one_of_the_encoders_stays() -> None:
    trials = read(
        "fixed: {num_names: 1, seed: 0, max_face_share: 0.65}\naxes: {encoder: [text, image]}"
    ).trials()
    assert {(t.encoder, t.max_face_share) for t in trials} == {("text", None), ("image", 0.65)}


def test_values_that_mean_nothing_to_an_encoder_make_no_more_trials_of_it() -> None:
    sweep = read(
        "fixed: {num_names: 1, seed: 0}\n"
        "axes: {encoder: [text, image], neutral_term: [human, person, child]}"
    )
    assert [t.encoder for t in sweep.trials()] == ["image", "text", "text", "text"]


@pytest.mark.parametrize("name", ["quickstart", "faces", "both"])
def test_a_sweep_moves_to_the_builtin_world_whatever_it_defends(name: str) -> None:
    sweep = load_sweep(name)
    assert override(sweep, data="builtin").trials() == sweep.trials()
