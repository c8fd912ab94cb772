"""Writes Tables 5 to 9 in all formats: `python -m tests.benchmarks.all_tables RESULTS OUT`."""

import sys
from pathlib import Path

from analysis.paper_tables import paper_table
from analysis.render import FORMATS, render
from sweeps.experiments import experiments_of

TABLES = ("table5", "table6", "table7", "table8", "table9")


def write_tables(results: Path, out: Path) -> None:
    experiments = experiments_of(TABLES, results, None)
    for name in TABLES:
        table = paper_table(name, experiments)
        for format_name in FORMATS:
            (out / f"{name}.{format_name}").write_text(render(table, format_name))


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]), Path(sys.argv[2]))
