"""The model card tells what was done, and never to whom."""

import pytest
import yaml

from tests.conftest import builtin_config
from trainables.export.card import Card, card_text

ROWS = [("IDIA TPR", "100.00%", "0.00%"), ("Sim Clean", "", "0.98")]


def card_of(encoder="text", library="open_clip", *, has_images=True, remark="", **changes):
    config = builtin_config(encoder, **changes)
    card = Card(
        config=config, metrics=ROWS, versions={"torch": "2.9"}, library=library,
        has_images=has_images, remark=remark,
    )  # fmt: skip
    return card_text(card)


@pytest.mark.parametrize(
    ("encoder", "num_names", "said"),
    [
        ("text", 1, "1 name"), ("text", 8, "8 names"), ("image", 1, "1 face"),
        ("image", 2, "2 faces"), ("both", 1, "1 person"), ("both", 8, "8 people"),
    ],
)  # fmt: skip
def test_what_was_unlearned_is_a_count(encoder, num_names, said):
    card = card_of(encoder, num_names=num_names)
    assert f"# The built-in CLIP without {said}\n" in card
    assert f"unlearned **{said}** by" in card
    assert "seed" not in card
    assert "| IDIA TPR | 100.00% | 0.00% |\n| Sim Clean |  | 0.98 |" in card


def test_hubs_read_what_is_in_front():
    front = card_of(model="hf-hub:org/name@main", pretrained="").split("---")[1]
    assert yaml.safe_load(front) == {
        "license": "other", "license_name": "as-the-original", "library_name": "open_clip",
        "pipeline_tag": "zero-shot-image-classification", "base_model": "org/name",
        "tags": ["clip", "machine-unlearning", "privacy"],
    }  # fmt: skip
    front = card_of(library="transformers", has_images=False).split("---")[1]
    assert yaml.safe_load(front)["pipeline_tag"] == "feature-extraction"


def test_places_on_the_makers_machine_are_left_out():
    card = card_of(model="ViT-B-32", pretrained="/home/somebody/weights.pt")
    assert "| original weights | from a file |" in card
    assert "somebody" not in card
    card = card_of(model="local-dir:/home/somebody/clip", pretrained="")
    assert "# A CLIP without 2 names" in card
    assert "somebody" not in card
    card = card_of(model="ViT-B-32", pretrained="laion400m_e32")
    assert "| original weights | laion400m_e32 |" in card


def test_each_form_says_how_it_is_used():
    assert "local-dir:PATH" in card_of()
    whole = card_of(library="transformers")
    assert "CLIPModel.from_pretrained" in whole
    assert 'subfolder="text_encoder"' in whole
    assert "text_encoder" not in card_of("image", "transformers")
    alone = card_of(library="transformers", has_images=False)
    assert "CLIPTextModelWithProjection" in alone
    assert "CLIPModel" not in alone


def test_a_remark_is_a_sentence_and_a_cell_stays_a_cell():
    assert "\n\nIt was trained again.\n\n" in card_of(remark="it was trained again.")
    assert "| neutral_term | a\\|b c |" in card_of(neutral_term="a|b\nc")
