import open_clip
import pytest
import torch

from tests.models import tiny_clip
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.text_encoder import take_text_encoder
from trainables.tokens import WordTokenizer

CLASSES = ["red ball", "blue cube", "green cone", "dog", "cat", "house"]
TEMPLATES = ["a photo of a {}.", "the {}", "{} in the snow"]


def test_the_classifier_is_open_clips():
    model = tiny_clip()
    found = classifier(take_text_encoder(model), WordTokenizer(77), CLASSES, TEMPLATES)
    formats = [lambda name, t=t: t.format(name) for t in TEMPLATES]
    expected = open_clip.build_zero_shot_classifier(
        model, open_clip.tokenize, CLASSES, formats, num_classes_per_batch=None
    )
    torch.testing.assert_close(found, expected.T, atol=1e-6, rtol=0)


def test_accuracy_counts_the_first_and_the_first_five():
    weights = torch.eye(8)
    images = torch.tensor([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]]).repeat(4, 1)
    found = accuracy(weights, images, torch.tensor([0, 4, 5, 7]))
    assert found == {"zeroshot_top1": 0.25, "zeroshot_top5": 0.5}
    few = accuracy(torch.eye(2), torch.eye(2), torch.tensor([0, 0]))
    assert few == {"zeroshot_top1": 0.5, "zeroshot_top5": 1.0}
    assert found["zeroshot_top1"] == pytest.approx(0.25)
