import numpy as np
import open_clip
import pytest
import torch

from tests.models import tiny_clip, tiny_custom_text_clip
from trainables.errors import UserError
from trainables.text_encoder import encode_ids, put_text_encoder, take_text_encoder
from trainables.tokens import WordTokenizer

TOKENIZER = WordTokenizer(77)


def reference(model, texts):
    with torch.no_grad():
        return model.encode_text(open_clip.tokenize(texts), normalize=True)


@pytest.mark.parametrize(
    "model",
    [tiny_clip(), tiny_clip(layers=1), tiny_clip(ls_init_value=0.1), tiny_custom_text_clip()],
    ids=["plain", "one layer", "layer scale", "custom text"],
)
def test_trimmed_equals_open_clips_encode_text(model, sentences):
    ids = TOKENIZER.batch(sentences)
    found = encode_ids(take_text_encoder(model), ids, chunk_size=7)
    torch.testing.assert_close(found, reference(model, sentences), atol=1e-6, rtol=0)


@pytest.mark.slow
def test_trimmed_equals_encode_text_on_real_captions(real_captions):
    model = tiny_clip(layers=3)
    found = encode_ids(take_text_encoder(model), TOKENIZER.batch(real_captions))
    for start in range(0, len(real_captions), 500):
        expected = reference(model, real_captions[start : start + 500])
        torch.testing.assert_close(found[start : start + 500], expected, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_trimmed_equals_encode_text_for_vit_b_32(real_captions):
    model = open_clip.create_model("ViT-B-32", pretrained=None).eval()
    some = real_captions[::160]
    found = encode_ids(take_text_encoder(model), TOKENIZER.batch(some))
    torch.testing.assert_close(found, reference(model, some), atol=1e-5, rtol=0)


def test_taking_copies_and_putting_back_changes_every_weight(clip, sentences):
    ids = TOKENIZER.batch(sentences)
    before = reference(clip, sentences)
    student = take_text_encoder(clip)
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.manual_seed(3)))
    torch.testing.assert_close(reference(clip, sentences), before)
    put_text_encoder(clip, student)
    # The positional embedding among them, which the papers' code left out.
    assert torch.equal(clip.positional_embedding, student.positional_embedding)
    torch.testing.assert_close(
        reference(clip, sentences), encode_ids(student, ids), atol=1e-6, rtol=0
    )


def test_putting_back_works_for_a_separate_text_tower(sentences):
    model = tiny_custom_text_clip()
    student = take_text_encoder(model)
    with torch.no_grad():
        student.positional_embedding.add_(1)
    put_text_encoder(model, student)
    found = encode_ids(student, TOKENIZER.batch(sentences))
    torch.testing.assert_close(reference(model, sentences), found, atol=1e-6, rtol=0)


def test_the_order_of_captions_is_kept(clip):
    texts = ["a " * n for n in (30, 1, 12, 5, 60)]
    encoder = take_text_encoder(clip)
    one_by_one = torch.cat([encode_ids(encoder, TOKENIZER.batch([text])) for text in texts])
    together = encode_ids(encoder, TOKENIZER.batch(texts), chunk_size=2)
    torch.testing.assert_close(together, one_by_one, atol=1e-6, rtol=0)


def test_an_encoder_that_is_not_causal_is_refused():
    with pytest.raises(UserError, match="pools by"):
        take_text_encoder(tiny_clip(pool_type="last"))
    with pytest.raises(UserError, match="only causal"):
        take_text_encoder(tiny_clip(no_causal_mask=True))


def test_the_paper_counts_the_same_parameters():
    model = open_clip.create_model("ViT-B-32", pretrained=None)
    transformer = take_text_encoder(model).transformer
    # Table 1 of the ECAI paper counts the transformer's blocks.
    assert sum(p.numel() for p in transformer.parameters()) == 37_828_608
    assert np.prod(model.positional_embedding.shape) == 77 * 512
