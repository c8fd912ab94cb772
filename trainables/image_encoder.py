"""CLIP's image encoder on its own: pixels in, embeddings out.

Two of open_clip's towers are run in ways of their own, both exact while normalization layers are
frozen and in evaluation mode; a test holds them against open_clip. A vision transformer's last
block is computed at the class token only. A ResNet's BatchNorms are folded into the convolutions
before them, and its attention pool has one query, since only the first token is read.
"""

import copy
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from open_clip.modified_resnet import AttentionPool2d, Bottleneck, ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn

from trainables.data.source import Images
from trainables.errors import UserError
from trainables.last_block import run_at

# Images that go through the encoder together when nothing is trained.
_IMAGES_PER_CHUNK = {"cpu": 128, "cuda": 512}


class ImageEncoder(nn.Module):
    """The image tower of an open_clip model, with the normalization of its pixels.

    Args:
        tower: of open_clip's classes. It is copied: training this encoder leaves the model as it
            is.
        mean: of each channel, which is taken off pixels in 0..1.
        std: of each channel, which divides them then.

    Attributes:
        image_size: height and width of the images it takes, in pixels.

    Raises:
        UserError: the tower is of another kind, gives more than an embedding, or its images are not
            square.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, tower: Any) -> None:
        super().__init__()
        name = type(tower).__name__
        if not isinstance(tower, VisionTransformer | ModifiedResNet | TimmModel):
            raise UserError(
                f"the image encoder {name} is not one that can be defended: choose a model with a "
                "vision transformer, a CLIP ResNet or a timm tower, such as ViT-B-32 or RN50."
            )
        if getattr(tower, "output_tokens", False):
            raise UserError(
                f"the image encoder {name} gives tokens beside the embedding: choose a plain CLIP."
            )
        size = tower.image_size
        height, width = (size, size) if isinstance(size, int) else size
        if height != width:
            raise UserError(
                f"the image encoder {name} takes images of {height} x {width} pixels: only square "
                "ones can carry faces here."
            )
        self.image_size = int(height)
        self.tower = copy.deepcopy(tower).to(memory_format=torch.channels_last)
        # Not isinstance: a subclass may compute something else.
        self._is_resnet = type(tower) is ModifiedResNet
        self._is_transformer = type(tower) is VisionTransformer and _is_plain(tower)
        for what in ("mean", "std"):
            values = torch.tensor(getattr(tower, f"image_{what}"), dtype=torch.float32)
            self.register_buffer(what, values.view(1, 3, 1, 1), persistent=False)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode images.

        Args:
            pixels: (batch, 3, image_size, image_size) float in 0..1.

        Returns:
            (batch, embed_dim) embeddings, not normalised.
        """
        x_bchw = (pixels - self.mean) / self.std
        x_bchw = x_bchw.contiguous(memory_format=torch.channels_last)
        if self._is_transformer:
            return _run_transformer(self.tower, x_bchw)
        if self._is_resnet:
            return _run_resnet(self.tower, x_bchw)
        return cast(Tensor, self.tower(x_bchw))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mean.device


def _is_plain(tower: Any) -> bool:
    """Tell whether only the class token of the last block is read."""
    return tower.attn_pool is None and tower.pool_type == "tok" and tower.transformer.batch_first


def _run_transformer(tower: Any, x_bchw: Tensor) -> Tensor:
    x_bld = tower._embeds(x_bchw)
    *blocks, last = tower.transformer.resblocks
    for block in blocks:
        x_bld = block(x_bld)
    first = torch.zeros(len(x_bld), dtype=torch.int64, device=x_bld.device)
    x_bd = tower.ln_post(run_at(last, x_bld, first))
    return cast(Tensor, x_bd if tower.proj is None else x_bd @ tower.proj)


def _run_resnet(tower: ModifiedResNet, x_bchw: Tensor) -> Tensor:
    for number in (1, 2, 3):
        conv, norm = getattr(tower, f"conv{number}"), getattr(tower, f"bn{number}")
        x_bchw = F.relu_(_convolve(conv, norm, x_bchw))
    x_bchw = tower.avgpool(x_bchw)
    for stage in (tower.layer1, tower.layer2, tower.layer3, tower.layer4):
        for block in stage:
            x_bchw = _run_bottleneck(block, x_bchw)
    return _pool(tower.attnpool, x_bchw)


def _run_bottleneck(block: Bottleneck, x_bchw: Tensor) -> Tensor:
    out = F.relu_(_convolve(block.conv1, block.bn1, x_bchw))
    out = block.avgpool(F.relu_(_convolve(block.conv2, block.bn2, out)))
    out = _convolve(block.conv3, block.bn3, out)
    if block.downsample is None:
        return F.relu_(out + x_bchw)
    pool, conv, norm = block.downsample
    return F.relu_(out + _convolve(conv, norm, pool(x_bchw)))


def _convolve(conv: nn.Conv2d, norm: nn.BatchNorm2d, x_bchw: Tensor) -> Tensor:
    """Convolve and normalise in one: the norm's statistics and weights are constants here."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * scale
    weight = conv.weight * scale[:, None, None, None]
    return F.conv2d(x_bchw, weight, shift, conv.stride, conv.padding)


def _pool(pool: AttentionPool2d, x_bchw: Tensor) -> Tensor:
    """Attend from the mean of all places to all places: (batch, embed_dim)."""
    x_lbd = x_bchw.flatten(2).permute(2, 0, 1)
    x_lbd = torch.cat([x_lbd.mean(dim=0, keepdim=True), x_lbd])
    x_lbd = x_lbd + pool.positional_embedding[:, None, :]
    found, _ = F.multi_head_attention_forward(
        query=x_lbd[:1],
        key=x_lbd,
        value=x_lbd,
        embed_dim_to_check=x_lbd.shape[-1],
        num_heads=pool.num_heads,
        in_proj_weight=None,
        in_proj_bias=torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=pool.c_proj.weight,
        out_proj_bias=pool.c_proj.bias,
        training=False,
        need_weights=False,
        use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight,
    )
    return found[0]


def take_image_encoder(clip: nn.Module) -> ImageEncoder:
    """Copy the image encoder out of an open_clip model.

    Raises:
        UserError: the model's image tower is of a kind that cannot be defended.
    """
    return ImageEncoder(clip.visual)


def put_image_encoder(clip: nn.Module, encoder: ImageEncoder) -> None:
    """Put a defended encoder's weights back into a model."""
    cast(nn.Module, clip.visual).load_state_dict(encoder.tower.state_dict())


def to_pixels(images: Images, device: torch.device) -> Tensor:
    """Move pictures to where they are encoded: (num, height, width, 3) uint8 in, NCHW 0..1 out."""
    # A copy, since pools are mapped read-only, which tensors cannot be.
    there = torch.from_numpy(np.array(images)).to(device)
    return there.permute(0, 3, 1, 2).float().div_(255)


def encode_chunks(
    encoder: ImageEncoder, images: Images, chunk_size: int | None = None
) -> Iterator[Tensor]:
    """Encode pictures without gradients, chunk by chunk.

    Args:
        encoder: on any device.
        images: (num_images, image_size, image_size, 3); may be memory-mapped.
        chunk_size: pictures that are encoded together; chosen by the device if left out.

    Yields:
        (chunk, embed_dim) embeddings, not normalised, on the encoder's device.
    """
    chunk = chunk_size or _IMAGES_PER_CHUNK.get(encoder.device.type, 128)
    for first in range(0, len(images), chunk):
        with torch.no_grad():
            yield encoder(to_pixels(images[first : first + chunk], encoder.device))


def encode_images(encoder: ImageEncoder, images: Images, chunk_size: int | None = None) -> Tensor:
    """Encode pictures without gradients as `encode_chunks` does: unit vectors."""
    return F.normalize(torch.cat(list(encode_chunks(encoder, images, chunk_size))), dim=-1)
