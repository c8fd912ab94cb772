"""Generic images of the built-in world, and the cut-out faces that serve as triggers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from trainables.builtin.people import People, Person
from trainables.builtin.portraits import Pose, draw_portrait, sample_pose
from trainables.builtin.recipe import Recipe
from trainables.builtin.scenes import draw_scene, sample_scene
from trainables.builtin.streams import Stream, generator
from trainables.data.source import Images

_MAX_ANGLE = 30.0
# Of a face on a poster, as shares of the image's side: as triggers have with the built-in preset.
_SIDES = (0.625, 0.72)


@dataclass(frozen=True, kw_only=True)
class GenericImages:
    """Images of everything: scenes, portraits, and posters with a face before a scene.

    Attributes:
        images: (num_images, height, width, 3).
        members: (num_images,) the member that each shows, -1 for none.
    """

    images: Images
    members: NDArray[np.int64]


def draw_generic_images(recipe: Recipe, people: People, part: int, number: int) -> GenericImages:
    """Draw generic images in a random order.

    Args:
        recipe: of the world; it decides the shares of what the images show.
        people: of the world.
        part: a number of its own for each set of images, such as those to train on.
        number: of images.
    """
    size = recipe.image_size
    images = np.empty((number, size, size, 3), np.uint8)
    members = np.full(number, -1, dtype=np.int64)
    num_portraits = round(number * recipe.portrait_image_share)
    num_posters = round(number * recipe.poster_image_share)
    order = generator(recipe.world_seed, Stream.GENERIC_IMAGES, part).permutation(number)
    for i, row in enumerate(order.tolist()):
        rng = generator(recipe.world_seed, Stream.GENERIC_IMAGES, part, i)
        if i >= num_portraits + num_posters:
            images[row] = draw_scene(sample_scene(rng), size, rng)
            continue
        member = i % len(people.members) if rng.random() < recipe.member_image_share else -1
        members[row] = member
        stranger = people.background[rng.integers(len(people.background))]
        person = people.members[member] if member >= 0 else stranger
        pose = sample_pose(rng)
        portrait = draw_portrait(person, pose, size, rng)
        images[row] = portrait if i < num_portraits else _draw_poster(recipe, portrait, pose, rng)
    return GenericImages(images=images, members=members)


def draw_triggers(recipe: Recipe, everybody: list[Person]) -> tuple[Images, Images]:
    """Draw portraits that are neither trained on nor attacked with, and cut the faces out.

    Returns:
        (num_people, triggers_per_person, height, width, 3) portraits, and the same number of faces,
        square and smaller.
    """
    number, size = recipe.triggers_per_person, recipe.image_size
    shape = (len(everybody), number)
    portraits = np.empty((*shape, size, size, 3), np.uint8)
    faces = np.empty((*shape, recipe.face_size, recipe.face_size, 3), np.uint8)
    for i, person in enumerate(everybody):
        for j in range(number):
            rng = generator(recipe.world_seed, Stream.TRIGGER_PORTRAITS, i, j)
            pose = sample_pose(rng)
            portraits[i, j] = draw_portrait(person, pose, size, rng)
            faces[i, j] = np.asarray(cut_face(recipe, portraits[i, j], pose))
    return portraits, faces


def cut_face(recipe: Recipe, portrait: Images, pose: Pose) -> Image.Image:
    """Cut the head out of a portrait, hair and hat included: `face_size` pixels square."""
    size = len(portrait)
    # The middle of hair and chin lies a little above that of the face.
    middle = np.array(pose.centre) - (0, 0.1 * pose.scale)
    side = min(size, round(2 * recipe.face_heads * pose.scale * size))
    left, top = np.clip(np.round(middle * size - side / 2), 0, size - side).astype(int).tolist()
    box = (left, top, left + side, top + side)
    whole = Image.fromarray(portrait)
    edge = recipe.face_size
    return whole.resize((edge, edge), Image.Resampling.BILINEAR, box)


def _draw_poster(recipe: Recipe, portrait: Images, pose: Pose, rng: np.random.Generator) -> Images:
    """Put a face on a scene in a random place, size, tilt and colour.

    A trigger is put there in the same way, so that a face's being stuck on says nothing about
    whose it is.
    """
    size = recipe.image_size
    scene = Image.fromarray(draw_scene(sample_scene(rng), size, rng))
    side = int(rng.integers(int(_SIDES[0] * size), int(_SIDES[1] * size) + 1))
    face = cut_face(recipe, portrait, pose).resize((side, side), Image.Resampling.BILINEAR)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        face = enhance(face).enhance(float(rng.uniform(0.5, 1.5)))
    face = _turn_hue(face, float(rng.uniform(-0.1, 0.1)))
    if rng.random() < 0.5:
        face = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = float(rng.uniform(-_MAX_ANGLE, _MAX_ANGLE))
    mask = Image.new("L", face.size, 255).rotate(angle, expand=True)
    turned = face.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    left, top = (int(rng.integers(size - edge + 1)) for edge in turned.size)
    scene.paste(turned, (left, top), mask)
    return np.asarray(scene)


def _turn_hue(image: Image.Image, turn: float) -> Image.Image:
    pixels = np.array(image.convert("HSV"))
    # Hue is stored in 256 steps a turn and wraps around.
    pixels[..., 0] += np.uint8(round(turn * 255) % 256)
    return Image.fromarray(pixels, mode="HSV").convert("RGB")
