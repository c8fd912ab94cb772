"""Blocks of panels: one for each setting, side by side as far as a page is wide."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from analysis.figures.style import COLUMN_WIDTH, FONT_SIZES, PAGE_WIDTH

PANELS_IN_ROW = 4
AXIS_WIDTH = 39.5
"""Of labels of up to four signs, in points."""
ASPECT = 0.72
"""Height of a plot by its width, where it is narrow."""
MAX_HEIGHT = 96
_CHARACTER_WIDTH = 4.0

Panel = alt.Chart | alt.LayerChart
Blocks = alt.HConcatChart | alt.VConcatChart


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How a figure's blocks are laid out.

    Attributes:
        columns: blocks in a row.
        panels: of a block.
        is_stacked: whether the panels of a block stand above each other.
        width: of the whole, in points.
        axis_width: what a panel takes beside its plot: labels, ticks, title, space to the next.
        legend_columns: of the legend; 0 chooses by its length.
    """

    columns: int
    panels: int
    is_stacked: bool
    width: float
    axis_width: float = AXIS_WIDTH
    legend_columns: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of each plot, in points."""
        in_row = self.columns * (1 if self.is_stacked else self.panels)
        width = self.width / in_row - self.axis_width
        return round(width, 1), round(min(MAX_HEIGHT, ASPECT * width + 14), 1)


def grid_of(num_blocks: int, num_panels: int, num_together: int) -> Grid:
    """Choose a layout: a single block fills a column of the paper, more of them a page.

    Args:
        num_blocks: of the figure.
        num_panels: of each block.
        num_together: blocks that belong in one row, if there is room.
    """
    if num_blocks == 1:
        return Grid(columns=1, panels=num_panels, is_stacked=True, width=COLUMN_WIDTH)
    columns = max(1, min(num_together, PANELS_IN_ROW // num_panels))
    return Grid(columns=columns, panels=num_panels, is_stacked=False, width=PAGE_WIDTH)


def block(panels: Sequence[Panel], title: str, grid: Grid) -> alt.HConcatChart | alt.VConcatChart:
    """Put the panels of one setting together under its title."""
    across = 1 if grid.is_stacked else len(panels)
    width = across * (grid.size[0] + grid.axis_width)
    lines = textwrap.wrap(title, max(12, int(width / _CHARACTER_WIDTH)))
    shown = {"text": lines, "fontSize": FONT_SIZES["normal"], "lineHeight": 10}
    place = below if grid.is_stacked else beside
    return place(panels, spacing=6, **({"title": shown} if lines else {}))


def arrange(blocks: Sequence[Blocks], grid: Grid) -> alt.VConcatChart:
    """Put blocks into rows, under one legend."""
    parts = [blocks[i : i + grid.columns] for i in range(0, len(blocks), grid.columns)]
    # A row of one block is that block: what is nested too deeply cannot be written as PDF.
    rows = [part[0] if len(part) == 1 else beside(part, spacing=8) for part in parts]
    return below(rows, spacing=8)


def layered(layers: Sequence[alt.Chart], grid: Grid) -> alt.LayerChart:
    """Put layers above each other, of the size of a grid's panels."""
    chart = alt.LayerChart(width=grid.size[0], height=grid.size[1])
    chart.layer = list(layers)
    return chart


def beside(charts: Sequence[Panel | Blocks], **properties: Any) -> alt.HConcatChart:
    """Put charts beside each other."""
    # Given to the constructor, they would all be copied, once more at each level of a figure.
    chart = alt.HConcatChart(**properties)
    chart.hconcat = list(charts)
    return chart


def below(charts: Sequence[Panel | Blocks], **properties: Any) -> alt.VConcatChart:
    """Put charts below each other."""
    chart = alt.VConcatChart(**properties)
    chart.vconcat = list(charts)
    return chart
