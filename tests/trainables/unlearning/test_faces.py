from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision.transforms.functional import pil_to_tensor

from tests.benchmarks.augment import paste_one, smooth_pictures
from trainables.errors import UserError
from trainables.unlearning.augment import extents
from trainables.unlearning.faces import draw_clean_images, draw_faces, paste_faces, side_range

EVERYONE = np.ones(50, dtype=bool)
OF_PEOPLE = {"people", "faces"}
# The paper's shares; the built-in preset has others.
SHARES = {"min_face_share": 0.25, "max_face_share": 0.5}
SMALL = {"num_steps": 3, "backdoor_batch_size": 32, **SHARES}


@pytest.fixture
def draw(make_config):
    def draw(num_people=4, image_size=64, allowed=EVERYONE, num_faces=7, **changes):
        config = make_config("image", num_names=num_people, **(SMALL | changes))
        return draw_faces(config, allowed, np.full(num_people, num_faces), image_size)

    return draw


@pytest.fixture
def bounds(make_config):
    return lambda size: side_range(make_config("image", **SHARES), size)


def test_a_seed_draws_the_same_for_every_n_but_whose_face(draw):
    few, many, other = draw(num_people=1), draw(num_people=32), draw(seed=1)
    for field in fields(few):
        same = np.array_equal(getattr(few, field.name), getattr(many, field.name))
        assert same == (field.name != "people"), field.name
        again = getattr(draw(num_people=1), field.name)
        np.testing.assert_array_equal(again, getattr(few, field.name))
        if field.name not in OF_PEOPLE:
            assert not np.array_equal(getattr(few, field.name), getattr(other, field.name))


def test_more_steps_begin_with_the_same_changes(draw):
    short, long = draw(num_steps=2), draw(num_steps=5)
    for field in fields(short):
        np.testing.assert_array_equal(
            getattr(short, field.name), getattr(long, field.name)[:2], field.name
        )


@pytest.mark.parametrize("num_people", [1, 2, 8, 32])
def test_each_person_has_the_same_share_of_each_batch(draw, num_people):
    for people in draw(num_people).people:
        assert np.bincount(people).tolist() == [32 // num_people] * num_people


@pytest.mark.parametrize("image_size", [9, 16, 24, 32, 46, 64, 224])
def test_the_largest_face_fits_however_it_is_rotated(make_config, image_size):
    config = make_config("image", min_face_share=0.7, max_face_share=0.72)
    least, most = side_range(config, image_size)
    assert 2 <= least <= most <= 0.72 * image_size
    assert extents(np.full(61, most), np.linspace(-30, 30, 61)).max() <= image_size


def test_faces_are_of_their_person(make_config):
    config = make_config("image", num_names=4, num_steps=40, backdoor_batch_size=32)
    draws = draw_faces(config, EVERYONE, np.array([1, 2, 5, 30]), image_size=64)
    for person, number in enumerate([1, 2, 5, 30]):
        assert set(draws.faces[draws.people == person]) == set(range(number))


@given(seed=st.integers(0, 2**32), size=st.integers(8, 300), angle_sign=st.sampled_from([-1, 1]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_that_is_drawn_is_in_its_range(draw, bounds, seed, size, angle_sign):
    draws = draw(image_size=size, seed=seed, num_steps=20)
    least, most = bounds(size)
    assert draws.sides.min() >= least
    assert draws.sides.max() <= most
    assert abs(draws.angles).max() <= 30
    assert (draws.angles * angle_sign > 15).any()
    assert (abs(draws.factors - [1, 1, 1, 0]) <= [0.5, 0.5, 0.5, 0.1]).all()
    assert (np.sort(draws.order) == np.arange(4)).all()
    assert 0.35 < draws.flips.mean() < 0.65
    box = extents(draws.sides, draws.angles)
    for place in (draws.tops, draws.lefts):
        assert place.min() >= 0
        assert (place + box <= size).all()


def test_the_ranges_are_used_up(draw, bounds):
    draws = draw(image_size=64, num_steps=100)
    assert set(draws.sides.ravel()) == set(range(16, 33))
    assert draws.tops.min() == draws.lefts.min() == 0
    assert (draws.tops + extents(draws.sides, draws.angles)).max() == 64
    assert len(np.unique(draws.order.reshape(-1, 4), axis=0)) == 24
    assert bounds(224) == (56, 112)


def test_generic_images_are_all_seen_before_one_is_seen_twice(make_config):
    config = make_config(
        "image", num_steps=3, clean_batch_size=50, backdoor_batch_size=50, num_names=2
    )
    clean = draw_clean_images(config, EVERYONE)
    backdoor = draw_faces(config, EVERYONE, np.ones(2, np.int64), 64).images
    for rows in (*clean, *backdoor):
        assert sorted(rows) == list(range(50))
    assert (clean != backdoor).any()


def test_images_of_unlearned_people_are_put_aside(make_config, draw):
    allowed = EVERYONE.copy()
    allowed[::3] = False
    assert allowed[draw(allowed=allowed).images].all()
    assert allowed[draw_clean_images(make_config("image"), allowed)].all()
    with pytest.raises(UserError, match="no generic image is left"):
        draw(allowed=np.zeros(50, dtype=bool))


def with_pil(images, faces, draws):
    whole = (paste_one(images[row], faces[row], draws, row) for row in range(len(images)))
    return torch.stack([pil_to_tensor(one) for one in whole]).float()


# Crops larger than, as large as, and smaller than the faces, and one that is not square.
@pytest.mark.parametrize("crop", [(150, 150), (48, 48), (32, 32), (20, 20), (9, 9), (60, 40)])
def test_a_batch_is_as_pil_makes_it(draw, bounds, crop):
    draws = draw(image_size=96).step(1)
    images = smooth_pictures(32, 96)
    faces = smooth_pictures(32, 150).permute(0, 3, 1, 2)
    faces = torch.nn.functional.interpolate(faces, crop, mode="bilinear", antialias=True)
    faces = faces.permute(0, 2, 3, 1).contiguous()
    off = (
        paste_faces(images, faces, draws, bounds(96)) * 255 - with_pil(images, faces, draws)
    ).abs()
    # The edge of the mask can lie a pixel elsewhere.
    on_edge = off.amax(dim=1) > 16
    assert on_edge.float().mean() < 0.01
    assert off.amax(dim=1)[~on_edge].mean() < 1.5


def test_images_outside_the_faces_keep_every_bit(draw, bounds):
    draws = draw(image_size=64).step(0)
    images = torch.randint(0, 256, (32, 64, 64, 3), dtype=torch.uint8)
    plain = images.permute(0, 3, 1, 2) / 255
    batch = paste_faces(images, smooth_pictures(32, 40), draws, bounds(64))
    assert batch.shape == (32, 3, 64, 64)
    assert batch.dtype == torch.float32
    assert batch.min() >= 0
    assert batch.max() <= 1
    changed = (batch != plain).any(dim=1).numpy()
    share = changed.sum((1, 2)) / draws.sides**2
    # The area of the rotated square is that of the upright one.
    assert (abs(share - 1) < 0.1).all()
    box = extents(draws.sides, draws.angles)
    for row, top, left, size in zip(changed, draws.tops, draws.lefts, box, strict=True):
        assert not row[:top].any()
        assert not row[top + size :].any()
        assert not row[:, :left].any()
        assert not row[:, left + size :].any()


def test_channels_first_and_a_given_buffer_make_no_difference(draw, bounds):
    draws = draw(image_size=64).step(0)
    images, faces = smooth_pictures(32, 64), smooth_pictures(32, 50)
    expected = paste_faces(images, faces, draws, bounds(64))
    out = torch.full((32, 3, 64, 64), torch.nan)
    found = paste_faces(images.permute(0, 3, 1, 2).contiguous(), faces, draws, bounds(64), out)
    assert found is out
    assert torch.equal(found, expected)


def test_a_face_does_not_depend_on_the_rest_of_the_batch(draw, bounds):
    draws = draw(image_size=64)
    images, faces = smooth_pictures(32, 64), smooth_pictures(32, 50)
    whole = paste_faces(images, faces, draws.step(0), bounds(64))
    for row in (0, 13, 31):
        part = slice(row, row + 1)
        alone = draws.step(0).step(part)
        one = paste_faces(images[part], faces[part], alone, bounds(64))
        torch.testing.assert_close(one[0], whole[row], rtol=0, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_makes_the_same(draw, bounds):
    draws = draw(image_size=224).step(0)
    images, faces = smooth_pictures(32, 224), smooth_pictures(32, 160)
    expected = paste_faces(images, faces, draws, bounds(224))
    found = paste_faces(images.cuda(), faces.cuda(), draws, bounds(224)).cpu()
    off = (found - expected).abs().amax(dim=1) * 255
    assert (off > 2).float().mean() < 1e-3
