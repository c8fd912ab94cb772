import pytest
import torch
from open_clip.transformer import CustomResidualAttentionBlock, ResidualAttentionBlock

from trainables.last_block import run_at

WIDTH, LENGTH, ROWS = 16, 6, 5


class Doubled(ResidualAttentionBlock):
    """A block that does something of its own."""

    def forward(self, *inputs, **more):
        return 2 * super().forward(*inputs, **more)


BLOCKS = {
    "plain": lambda: ResidualAttentionBlock(WIDTH, 4),
    "layer scale": lambda: ResidualAttentionBlock(WIDTH, 4, ls_init_value=0.3),
    "a subclass": lambda: Doubled(WIDTH, 4),
    "another class": lambda: CustomResidualAttentionBlock(WIDTH, 4, qk_norm=True),
}
MASKS = {"no mask": None, "causal": torch.full((LENGTH, LENGTH), -torch.inf).triu(1)}


@pytest.fixture
def inputs():
    generator = torch.manual_seed(0)
    x_bld = torch.randn(ROWS, LENGTH, WIDTH, generator=generator, requires_grad=True)
    return x_bld, torch.tensor([0, 5, 2, 2, 3])


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", BLOCKS)
def test_one_position_is_what_the_whole_block_gives_there(inputs, kind, mask):
    x_bld, positions = inputs
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        block = BLOCKS[kind]().eval()
    rows = torch.arange(ROWS)
    expected = block(x_bld, attn_mask=MASKS[mask])[rows, positions]
    found = run_at(block, x_bld, positions, MASKS[mask])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    sources = [x_bld, *block.parameters()]
    weight = torch.randn(ROWS, WIDTH, generator=torch.manual_seed(2))
    pairs = zip(
        torch.autograd.grad((found * weight).sum(), sources),
        torch.autograd.grad((expected * weight).sum(), sources),
        strict=True,
    )
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_what_comes_after_a_causal_position_does_not_matter(inputs):
    x_bld, positions = inputs
    block = BLOCKS["plain"]().eval()
    cut = run_at(block, x_bld[:, :4], positions.clamp(max=3), MASKS["causal"][:4, :4])
    whole = run_at(block, x_bld, positions.clamp(max=3), MASKS["causal"])
    torch.testing.assert_close(cut, whole, atol=1e-6, rtol=0)
