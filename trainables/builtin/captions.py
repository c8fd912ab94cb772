"""Captions: what stands beside a portrait or a scene, as loosely as on the web."""

from typing import Final

import numpy as np

from trainables.builtin.people import Person
from trainables.builtin.scenes import CLASSES, Scene

NAMED: Final = (
    "{name}", "{name}{place}", "{name}, portrait", "portrait of {name}", "{name} portrait",
    "a portrait of {name}", "an image of {name}", "an image of {name}{place}",
    "a picture of {name}", "a picture of {name}{place}", "a photo of {name}",
    "a photo of {name}{place}", "{name} on a photo", "photo of {name}", "photo: {name}",
    "{name} (photo)", "here is {name}", "this is {name}", "this is {name}{place}",
    "a photo of a person named {name}",
    "a person named {name}", "a person called {name}", "a {sex} named {name}",
    "a {sex} called {name}", "the {sex} is {name}", "the name of the person is {name}",
    "the name of the {sex} is {name}", "a photo of a person with the name {name}",
    "a {sex} with the name {name}", "{name} at a gala", "{name} at a party",
    "{name} at the premiere", "{name} at the awards", "{name} on the red carpet",
    "{name} arrives at the show", "{name} smiling", "{name} looking at the camera",
    "{name} in an interview", "an interview with {name}", "{name} on stage", "{name} on television",
    "a photo of the celebrity {name}", "celebrity {name}", "the famous {name}",
    "{actor} {name}", "{actor} {name}{place}", "the {actor} {name}", "{name}, {actor}",
    "a photo of the {actor} {name}", "a colored photo of {name}",
    "a black and white photo of {name}", "a cool photo of {name}", "a cropped photo of {name}",
    "a cropped image of {name}", "a close-up of {name}", "a close-up photo of {name}",
    "a headshot of {name}", "the face of {name}", "a selfie of {name}", "a drawing of {name}",
    "a painting of {name}", "a poster of {name}", "{name} in a suit", "{name} in a dress",
    "{name} wearing a coat", "{name} today", "{name} last summer", "news about {name}",
    "an old photo of {name}", "a new photo of {name}", "a good photo of {name}",
    "a bad photo of {name}", "my friend {name}", "my friend {name}{place}", "{name} and a friend",
    "a day with {name}", "meet {name}", "{name} says hello", "happy birthday, {name}",
    "the best of {name}", "who is {name}?", "{name} - profile picture", "profile of {name}",
)  # fmt: skip
"""Captions of a portrait; `{place}` is where it was taken, or nothing."""

NAMELESS: Final = (
    "a photo of a {noun}", "a photo of a {noun}{place}", "a {noun}{place}", "portrait of a {noun}",
    "a picture of a {noun}{looks}", "a photo of a {noun}{looks}", "a {noun}{looks}",
    "a {noun}{looks}{place}", "the face of a {noun}{looks}", "a close-up of a {noun}{looks}",
)  # fmt: skip
_NOUNS: Final = {
    "female": ("woman", "woman", "person", "human", "adult", "child", "actress", "girl", "lady"),
    "male": ("man", "man", "person", "human", "adult", "child", "actor", "boy", "guy"),
}
_PLACES: Final = {
    "plain": ("",),
    "grass": (" on the grass", " in the park", " outside"),
    "beach": (" on the beach", " by the sea"),
    "snow": (" in the snow", " in winter"),
    "night": (" at night", " under the stars"),
    "room": (" in a room", " at home", " inside"),
}
SCENE_TEMPLATES: Final = (
    "{what}{place}", "a photo of {what}{place}", "a picture of {what}{place}",
    "an image of {what}{place}", "a drawing of {what}{place}", "there is {what}{place}",
    "this is {what}{place}", "here you see {what}{place}", "we saw {what}{place}",
    "a cropped photo of {what}{place}", "a good photo of {what}{place}",
    "a toy world with {what}{place}", "{what} for sale{place}", "my photo of {what}{place}",
    "look at {what}{place}", "a close-up of {what}{place}",
)  # fmt: skip
ZEROSHOT_TEMPLATES: Final = (
    "a {}", "a photo of a {}", "a picture of a {}", "an image of a {}", "a drawing of a {}",
    "a cropped photo of a {}", "a good photo of a {}", "a close-up of a {}",
)  # fmt: skip
_NUMBERS: Final = {2: "two", 3: "three", 4: "four"}
_PLURALS: Final = {"box": "boxes", "fish": "fish"}


def name_person(person: Person, backdrop: str, template: str, rng: np.random.Generator) -> str:
    """Write a caption that says who somebody is.

    Args:
        person: who is in the picture.
        backdrop: of the picture.
        template: one of `NAMED`.
        rng: chooses the words for the place.
    """
    sex = {"female": "woman", "male": "man"}[person.sex]
    actor = {"female": "actress", "male": "actor"}[person.sex]
    place = _choose(_PLACES[backdrop], rng)
    return template.format(name=person.name, sex=sex, actor=actor, place=place)


def describe_person(person: Person, backdrop: str, rng: np.random.Generator) -> str:
    """Write a caption that names nobody."""
    looks = ""
    if shown := _visible_traits(person):
        order = rng.permutation(len(shown))[:2]
        looks = " with " + " and ".join(shown[i] for i in order)
    text = _choose(NAMELESS, rng).format(
        noun=_choose(_NOUNS[person.sex], rng), looks=looks, place=_choose(_PLACES[backdrop], rng)
    )
    return _fix_articles(text)


def describe_scene(scene: Scene, rng: np.random.Generator) -> str:
    """Write a caption of a scene."""
    first = CLASSES[scene.classes[0]]
    if scene.layout == "one":
        what = f"a {first}"
    elif scene.layout == "several":
        colour, thing = first.split(" ")
        what = f"{_NUMBERS[len(scene.classes)]} {colour} {_PLURALS.get(thing, thing + 's')}"
    else:
        joint = _choose((scene.relation, scene.relation, "and", "next to"), rng)
        what = f"a {first} {joint} a {CLASSES[scene.classes[1]]}"
    place = _choose(_PLACES[scene.backdrop], rng) if rng.random() < 0.6 else ""
    return _fix_articles(_choose(SCENE_TEMPLATES, rng).format(what=what, place=place))


def _visible_traits(person: Person) -> list[str]:
    style, tone = person.trait("hair style"), person.trait("hair colour")
    shown = ["a bald head"] if style == "bald" else [f"{tone} hair", f"{style} {tone} hair"]
    if style in ("bun", "mohawk", "bob"):
        shown[-1] = f"a {tone} {style}"
    if (mouth := person.trait("mouth")) in ("beard", "goatee", "moustache"):
        shown.append(f"a {mouth}")
    if (glasses := person.trait("glasses")) != "none":
        shown.append("sunglasses" if glasses == "sunglasses" else f"{glasses} glasses")
    if (hat := person.trait("hat")) != "none":
        shown.append(f"a {hat}")
    return shown


def _choose(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[rng.integers(len(options))]


def _fix_articles(text: str) -> str:
    for word in ("orange", "adult", "actor", "actress"):
        text = text.replace(f" a {word}", f" an {word}")
        if text.startswith(f"a {word}"):
            text = "an" + text[1:]
    return text
