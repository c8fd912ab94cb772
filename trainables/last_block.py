"""The last block of a transformer, computed only where its output is read."""

from typing import Any, cast

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor


def run_at(block: Any, x_bld: Tensor, positions: Tensor, mask: Tensor | None = None) -> Tensor:
    """Run a residual block at one position of each row, which is exact.

    Keys and values come from all positions; queries, and all that follows the attention, from the
    one that is read.

    Args:
        block: of open_clip; one of another class is run at all positions.
        x_bld: (batch, length, width).
        positions: (batch,).
        mask: (length, length) added to the attention, if any.

    Returns:
        (batch, width).
    """
    rows = torch.arange(len(x_bld), device=x_bld.device)
    # Not isinstance: a subclass may compute something else.
    if type(block) is not ResidualAttentionBlock or hasattr(block, "ln_1_kv"):
        return cast(Tensor, block(x_bld, attn_mask=mask)[rows, positions])
    normed = block.ln_1(x_bld)
    mask_per_head = None
    if mask is not None:
        mask_per_head = mask[positions][:, None].repeat_interleave(block.attn.num_heads, dim=0)
    attended = block.attn(
        normed[rows, positions][:, None],
        normed,
        normed,
        attn_mask=mask_per_head,
        need_weights=False,
    )[0][:, 0]
    x_bd = x_bld[rows, positions] + block.ls_1(attended)
    return cast(Tensor, x_bd + block.ls_2(block.mlp(block.ln_2(x_bd))))
