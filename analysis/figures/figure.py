"""What a figure is, as data: a chart, the words under it, and the numbers behind it."""

from dataclasses import dataclass

import polars as pl
from altair.typing import ChartType


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """A figure that knows all that a page around it shows.

    Attributes:
        name: the stem of its files.
        title: a heading.
        caption: what is shown: over how many seeds, what a band means, what is missing.
        chart: styled, with a description for those who cannot see it.
        data: the numbers that are drawn, to be downloaded.
    """

    name: str
    title: str
    caption: str
    chart: ChartType
    data: pl.DataFrame
