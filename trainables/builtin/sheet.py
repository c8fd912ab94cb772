"""One picture that shows a world: some of its people and some of its scenes."""

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trainables.builtin.captions import describe_scene
from trainables.builtin.generic_images import draw_generic_images
from trainables.builtin.people import Person
from trainables.builtin.portraits import draw_portrait, sample_pose
from trainables.builtin.scenes import draw_scene, sample_scene
from trainables.builtin.streams import Stream, generator
from trainables.builtin.world import World
from trainables.data.source import Images
from trainables.errors import UserError

_TILE: Final = 96
_GAP: Final = 8
_PORTRAITS: Final = 4
_COLUMNS: Final = 3
_PEOPLE_ROWS: Final = 4
_SCENES: Final = 12
_SCENE_ROWS: Final = 2
_GENERIC: Final = 12
# A set of generic images that nothing else is made of.
_PART: Final = 1000
_MARGIN: Final = 32
_PANEL: Final = _PORTRAITS * (_TILE + _GAP) - _GAP
_COLUMN: Final = _PANEL + 36
_WIDTH: Final = 2 * _MARGIN + _COLUMNS * _COLUMN - 36
_PAPER: Final = (250, 249, 246)
_INK: Final = (32, 34, 38)
_SOFT: Final = (110, 114, 120)
_MEMBER: Final = (24, 122, 90)
_NONMEMBER: Final = (176, 84, 30)


def write_sheet(world: World, path: Path) -> None:
    """Draw members, non-members and scenes of a world into a PNG file.

    Raises:
        UserError: when the file cannot be written.
    """
    sheet = draw_sheet(world)
    try:
        sheet.save(path, format="PNG", optimize=True)
    except OSError as error:
        raise UserError(
            f"the sheet {str(path)!r} cannot be written ({error.strerror or error}): "
            "name a file in a folder that exists and is yours to write"
        ) from error


def draw_sheet(world: World) -> Image.Image:
    """Draw the sheet of a world."""
    people = world.people
    rows = min(_PEOPLE_ROWS, -(-len(people.members) // (_COLUMNS - 1)))
    members = people.members[: rows * (_COLUMNS - 1)]
    row_height = _TILE + 46
    scenes_top = 112 + rows * row_height + 34
    columns = _SCENES // _SCENE_ROWS
    generic_top = scenes_top + 44 + _SCENE_ROWS * (2 * _TILE + 58) + 6
    height = generic_top + 44 + _TILE + _MARGIN
    sheet = Image.new("RGB", (_WIDTH, height), _PAPER)
    _title(sheet, world)
    for i, person in enumerate(members):
        place = (_MARGIN + i // rows * _COLUMN, 112 + i % rows * row_height)
        _person(sheet, world, person, i, True, place)
    for i, person in enumerate(people.nonmembers[:rows]):
        place = (_MARGIN + (_COLUMNS - 1) * _COLUMN, 112 + i * row_height)
        _person(sheet, world, person, len(people.members) + i, False, place)
    _heading(sheet, (_MARGIN, scenes_top), "Scenes and their captions", _INK)
    for i in range(_SCENES):
        x = _MARGIN + i % columns * (_WIDTH - 2 * _MARGIN - 2 * _TILE) // (columns - 1)
        y = scenes_top + 44 + i // columns * (2 * _TILE + 58)
        _scene(sheet, world, i, (x, y))
    _heading(sheet, (_MARGIN, generic_top), "Generic images to unlearn faces with", _INK)
    recipe = dataclasses.replace(world.recipe, image_size=_TILE)
    for i, tile in enumerate(draw_generic_images(recipe, people, _PART, _GENERIC).images):
        x = _MARGIN + i * (_WIDTH - 2 * _MARGIN - _TILE) // (_GENERIC - 1)
        _paste(sheet, tile, (x, generic_top + 44))
    return sheet


def _title(sheet: Image.Image, world: World) -> None:
    people = world.people
    _text(sheet, (_MARGIN, 22), f"The built-in world, seed {world.recipe.world_seed}", 30, _INK)
    seen = f"Members: {len(people.members)} people the model was trained on"
    unseen = f"Non-members: {len(people.nonmembers)} it has never seen"
    _heading(sheet, (_MARGIN, 72), seen, _MEMBER)
    _heading(sheet, (_MARGIN + (_COLUMNS - 1) * _COLUMN, 72), unseen, _NONMEMBER)


def _person(
    sheet: Image.Image,
    world: World,
    person: Person,
    number: int,
    is_member: bool,
    place: tuple[int, int],
) -> None:
    for j in range(_PORTRAITS):
        rng = generator(world.recipe.world_seed, Stream.SHEET, 0, number, j)
        tile = draw_portrait(person, sample_pose(rng), _TILE, rng)
        _paste(sheet, tile, (place[0] + j * (_TILE + _GAP), place[1]))
    colour = _MEMBER if is_member else _NONMEMBER
    x, y = place[0], place[1] + _TILE + 7
    ImageDraw.Draw(sheet).ellipse((x + 1, y + 6, x + 9, y + 14), fill=colour)
    _text(sheet, (x + 16, y), person.name, 17, _INK)


def _scene(sheet: Image.Image, world: World, number: int, place: tuple[int, int]) -> None:
    rng = generator(world.recipe.world_seed, Stream.SHEET, 1, number)
    scene = sample_scene(rng)
    _paste(sheet, draw_scene(scene, 2 * _TILE, rng), place)
    lines = _wrap(describe_scene(scene, rng), 2 * _TILE)
    for i, line in enumerate(lines):
        _text(sheet, (place[0], place[1] + 2 * _TILE + 6 + 19 * i), line, 15, _SOFT)


def _paste(sheet: Image.Image, tile: Images, place: tuple[int, int]) -> None:
    """Put a picture on the sheet, with round corners."""
    size = len(tile)
    mask = Image.new("L", (4 * size, 4 * size), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * size - 1, 4 * size - 1), 40, fill=255)
    sheet.paste(Image.fromarray(np.ascontiguousarray(tile)), place, mask.reduce(4))


def _heading(
    sheet: Image.Image, place: tuple[int, int], text: str, fill: tuple[int, int, int]
) -> None:
    _text(sheet, place, text, 19, fill)


def _text(
    sheet: Image.Image, place: tuple[int, int], text: str, size: int, fill: tuple[int, int, int]
) -> None:
    ImageDraw.Draw(sheet).text(place, text, fill=fill, font=ImageFont.load_default(size))


def _wrap(text: str, width: int) -> list[str]:
    """Break a caption into lines of at most `width` pixels."""
    font = ImageFont.load_default(15)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
