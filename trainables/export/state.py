"""Defended encoders as plain arrays by name: out of a trial, and back into a CLIP."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.config import SingleEncoder
from trainables.errors import UserError
from trainables.image_encoder import ImageEncoder, put_image_encoder, take_image_encoder
from trainables.text_encoder import TextEncoder, put_text_encoder, take_text_encoder
from trainables.unlearning.loop import trainable_parameters

Arrays = Mapping[str, NDArray[np.generic]]


def student_arrays(students: Mapping[SingleEncoder, nn.Module]) -> dict[str, NDArray[np.generic]]:
    """Give the weights of defended encoders by encoder and name, such as `text.ln_final.bias`.

    On the CPU they are views of the weights where these lie in one piece.
    """
    return {
        f"{encoder}.{name}": _in_one_piece(tensor)
        for encoder, student in students.items()
        for name, tensor in _weights_of(student).state_dict().items()
    }


def put_students(clip: nn.Module, arrays: Arrays) -> None:
    """Put defended encoders into the original model that they were copied from.

    Args:
        clip: of open_clip's classes; changed in place.
        arrays: as `student_arrays` gives them.

    Raises:
        UserError: they are not of this model.
    """
    text, image = _of("text", arrays), _of("image", arrays)
    if text:
        text_encoder = take_text_encoder(clip)
        _load("text", text_encoder, text)
        put_text_encoder(clip, text_encoder)
    if image:
        image_encoder = take_image_encoder(clip)
        _load("image", image_encoder, image)
        put_image_encoder(clip, image_encoder)


def _weights_of(encoder: nn.Module) -> nn.Module:
    return encoder.tower if isinstance(encoder, ImageEncoder) else encoder


def _in_one_piece(tensor: Tensor) -> NDArray[np.generic]:
    # Weights of convolutions may lie with their channels last, which a file cannot say.
    array: NDArray[np.generic] = tensor.detach().cpu().contiguous().numpy()
    return array


def _of(encoder: str, arrays: Arrays) -> dict[str, Tensor]:
    prefix = f"{encoder}."
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _load(what: str, encoder: TextEncoder | ImageEncoder, weights: dict[str, Tensor]) -> None:
    module = _weights_of(encoder)
    expected = module.state_dict()
    trained = set(map(id, trainable_parameters(encoder)))
    frozen = [name for name, weight in module.named_parameters() if id(weight) not in trained]
    fits = expected.keys() == weights.keys() and all(
        expected[name].shape == weights[name].shape for name in expected
    )
    # Norms stay as they were in the original: another model's student would have others.
    if not fits or not all(torch.equal(expected[name], weights[name]) for name in frozen):
        raise UserError(
            f"the defended {what} encoder comes from other weights than those of this model: "
            "put the weights back that it was trained from, or take the kept encoder away and it "
            "is trained again."
        )
    module.load_state_dict(weights)
