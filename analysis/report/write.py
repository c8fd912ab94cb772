"""Pages as HTML: each holds its scripts, and forbids the browser to load or run anything else."""

from collections.abc import Sequence

from analysis.figures.write import vega_scripts
from analysis.numbers import MISSING
from analysis.pages import fill_scripted
from analysis.render.cells import VERDICTS
from analysis.report.page import Page
from analysis.report.trials import STATES
from analysis.report.verdicts import OUTCOMES

Commands = Sequence[tuple[str, str]]
"""What each makes, and the command for the shell."""
SIGNS: dict[str, str] = {
    "finished": "✓", "failed": "✕", "running": "…", "missing": "·",
    "not yet run": MISSING,
} | VERDICTS  # fmt: skip
"""For each state and outcome one that reads in black and white; of outcomes, those of tables."""


def page_html(page: Page, commands: Commands, made_at: str) -> str:
    """Write the page of an experiment.

    Args:
        page: what it shows.
        commands: what makes each part again.
        made_at: when, in words.
    """
    return fill_scripted(
        "report_page.html",
        [vega_scripts()] if page.figures else [],
        page=page,
        commands=commands,
        made_at=made_at,
        signs=SIGNS,
    )


def index_html(pages: Sequence[Page], command: str, made_at: str) -> str:
    """Write the overview of all pages.

    Args:
        pages: in the order in which they are listed.
        command: what makes the report, for the shell.
        made_at: when, in words.
    """
    return fill_scripted(
        "report_index.html",
        pages=pages,
        counts={state: sum(page.counts[state] for page in pages) for state in STATES},
        verdicts={each: sum(page.verdicts.counts[each] for page in pages) for each in OUTCOMES},
        command=command,
        made_at=made_at,
        signs=SIGNS,
    )
