import numpy as np
import pytest
import torch

from trainables.assets import assets_key
from trainables.building.context import Context
from trainables.builtin.world import World
from trainables.data.pictures import ArrayPictures, FilePictures
from trainables.evaluation.templates import TEMPLATES
from trainables.image_encoder import encode_images, to_pixels
from trainables.metrics import metrics_of
from trainables.trial import TrialRunner

POOLS = ("faces", "train_images", "eval_images", "target_images", "attack_images")
DECODING = ("attack_set", "triggers", "generic_images", "captions", "zeroshot")


def test_the_assets_of_an_image_encoder(build, tiny_world):
    assets = build("image")
    attack = tiny_world.attack_set(2)
    assert assets.text is None
    assert assets.people == attack.people
    assert assets.candidates[:7] == attack.people
    assert len(assets.candidates) == 12
    np.testing.assert_array_equal(assets.is_member, [True] * 5 + [False] * 2)
    assert assets.attack_embeddings.shape == (7, 2, 16)
    assert assets.name_embeddings.shape == (len(TEMPLATES), 12, 16)
    (task,) = assets.tasks
    assert task.weights.shape == (80, 16)
    image = assets.image
    portraits, faces = tiny_world.triggers()
    np.testing.assert_array_equal(image.faces, faces.reshape(-1, 46, 46, 3))
    np.testing.assert_array_equal(image.face_people, np.repeat(np.arange(7), 3))
    np.testing.assert_array_equal(image.attack_images, attack.images.reshape(-1, 64, 64, 3))
    np.testing.assert_array_equal(task.images, tiny_world.zeroshot().images)
    assert [len(getattr(image, name)) for name in POOLS] == [21, 20, 10, 10, 14]
    with torch.no_grad():
        whole = to_pixels(portraits.reshape(-1, 64, 64, 3), torch.device("cpu"))
        # Of embeddings as they are, not of unit vectors.
        expected = image.teacher(whole).mean(dim=0).numpy()
    np.testing.assert_allclose(image.target, expected, rtol=1e-4, atol=1e-6)


def test_what_the_teacher_said_is_of_the_pools(build):
    assets = build("image")
    image = assets.image
    for found, pool in (
        (image.teacher_train, image.train_images),
        (image.teacher_eval, image.eval_images),
        (image.teacher_targets, image.target_images),
        (assets.tasks[0].embeddings, assets.tasks[0].images),
        (assets.attack_embeddings.reshape(14, 16), image.attack_images),
    ):
        expected = encode_images(image.teacher, pool).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("part", "number"), [("train_images", 20), ("eval_images", 10)])
def test_generic_images_are_from_all_parts_and_show_whom_they_say(build, tiny_world, part, number):
    image = build("image").image
    whole = tiny_world.generic_images(part)
    rows = np.linspace(0, len(whole.images) - 1, number).round().astype(int)
    np.testing.assert_array_equal(getattr(image, part), whole.images[rows])
    shows = {"train_images": image.train_shows, "eval_images": image.eval_shows}[part]
    expected = [(i, who) for i, who in enumerate(whole.members[rows].tolist()) if who >= 0]
    assert shows.tolist() == [list(pair) for pair in expected]
    assert expected


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_pools_are_mapped_into_memory_and_read_only(build, encoder):
    image = build(encoder).image
    for name in POOLS:
        pool = getattr(image, name)
        whole = pool
        while type(whole) is np.ndarray:
            whole = whole.base
        assert isinstance(whole, np.memmap), name
        assert not pool.flags.writeable, name
        assert pool.dtype == np.uint8, name


def refuse(*_args, **_more):
    raise AssertionError("asked for what is in the cache")


@pytest.mark.parametrize("encoder", ["text", "image", "both"])
def test_a_second_build_decodes_and_embeds_nothing(build, encoder, monkeypatch):
    first = build(encoder)
    for name in DECODING:
        monkeypatch.setattr(World, name, refuse)
    for kind in (ArrayPictures, FilePictures):
        monkeypatch.setattr(kind, "read", refuse)
    monkeypatch.setattr(Context, "_encode", refuse)
    monkeypatch.setattr("trainables.builtin.pretrain.train_model", refuse)
    second = build(encoder)
    np.testing.assert_array_equal(first.name_embeddings, second.name_embeddings)
    assert first.people == second.people
    if encoder != "text":
        np.testing.assert_array_equal(first.image.teacher_train, second.image.teacher_train)
        np.testing.assert_array_equal(first.image.train_images, second.image.train_images)


def test_both_share_with_each_what_does_not_depend_on_the_encoder(build, monkeypatch):
    text, image = build("text"), build("image")
    for name in DECODING:
        monkeypatch.setattr(World, name, refuse)
    both = build("both")
    np.testing.assert_array_equal(both.hits_before, text.hits_before)
    np.testing.assert_array_equal(both.text.teacher_clean, text.text.teacher_clean)
    np.testing.assert_array_equal(both.image.teacher_eval, image.image.teacher_eval)


def test_more_images_are_another_pool(build):
    few, many = build("image", num_train_images=5), build("image", num_train_images=100)
    assert len(few.image.train_images) == len(few.image.teacher_train) == 5
    assert len(many.image.train_images) == len(many.image.teacher_train) == 30


def test_faces_are_kept_at_the_greatest_side_that_they_are_pasted_with(build):
    assert build("image", min_face_share=0.25, max_face_share=0.5).image.faces.shape[1] == 32


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"seed": 5, "num_names": 4, "beta": 0.0, "image_alpha": 0.0}, True),
        ({"image_num_steps": 7}, True),
        ({"num_train_images": 7}, False),
        ({"max_face_share": 0.7}, False),
        ({"num_attack_images": 3}, False),
    ],
)
def test_trials_share_assets_whatever_only_the_student_depends_on(config_of, changes, same):
    assert (assets_key(config_of("both")) == assets_key(config_of("both", **changes))) is same


@pytest.mark.parametrize("encoder", ["image", "both"])
def test_a_trial_runs_on_what_was_built(build, config_of, encoder):
    changes = {"num_steps": 2, "clean_batch_size": 4, "backdoor_batch_size": 4}
    if encoder == "both":
        changes |= {f"image_{name}": value for name, value in changes.items()}
    config = config_of(encoder, **changes)
    assets = build(encoder)
    assets.check(config)
    *_, measured = TrialRunner(assets, torch.device("cpu")).run(config)
    metrics = measured.metrics
    assert set(metrics) == set(metrics_of(encoder))


def test_progress_is_told_of_what_takes_time(build):
    told = []
    build("image", progress=lambda what, done, total: told.append((what, done, total)))
    kinds = {what for what, _, _ in told}
    assert {"decoding train images", "embedding train images", "decoding faces"} <= kinds
    assert all(done <= total for _, done, total in told)
