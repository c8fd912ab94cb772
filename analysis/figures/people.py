"""The per-person view drawn: people by templates for each setting, and the templates alone."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from analysis.figures.figure import Figure
from analysis.figures.style import FAINT, INK, series_scale, styled
from analysis.numbers import mean_text
from analysis.people import PeopleView, Setting
from analysis.render.people_words import inferred, prompt_text

MOST_PEOPLE = 30
MOST_SETTINGS = 4
"""More maps than these nobody compares; those with the largest share of leaks are drawn."""
_CELL = 14
_ROW = 10
_BAR = 4.5
_BARS_WIDTH = 300


def figures_of_people(view: PeopleView) -> list[Figure]:
    """Draw who is still inferred: a map for each of the worst settings, and bars of templates.

    Where nobody is, there is nothing to draw.
    """
    leaking = [setting for setting in view.settings if inferred(setting)]
    if not leaking:
        return []
    worst = sorted(leaking, key=_leaking_share, reverse=True)[:MOST_SETTINGS]
    shown = [setting for setting in leaking if setting in worst]
    left_out = len(leaking) - len(shown)
    return [
        *(_map(view, setting, number) for number, setting in enumerate(shown, start=1)),
        _bars(view, shown, left_out),
    ]


def _leaking_share(setting: Setting) -> float:
    return setting.concentration.num_cases / setting.num_cases


def _map(view: PeopleView, setting: Setting, number: int) -> Figure:
    people = inferred(setting)[:MOST_PEOPLE]
    rows = [
        {
            "person": person.label,
            "template": prompt_text(template.prompt),
            "share": round(num_leaks / person.num_trials, 6),
            "num_leaks": num_leaks,
            "num_trials": person.num_trials,
        }
        for person in people
        for template, num_leaks in zip(setting.templates, person.leaks, strict=True)
    ]
    frame = pl.DataFrame(rows)
    total = len(inferred(setting))
    which = f"the {len(people)} worst of {total}" if total > len(people) else f"all {total}"
    return Figure(
        name=f"{view.name}-people-{number}",
        title=f"Who is still given away, {setting.title}",
        caption=(
            f"Share of a person's trials after which a template still gives the name, for {which} "
            "people who are inferred after any; who leaks most surely is on top."
        ),
        chart=_heat(frame, setting.title),
        data=frame,
    )


def _heat(frame: pl.DataFrame, title: str) -> alt.Chart:
    people = frame["person"].unique(maintain_order=True).to_list()
    templates = frame["template"].unique(maintain_order=True).to_list()
    colour = alt.Color(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], range=["#FFFFFF", INK]),
        legend=alt.Legend(title="share of trials", format=".0%", values=[0, 0.5, 1],
                          gradientLength=90, gradientThickness=7),
    )  # fmt: skip
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(stroke="#D0D0D0", strokeWidth=0.4)
        .encode(
            x=alt.X("template:N", sort=templates, title=None,
                    axis=alt.Axis(labelAngle=-45, labelLimit=0, ticks=False, domain=False)),
            y=alt.Y("person:N", sort=people, title=None,
                    axis=alt.Axis(labelLimit=0, ticks=False, domain=False)),
            color=colour,
            tooltip=["person", "template", alt.Tooltip("num_leaks", title="trials that leak"),
                     alt.Tooltip("num_trials", title="of")],
        )
        .properties(
            width=_CELL * len(templates),
            height=_ROW * len(people),
            description=f"People by templates, {title}: darker where more trials leak.",
        )
    )  # fmt: skip
    return styled(chart)


def _bars(view: PeopleView, settings: Sequence[Setting], left_out: int) -> Figure:
    frame = pl.DataFrame(
        {
            "setting": setting.title,
            "template": prompt_text(template.prompt),
            "before": round(template.before, 6),
            "after": round(template.after, 6),
        }
        for setting in settings
        for template in setting.templates
    )
    more = f" Not drawn: {left_out} settings in which less leaks." if left_out else ""
    return Figure(
        name=f"{view.name}-templates",
        title="Which templates still give people away",
        caption=(
            "Share of cases, each a person in a trial that unlearned them, in which a template "
            f"still gives the name; on the original model {_range_before(frame)}.{more}"
        ),
        chart=_grouped(frame),
        data=frame,
    )


def _range_before(frame: pl.DataFrame) -> str:
    shares = frame["before"].to_list()
    low, high = (mean_text(share, "share") for share in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


def _grouped(frame: pl.DataFrame) -> alt.Chart:
    settings = frame["setting"].unique(maintain_order=True).to_list()
    templates = frame["template"].unique(maintain_order=True).to_list()
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("after:Q", title="share of cases after unlearning",
                    axis=alt.Axis(format=".1~%", grid=True, gridColor="#E4E4E4", tickCount=5)),
            y=alt.Y("template:N", sort=templates, title=None,
                    scale=alt.Scale(paddingInner=0.25),
                    axis=alt.Axis(labelLimit=0, ticks=False, domainColor=FAINT)),
            yOffset=alt.YOffset("setting:N", sort=settings),
            color=alt.Color("setting:N", title=None, scale=series_scale(settings, "colour"),
                            legend=alt.Legend(columns=1) if len(settings) > 1 else None),
            tooltip=["setting", "template", alt.Tooltip("before", format=".2%"),
                     alt.Tooltip("after", format=".2%")],
        )
        .properties(
            width=_BARS_WIDTH,
            height=len(templates) * (_BAR * len(settings) + 4),
            description="Bars: the share of cases in which each template still gives the name.",
        )
    )  # fmt: skip
    return styled(chart)
