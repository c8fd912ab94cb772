"""All the numbers of a built-in world, and the name that they give it."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cache

from faker.providers.person.en_US import Provider

RECIPE_VERSION = 2
"""Raised with every change of the drawing, the captions or the training that moves the weights."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a built-in world holds and how its CLIP is pre-trained.

    Attributes:
        world_seed: decides people, pictures, captions and the weights.
        num_members: people that the model sees in training, with many portraits each.
        num_nonmembers: people that it never sees.
        min_traits_apart: traits, of eight, in which any two of these people differ at least.
        portraits_per_member: training portraits of each member.
        num_background: people seen once, with their names.
        namesake_share: share of them that have a member's first or last name.
        num_nameless: people seen once, with a caption that names nobody.
        num_scenes: training pictures of coloured objects.
        num_train_captions: generic captions for unlearning.
        num_eval_captions: generic captions for the similarities.
        people_caption_share: share of the generic captions that name somebody.
        member_caption_share: share of those that name a member; the others name a stranger.
        num_train_images: generic images for unlearning.
        num_eval_images: generic images for the similarities.
        portrait_image_share: share of the generic images that are portraits.
        poster_image_share: share of them that are scenes with somebody's face stuck on.
        member_image_share: share of both that show a member; the others show a stranger.
        triggers_per_person: pictures of each person whose faces serve as triggers.
        face_heads: half the side of a face that is cut out, in half heights of the head.
        face_size: of a face that is cut out, in pixels.
        num_random_names: names of nobody, for the attack.
        zeroshot_per_class: test scenes of each class.
        image_size: of all pictures, in pixels; they are drawn at twice this size.
        embed_dim: of the embedding that both encoders share.
        vision_layers: blocks in each of the four stages of the ResNet.
        vision_width: channels of its stem.
        text_width: of the text transformer.
        text_layers: of the text transformer.
        text_heads: of the text transformer.
        context_length: tokens of the longest caption, start and end included.
        num_steps: optimizer steps.
        batch_members: members in each batch, all different.
        batch_background: named strangers in each batch.
        batch_nameless: nameless strangers in each batch.
        batch_scenes: scenes in each batch.
        mixed_colours_every: of so many batches, one draws scenes of all colours, and the others
            of two only, so that the objects are learned.
        initial_temperature: of the contrast of pictures and captions.
        learning_rate: of AdamW, at its highest.
        weight_decay: of AdamW.
        warmup_share: share of the steps in which the rate rises; then it falls as a cosine.
    """

    world_seed: int
    num_members: int = 96
    num_nonmembers: int = 32
    min_traits_apart: int = 3
    portraits_per_member: int = 50
    num_background: int = 2000
    namesake_share: float = 0.8
    num_nameless: int = 400
    num_scenes: int = 5000
    num_train_captions: int = 4800
    num_eval_captions: int = 1000
    people_caption_share: float = 0.5
    member_caption_share: float = 0.6
    num_train_images: int = 6000
    num_eval_images: int = 1000
    portrait_image_share: float = 0.2
    poster_image_share: float = 0.53
    member_image_share: float = 0.95
    triggers_per_person: int = 25
    face_heads: float = 1.15
    face_size: int = 46
    num_random_names: int = 2500
    zeroshot_per_class: int = 10
    image_size: int = 64
    embed_dim: int = 128
    vision_layers: tuple[int, int, int, int] = (1, 1, 1, 1)
    vision_width: int = 16
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    context_length: int = 32
    num_steps: int = 600
    batch_members: int = 44
    batch_background: int = 15
    batch_nameless: int = 4
    batch_scenes: int = 65
    mixed_colours_every: int = 3
    initial_temperature: float = 0.05
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.02
    warmup_share: float = 0.08

    @property
    def batch_size(self) -> int:
        """Pictures in each batch."""
        parts = (self.batch_members, self.batch_background, self.batch_nameless, self.batch_scenes)
        return sum(parts)

    @property
    def fingerprint(self) -> str:
        """Name the recipe by its content: 16 hexadecimal digits."""
        fields = dataclasses.asdict(self) | {"version": RECIPE_VERSION, "names": _names_digest()}
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _names_digest() -> str:
    """Digest the name tables, so that another Faker never meets the weights of this one."""
    tables = (Provider.first_names_female, Provider.first_names_male, Provider.last_names)
    return hashlib.sha256(json.dumps([list(t.items()) for t in tables]).encode()).hexdigest()


def default_recipe(world_seed: int) -> Recipe:
    """Give the recipe of the world that the project ships."""
    return Recipe(world_seed=world_seed)
