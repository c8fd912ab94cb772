"""CLIP's text encoder on its own: trimmed, and pooled where the caption ends.

The tower is causal and pools at the end token, so positions after it change nothing: a batch is
encoded at the length of its longest caption (design rule 3). For the same reason the last block
needs to be computed at the end token only, with keys and values from all positions before it. Both
are exact; a test holds them against `open_clip.CLIP.encode_text`.
"""

import copy
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.transformer import TextTransformer
from torch import Tensor, nn

from trainables.errors import UserError
from trainables.last_block import run_at
from trainables.tokens import Ids, lengths_of

# Captions that go through the encoder together when nothing is trained.
_CAPTIONS_PER_CHUNK = {"cpu": 256, "cuda": 4096}


class TextEncoder(nn.Module):
    """The text tower of an open_clip model.

    Args:
        tower: a `TextTransformer`, or a `CLIP`, which holds a tower's parts as its own. The parts
            are copied: training this encoder leaves the model as it is.

    Raises:
        UserError: the tower is not causal or does not pool at the end token.
    """

    token_embedding: nn.Embedding
    positional_embedding: nn.Parameter
    transformer: Any
    text_projection: nn.Linear | nn.Parameter | None
    attn_mask: Tensor

    def __init__(self, tower: Any) -> None:
        super().__init__()
        pool = getattr(tower, "text_pool_type", None) or getattr(tower, "pool_type", None)
        if pool != "argmax" or tower.attn_mask is None:
            raise UserError(
                f"the text encoder {type(tower).__name__} pools by {pool!r}: only causal encoders "
                "that pool at the end token (CLIP's own) can be defended."
            )
        self.token_embedding = copy.deepcopy(tower.token_embedding)
        self.positional_embedding = copy.deepcopy(tower.positional_embedding)
        self.transformer = copy.deepcopy(tower.transformer)
        self.ln_final = copy.deepcopy(tower.ln_final)
        self.text_projection = copy.deepcopy(tower.text_projection)
        self.register_buffer("attn_mask", tower.attn_mask.clone(), persistent=False)
        self.eval()

    def forward(self, ids: Tensor, ends: Tensor) -> Tensor:
        """Encode captions.

        Args:
            ids: (batch, length) token ids, `length` at most the context length.
            ends: (batch,) the position of each caption's end token.

        Returns:
            (batch, embed_dim) embeddings, not normalised.
        """
        length = ids.shape[1]
        x_bld = self.token_embedding(ids) + self.positional_embedding[:length]
        mask = self.attn_mask[:length, :length]
        *blocks, last = self.transformer.resblocks
        for block in blocks:
            x_bld = block(x_bld, attn_mask=mask)
        x_bd = self.ln_final(run_at(last, x_bld, ends, mask))
        if isinstance(self.text_projection, nn.Linear):
            return cast(Tensor, self.text_projection(x_bd))
        return cast(Tensor, x_bd if self.text_projection is None else x_bd @ self.text_projection)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.positional_embedding.device


def take_text_encoder(clip: nn.Module) -> TextEncoder:
    """Copy the text encoder out of an open_clip model.

    Raises:
        UserError: the model's text tower is of another kind, such as one of Hugging Face's.
    """
    tower = getattr(clip, "text", clip)
    if not (hasattr(tower, "positional_embedding") and hasattr(tower, "ln_final")):
        raise UserError(
            f"the text encoder {type(tower).__name__} is not one of CLIP's own: choose a model "
            "with a plain CLIP text transformer, such as ViT-B-32 or ViT-L-14."
        )
    return TextEncoder(tower)


def put_text_encoder(clip: nn.Module, encoder: TextEncoder) -> None:
    """Put a defended encoder's weights back into a model, the positional embedding included."""
    tower: nn.Module = getattr(clip, "text", clip)
    missing = set(encoder.state_dict()) - set(tower.state_dict())
    assert not missing, missing
    tower.load_state_dict(encoder.state_dict(), strict=isinstance(tower, TextTransformer))


def encode_ids(encoder: TextEncoder, ids: Ids, chunk_size: int | None = None) -> Tensor:
    """Encode captions without gradients, shortest first, each chunk cut at its longest.

    Args:
        encoder: on any device.
        ids: (num_captions, longest) token ids.
        chunk_size: captions that are encoded together; chosen by the device if left out.

    Returns:
        (num_captions, embed_dim) unit vectors, on the encoder's device, in the order of `ids`.
    """
    device = encoder.device
    chunk = chunk_size or _CAPTIONS_PER_CHUNK.get(device.type, 256)
    lengths = lengths_of(ids)
    order = np.argsort(lengths, kind="stable")
    # Not inference mode: what comes out may be the target of a training.
    with torch.no_grad():
        parts = [
            encoder(*to_tensors(ids[rows], lengths[rows], device))
            for rows in np.array_split(order, max(1, -(-len(order) // chunk)))
        ]
        found = nn.functional.normalize(torch.cat(parts), dim=-1)
        return found[torch.from_numpy(np.argsort(order)).to(device)]


def to_tensors(ids: Ids, lengths: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
    """Cut ids at their longest caption and move them, with the places of their ends."""
    trimmed = torch.from_numpy(np.ascontiguousarray(ids[:, : int(lengths.max())]))
    return trimmed.to(device), torch.from_numpy(lengths - 1).to(device)
