"""Defended encoders as arrays: out of a trial, and back into the model that they came from."""

import numpy as np
import pytest
import torch

from tests.models import RESNET
from tests.trainables.export.conftest import defend, embeddings, make_clip, students_of
from trainables.errors import UserError
from trainables.export.state import put_students, student_arrays


@pytest.mark.parametrize("vision", [None, RESNET])
@pytest.mark.parametrize("encoders", [("text",), ("image",), ("text", "image")])
def test_only_what_was_defended_changes(vision, encoders):
    clip = make_clip(vision=vision) if vision else make_clip()
    defended = defend(clip, *encoders)
    changed = [
        not torch.allclose(old, new)
        for old, new in zip(embeddings(clip), embeddings(defended), strict=True)
    ]
    assert changed == ["text" in encoders, "image" in encoders]
    arrays = student_arrays(students_of(clip, *encoders))
    assert {name.partition(".")[0] for name in arrays} == set(encoders)
    assert all(array.flags.c_contiguous for array in arrays.values())


def test_arrays_of_a_student_on_the_cpu_are_no_copies():
    students = students_of(make_clip(), "text")
    arrays = student_arrays(students)
    weights = students["text"].token_embedding.weight
    assert np.shares_memory(arrays["text.token_embedding.weight"], weights.detach().numpy())


def test_a_student_of_other_weights_is_refused():
    clip, other = make_clip(), make_clip()
    arrays = student_arrays(students_of(clip, "text"))
    torch.nn.init.normal_(other.ln_final.weight)
    with pytest.raises(UserError, match="the defended text encoder comes from other weights"):
        put_students(other, arrays)
    with pytest.raises(UserError, match="comes from other weights"):
        put_students(make_clip(layers=1), arrays)
    with pytest.raises(UserError, match="comes from other weights"):
        put_students(make_clip(vocab_size=49409), arrays)
