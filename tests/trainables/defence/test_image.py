import numpy as np
import open_clip
import pytest
import torch
from torch.nn.functional import cosine_similarity

from tests.assets import NUM_ATTACK_IMAGES, NUM_FACES, tiny_assets
from trainables.defence.image import ImageDefence, ImageTeacher
from trainables.image_encoder import take_image_encoder, to_pixels
from trainables.people import samples_without

UNLEARNED = np.array([4, 0])


@pytest.fixture(scope="module")
def assets():
    return tiny_assets("image").image


@pytest.fixture
def config(make_config):
    return make_config(
        "image", num_steps=20, clean_batch_size=6, backdoor_batch_size=8, learning_rate=3e-3,
        lr_milestones=(), min_face_share=0.5, max_face_share=0.65,
    )  # fmt: skip


@pytest.fixture
def defend(assets, config):
    def defend(**changes):
        teacher = ImageTeacher(assets, torch.device("cpu"))
        return ImageDefence(teacher, config.model_copy(update=changes), UNLEARNED)

    return defend


@pytest.fixture
def batches_of(defend, monkeypatch):
    """What the student would be trained on."""

    def batches_of(**changes):
        seen = []
        monkeypatch.setattr(
            "trainables.defence.image.unlearn_faces",
            lambda student, batches, config, report_every: seen.append(batches) or iter(()),
        )
        list(defend(**changes).train(1))
        return seen[0]

    return batches_of


def test_each_face_is_of_the_person_that_it_was_drawn_for(assets, batches_of):
    batches = batches_of()
    whose = assets.face_people[batches.face_rows]
    np.testing.assert_array_equal(whose, UNLEARNED[batches.draws.people])
    for person in UNLEARNED:
        assert len(np.unique(batches.face_rows[whose == person])) == NUM_FACES[person]


def test_nobody_who_is_unlearned_is_on_a_generic_image(assets, batches_of):
    shown = assets.train_shows[np.isin(assets.train_shows[:, 1], UNLEARNED), 0]
    batches = batches_of()
    for rows in (batches.clean, batches.draws.images):
        assert not np.isin(rows, shown).any()
        assert np.isin(np.setdiff1d(assets.train_shows[:, 0], shown), rows).all()


def test_the_validation_is_the_same_for_all_seeds_and_not_a_batch_of_the_training(defend):
    assert defend(seed=0).validate() == defend(seed=7).validate()
    found = defend().validate()
    assert found["val_sim_clean"] == pytest.approx(1, abs=1e-5)
    assert found["val_sim_backdoor"] < 1


def test_the_similarities_are_those_of_the_protocol(assets, defend):
    defence = defend()
    list(defence.train(10))
    teacher, student = assets.teacher, defence.student

    @torch.no_grad()
    def mean(encoder, images, target):
        found = encoder(to_pixels(images, torch.device("cpu")))
        return float(cosine_similarity(found, target).mean())

    @torch.no_grad()
    def original(images):
        return teacher(to_pixels(images, torch.device("cpu")))

    kept = samples_without(len(assets.eval_images), assets.eval_shows, UNLEARNED)
    assert kept.sum() == len(kept) - 1
    size = assets.attack_images.shape[1:]
    attacked = assets.attack_images.reshape(-1, NUM_ATTACK_IMAGES, *size)[UNLEARNED]
    clean = assets.eval_images[kept]
    assert defence.similarities() == pytest.approx(
        {
            "sim_clean": mean(student, clean, original(clean)),
            "sim_backdoor": mean(
                student, attacked.reshape(-1, *size), torch.tensor(assets.target)[None]
            ),
            "sim_target": mean(student, assets.target_images, original(assets.target_images)),
        },
        abs=1e-6,
    )


def test_the_teacher_is_left_as_it_was(assets, defend):
    before = {name: value.clone() for name, value in assets.teacher.state_dict().items()}
    defence = defend()
    list(defence.train(10))
    for name, value in assets.teacher.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not any(parameter.requires_grad for parameter in defence.student.parameters())


# Table 4 of the ECAI paper.
@pytest.mark.parametrize(
    ("name", "number"),
    [("ViT-B-32", 87_849_216), ("ViT-B-16", 86_192_640), ("RN50", 38_316_896)],
)
def test_the_paper_counts_the_same_parameters(assets, config, name, number):
    # Without memory for the weights.
    with torch.device("meta"):
        encoder = take_image_encoder(open_clip.create_model(name, None, device="meta"))
    teacher = ImageTeacher(assets, torch.device("cpu"))
    teacher.encoder = encoder
    assert ImageDefence(teacher, config, UNLEARNED).num_parameters() == number
