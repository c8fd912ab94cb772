"""Putting a checkpoint's weights into a model of the architecture that was named."""

from collections.abc import Mapping
from typing import Any

import torch
from open_clip.convert import convert_state_dict
from open_clip.model import convert_to_custom_text_state_dict
from torch import Tensor

from trainables.errors import UserError
from trainables.models.checkpoints import Checkpoint

# Saved beside the weights by OpenAI and by old versions of transformers.
_NO_WEIGHTS = (
    "input_resolution", "context_length", "vocab_size", "text.transformer.embeddings.position_ids",
)  # fmt: skip


def fit(model: Any, checkpoint: Checkpoint, name: str) -> None:
    """Put weights into a model, all of them and none else.

    Args:
        model: of open_clip's classes.
        checkpoint: the weights; half precision becomes the model's.
        name: what messages call the model.

    Raises:
        UserError: the weights are those of another architecture.
    """
    expected = model.state_dict()
    try:
        state = _converted(model, expected, checkpoint.state)
    # Names that promise a form which open_clip knows, with other weights behind them.
    except (KeyError, RuntimeError, ValueError, AttributeError) as error:
        raise UserError(_other(checkpoint, name, f"cannot be converted: {error}")) from error
    wrong = _first_difference(expected, state) or _heads_differ(model, checkpoint)
    if wrong:
        raise UserError(_other(checkpoint, name, wrong))
    model.load_state_dict(state)


def _other(checkpoint: Checkpoint, name: str, wrong: str) -> str:
    return (
        f"{checkpoint.source} does not fit {name} ({wrong}); weights and architecture of one model "
        "are expected."
    )


def _converted(
    model: Any, expected: Mapping[str, Tensor], state: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Bring weights into the form in which open_clip keeps them today."""
    state = {
        name: value for name, value in state.items() if name in expected or name not in _NO_WEIGHTS
    }
    state = convert_state_dict(model, state)
    if "text.positional_embedding" in expected and "positional_embedding" in state:
        state = convert_to_custom_text_state_dict(state)
    for name in ("logit_scale", "logit_bias"):
        # One number, which some versions keep as a list of one.
        if name in state and name in expected and state[name].numel() == 1:
            state[name] = state[name].reshape(expected[name].shape)
    if "logit_bias" in expected and "logit_scale" in state:
        state.setdefault("logit_bias", torch.zeros_like(expected["logit_bias"]))
    return state


def _first_difference(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str:
    """Say what is the matter with the names and shapes of weights; empty if nothing is."""
    for name, value in expected.items():
        if name in state and state[name].shape != value.shape:
            return f"{name} is {_shape(state[name])} and should be {_shape(value)}"
    missing = [name for name in expected if name not in state]
    if missing:
        return f"it has no {missing[0]}" + _more(missing)
    strange = [name for name in state if name not in expected]
    if strange:
        return f"it has {strange[0]}" + _more(strange) + ", which the model has not"
    return ""


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _heads_differ(model: Any, checkpoint: Checkpoint) -> str:
    """Compare the number of attention heads, which no shape shows; empty if they agree."""
    towers = {"text": getattr(model, "text", model), "vision": model.visual}
    for tower, num_heads in checkpoint.about.num_heads.items():
        built = towers[tower].transformer.resblocks[0].attn.num_heads
        if built != num_heads:
            return f"its {tower} encoder has {num_heads} attention heads and should have {built}"
    return ""
