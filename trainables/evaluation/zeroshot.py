"""Zero-shot classification: class names in templates against pictures."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from trainables.text_encoder import TextEncoder, encode_ids
from trainables.tokens import WordTokenizer

SCORES = ("zeroshot_top1", "zeroshot_top5")
"""What `accuracy` gives, by its names in the table of metrics."""


def classifier(
    encoder: TextEncoder,
    tokenizer: WordTokenizer,
    class_names: Sequence[str],
    templates: Sequence[str],
) -> Tensor:
    """Build the weights of a zero-shot classifier.

    Args:
        encoder: the text encoder.
        tokenizer: of its model.
        class_names: what is put into the templates.
        templates: with `{}` in the place of the class name.

    Returns:
        (num_classes, embed_dim) unit vectors: the mean of the normalised template embeddings.
    """
    prompts = [template.format(name) for name in class_names for template in templates]
    embeddings = encode_ids(encoder, tokenizer.batch(prompts))
    return normalize(embeddings.reshape(len(class_names), len(templates), -1).mean(dim=1), dim=-1)


def accuracy(weights: Tensor, image_embeddings: Tensor, labels: Tensor) -> dict[str, float]:
    """Give top-1 and top-5 accuracy as shares.

    Args:
        weights: (num_classes, embed_dim) of `classifier`.
        image_embeddings: (num_images, embed_dim) unit vectors.
        labels: (num_images,) index of the class.
    """
    with torch.inference_mode():
        scores = image_embeddings.to(weights.device) @ weights.T
        ranked = scores.topk(min(5, len(weights)), dim=1).indices.cpu()
    right = ranked == labels[:, None]
    found = (right[:, 0], right.any(dim=1))
    return {name: float(each.double().mean()) for name, each in zip(SCORES, found, strict=True)}
