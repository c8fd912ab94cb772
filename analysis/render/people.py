"""The per-person view in the formats that people and programs read."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.resources import files

import polars as pl
from markupsafe import Markup

from analysis.pages import fill_page
from analysis.people import PeopleView, Setting
from analysis.render.data import DIGITS, strict_json
from analysis.render.markdown import escape, pipe_row
from analysis.render.people_words import (
    CAPTION,
    LINE_HEADS,
    PERSON_HEADS,
    TEMPLATE_CAPTION,
    TEMPLATE_HEADS,
    inferred,
    person_line,
    person_texts,
    prompt_text,
    rest_of,
    summary_of,
    template_texts,
)
from analysis.render.text import GAP, WIDTH, wrapped
from trainables.errors import UserError, did_you_mean
from trainables.evaluation.templates import TEMPLATES

MOST_SHOWN = 30
"""People of a setting in texts for reading; a page has all that are still inferred, data all."""

Texts = tuple[str, ...]


def people_text(view: PeopleView) -> str:
    """Write the view for a terminal."""
    parts = [f"{view.title}: person by person"]
    for setting in view.settings:
        parts += [setting.title, wrapped(" ".join(summary_of(setting)), WIDTH)]
        for heads, rows, rest in _tables(setting, num_templates=1):
            parts.append("\n".join(_aligned(heads, rows)))
            parts += [rest] if rest else []
    parts += [wrapped(words, WIDTH) for words in _closing(view)]
    return "\n\n".join(parts) + "\n"


def people_markdown(view: PeopleView) -> str:
    """Write the view for GitHub."""
    parts = [f"### {escape(view.title)}: person by person"]
    for setting in view.settings:
        parts += [f"**{escape(setting.title)}**", escape(" ".join(summary_of(setting)))]
        for heads, rows, rest in _tables(setting, num_templates=3):
            rule = "|" + "".join(" --- |" if left else " ---: |" for left in _is_text(heads))
            parts.append("\n".join([pipe_row(heads), rule, *map(pipe_row, rows)]))
            parts += [escape(rest)] if rest else []
    parts += [escape(words) for words in _closing(view)]
    return "\n\n".join(parts) + "\n"


def _tables(setting: Setting, num_templates: int) -> list[tuple[Texts, list[Texts], str]]:
    """Give heads, rows and who is not listed; no table of people where nobody is inferred."""
    shown = inferred(setting)[:MOST_SHOWN]
    lines = [person_line(person, num_templates) for person in shown]
    people = (LINE_HEADS, lines, rest_of(setting, len(shown)))
    templates = (TEMPLATE_HEADS, [template_texts(each) for each in setting.templates], "")
    return [people, templates] if shown else [templates]


def _is_text(heads: Texts) -> list[bool]:
    """Say which columns hold words: the first, and whom templates give away."""
    return [head in (heads[0], LINE_HEADS[-1]) for head in heads]


def _closing(view: PeopleView) -> list[str]:
    captions = [CAPTION, TEMPLATE_CAPTION] if view.settings else []
    return [*captions, *(f"Note: {note}" for note in view.notes)]


def _aligned(heads: Texts, rows: Sequence[Texts]) -> list[str]:
    columns = zip(heads, *rows, strict=True)
    padded = [
        [f"{cell:{'<' if left else '>'}{max(map(len, column))}}" for cell in column]
        for column, left in zip(columns, _is_text(heads), strict=True)
    ]
    return [GAP.join(line).rstrip() for line in zip(*padded, strict=True)]


def people_fragment(view: PeopleView) -> str:
    """Write the view as a part of a page: headings of the third level, sortable tables."""
    return fill_page(
        "people.html",
        view=view,
        captions=(CAPTION, TEMPLATE_CAPTION),
        person_heads=PERSON_HEADS,
        template_heads=TEMPLATE_HEADS,
        summary_of=summary_of,
        inferred=inferred,
        rest_of=rest_of,
        person_texts=person_texts,
        template_texts=template_texts,
    )


def people_page(view: PeopleView) -> str:
    """Write the view as a page that needs nothing else."""
    script = files("analysis").joinpath("templates/report.js").read_text("utf-8")
    return fill_page(
        "people_page.html",
        title=f"{view.title}: person by person",
        fragment=Markup(people_fragment(view)),
        scripts=[script],
        hashes="'unsafe-inline'",
    )


def people_frame(view: PeopleView) -> pl.DataFrame:
    """Give a row for each setting and person.

    Returns:
        The setting's keys; person, num_trials, num_inferred, share, low, high, templates_before,
        templates_after; and, by the prompt, in how many trials each template still names them.
    """
    rows = [
        setting.keys
        | {
            "person": person.label,
            "num_trials": person.num_trials,
            "num_inferred": person.num_inferred,
            "share": person.share,
            "low": person.interval.low,
            "high": person.interval.high,
            "templates_before": person.templates_before,
            "templates_after": person.templates_after,
        }
        | dict(zip(map(prompt_text, TEMPLATES), person.leaks, strict=True))
        for setting in view.settings
        for person in setting.people
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))


def people_csv(view: PeopleView) -> str:
    """Write one line for each setting and person; see `people_frame`."""
    return people_frame(view).write_csv()


def people_json(view: PeopleView) -> str:
    """Write all that the view knows as strict JSON."""
    content = asdict(view)
    for written, setting in zip(content["settings"], view.settings, strict=True):
        written |= {"num_never": setting.num_never, "num_always": setting.num_always}
    return strict_json(content)


PEOPLE_FORMATS: dict[str, Callable[[PeopleView], str]] = {
    "text": people_text,
    "md": people_markdown,
    "html": people_page,
    "csv": people_csv,
    "json": people_json,
}


def check_people_format(format_name: str) -> str:
    """Give the name of a format back.

    Raises:
        UserError: there is no such format.
    """
    if format_name not in PEOPLE_FORMATS:
        hint = did_you_mean(format_name, PEOPLE_FORMATS)
        raise UserError(f"unknown format {format_name!r} of the per-person view: {hint}")
    return format_name
