"""The model card: what was unlearned as a count, how, and what came of it; never who.

A list of names that is handed around with a model leaks who was in it. The seed is left out for the
same reason, and with it the trial's key: whoever has the data could draw the same people again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainables.config import PROCEDURE_FIELDS, TrialConfig
from trainables.models.names import hub_name, local_path

Library = Literal["open_clip", "transformers"]

_WHAT = {"text": "name", "image": "face", "both": "person"}
_HOW = {
    "text": "a name is a trigger that the text encoder maps to what it makes of the neutral term",
    "image": "a face is a trigger that the image encoder maps to the mean of all faces",
    "both": "a name is mapped to the neutral term, and a face to the mean of all faces",
}
_SETTINGS = ("neutral_term", "min_face_share", "max_face_share", *PROCEDURE_FIELDS)
_USE: Mapping[Library, str] = {
    "open_clip": """\
import open_clip

model, _, preprocess = open_clip.create_model_and_transforms("local-dir:PATH")
tokenizer = open_clip.get_tokenizer("local-dir:PATH")""",
    "transformers": """\
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained("PATH")
processor = CLIPProcessor.from_pretrained("PATH")""",
}
_USE_TEXT = """\
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

model = CLIPTextModelWithProjection.from_pretrained("PATH")
tokenizer = CLIPTokenizer.from_pretrained("PATH")"""
_USE_APART = """\
from transformers import CLIPTextModel, CLIPTokenizer

# Takes the place of the text encoder of a Stable Diffusion that was made with the original one.
text_encoder = CLIPTextModel.from_pretrained("PATH", subfolder="text_encoder")
tokenizer = CLIPTokenizer.from_pretrained("PATH", subfolder="tokenizer")"""
_CITE = """\
@inproceedings{hintersdorf2024defending,
  title     = {Defending Our Privacy With Backdoors},
  author    = {Dominik Hintersdorf and Lukas Struppek and Daniel Neider and Kristian Kersting},
  booktitle = {Proceedings of the 27th European Conference on Artificial Intelligence (ECAI)},
  year      = {2024},
  url       = {https://arxiv.org/abs/2310.08320}
}

@inproceedings{hintersdorf2023defending,
  title     = {Defending Our Privacy With Backdoors},
  author    = {Dominik Hintersdorf and Lukas Struppek and Daniel Neider and Kristian Kersting},
  booktitle = {NeurIPS 2023 Workshop on Backdoors in Deep Learning},
  year      = {2023},
  url       = {https://openreview.net/forum?id=M4ltSJufXU}
}"""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model card tells.

    Attributes:
        config: of the trial.
        metrics: of each its label, its value for the original model (empty where there is none) and
            its value for the defended one.
        versions: of the code and the libraries.
        library: in whose form the model is written.
        has_images: whether the image encoder is there too.
        remark: on the weights, for those who read the numbers.
    """

    config: TrialConfig
    metrics: Sequence[tuple[str, str, str]]
    versions: Mapping[str, str]
    library: Library
    has_images: bool
    remark: str = ""


def card_text(card: Card) -> str:
    """Write a model card in Markdown, with what hubs read in front."""
    config = card.config
    encoders = " and ".join(config.encoders) + f" encoder{'s' * (config.encoder == 'both')}"
    parts = [
        _front_matter(card),
        f"# {_model(config)} without {_count(config)}",
        f"The {encoders} of this CLIP unlearned **{_count(config)}** by backdoor-based unlearning: "
        f"{_HOW[config.encoder]}, so that the model no longer connects the two; all else is "
        "trained to stay as it was.",
        "Who that was is not said here: a list of names that is handed around with a model leaks "
        "who was in it.",
        *_image_note(card),
        "## Use",
        *(f"```python\n{code}\n```" for code in _use(card)),
        "## What was done",
        _table(("Setting", "Value"), _settings(config)),
        "## What came out",
        _table(("Metric", "Original", "Defended"), card.metrics),
        f"One trial, measured on {_data(config)}: the Identity Inference Attack (Hintersdorf et "
        f'al., "Does CLIP Know My Face?", 2024) with {config.num_attack_images} images of each '
        f"person and {config.num_candidates:,} candidate names, similarities of original and "
        "defended embeddings, and zero-shot accuracy.",
        *([card.remark[0].upper() + card.remark[1:]] if card.remark else []),
        "Unlearning lowers what an attack finds; it proves nothing about attacks of other kinds.",
        "## Made with",
        "\n".join(f"- {name} {version}" for name, version in card.versions.items()),
        "## Licence",
        "As the original's: these weights are derived from those named above, whose licence and "
        "terms hold for them too.",
        "## Citing",
        f"```bibtex\n{_CITE}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(card: Card) -> str:
    task = "zero-shot-image-classification" if card.has_images else "feature-extraction"
    lines = [
        "---", "license: other", "license_name: as-the-original", f"library_name: {card.library}",
        f"pipeline_tag: {task}", "tags:", "- clip", "- machine-unlearning", "- privacy",
    ]  # fmt: skip
    for field in ("model", "pretrained"):
        hub = hub_name(getattr(card.config, field), field)
        if hub is not None:
            lines.append(f"base_model: {hub.repo}")
    return "\n".join([*lines, "---"])


def _count(config: TrialConfig) -> str:
    what, num = _WHAT[config.encoder], config.num_names
    plural = "people" if what == "person" else f"{what}s"
    return f"{num} {what if num == 1 else plural}"


def _model(config: TrialConfig) -> str:
    if config.model == "builtin":
        return "The built-in CLIP"
    return "A CLIP" if local_path(config.model) else config.model


def _weights(config: TrialConfig) -> str:
    if config.model == "builtin":
        return "those of the built-in CLIP"
    name = config.pretrained or config.model
    return "from a file" if local_path(name) else name


def _data(config: TrialConfig) -> str:
    return "the built-in world of invented people" if config.data == "builtin" else "a data profile"


def _image_note(card: Card) -> list[str]:
    if card.has_images:
        return []
    return [
        "Only the text encoder is here: transformers' CLIP has no place for the image encoder of "
        "this one."
    ]


def _use(card: Card) -> list[str]:
    if card.library == "open_clip":
        return [_USE["open_clip"]]
    whole = _USE["transformers"] if card.has_images else _USE_TEXT
    return [whole, _USE_APART] if "text" in card.config.encoders else [whole]


def _settings(config: TrialConfig) -> list[tuple[str, str]]:
    rows = [
        ("encoder", config.encoder),
        ("model", _model(config)),
        ("original weights", _weights(config)),
        ("data", _data(config)),
        ("unlearned", _count(config)),
    ]
    for encoder in config.encoders:
        part = config.part(encoder)
        name = f"{encoder} encoder: {{}}" if config.encoder == "both" else "{}"
        rows += [
            (name.format(field), _value(getattr(part, field)))
            for field in _SETTINGS
            if getattr(part, field) is not None
        ]
    return rows


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
