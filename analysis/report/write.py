"""Pages as HTML: each holds its scripts, and forbids the browser to load or run anything else."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from analysis.figures.write import vega_scripts
from analysis.numbers import MISSING
from analysis.pages import fill_page
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
    scripts = [vega_scripts(), _own_script()] if page.figures else [_own_script()]
    return _fill("report_page.html", scripts, page=page, commands=commands, made_at=made_at)


def index_html(pages: Sequence[Page], command: str, made_at: str) -> str:
    """Write the overview of all pages.

    Args:
        pages: in the order in which they are listed.
        command: what makes the report, for the shell.
        made_at: when, in words.
    """
    return _fill(
        "report_index.html",
        [_own_script()],
        pages=pages,
        counts={state: sum(page.counts[state] for page in pages) for state in STATES},
        verdicts={each: sum(page.verdicts.counts[each] for page in pages) for each in OUTCOMES},
        command=command,
        made_at=made_at,
    )


def _fill(template: str, scripts: Sequence[str], **values: object) -> str:
    hashes = " ".join(map(_hash, scripts))
    return fill_page(template, scripts=scripts, hashes=hashes, signs=SIGNS, **values)


def _own_script() -> str:
    return files("analysis").joinpath("templates/report.js").read_text("utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
