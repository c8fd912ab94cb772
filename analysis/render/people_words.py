"""The words and numbers of the per-person view, whatever the format."""

from analysis.numbers import mean_text
from analysis.people import Person, Setting, Template
from trainables.evaluation.templates import TEMPLATES

PERSON_HEADS = (
    "Person", "Trials", "Still inferred", "95% interval", "Templates before", "Templates after",
    "Given away by (trials)",
)  # fmt: skip
LINE_HEADS = ("Person", "Still inferred", "95% interval", "Templates", "Given away by (trials)")
"""In texts, where columns that need not be sorted can share one."""
TEMPLATE_HEADS = ("Template", "Before", "After")
CAPTION = (
    "A person counts in each finished trial that unlearned them, over all seeds and numbers of "
    "names; each pair of a trial and such a person is a case. The attack infers whom at least one "
    f"of {len(TEMPLATES)} templates names. Intervals are Wilson's, as if trials had nothing in "
    "common; who leaks most surely comes first, by the lower end."
)
TEMPLATE_CAPTION = "Share of cases in which a template gives the name, before and after unlearning."
_COUNTED = ("one template", "two", "three or more")


def prompt_text(prompt: str) -> str:
    """Show a prompt, such as `a photo of <NAME>`."""
    return prompt.format("<NAME>")


def summary_of(setting: Setting) -> tuple[str, ...]:
    """Say in a few sentences who is still inferred, and whether they are few."""
    numbers = zip(setting.by_count[1:], _COUNTED, strict=True)
    counted = ", ".join(f"{number:,} by {words}" for number, words in numbers if number)
    people = _count(len(setting.people), "person", "people")
    return (
        f"{people} in {_count(setting.num_trials, 'trial')}; the attack still infers "
        f"{setting.num_never:,} after none of the trials that unlearned them and "
        f"{setting.num_always:,} after each.",
        f"Of {_count(setting.num_cases, 'case')}, it still infers "
        f"{setting.concentration.num_cases:,}{f': {counted}' if counted else ''}.",
        *_concentration(setting),
    )


def _concentration(setting: Setting) -> tuple[str, ...]:
    leaks = setting.concentration
    if leaks.p_value is None:
        return ()
    return (
        f"Half of them fall on {_count(leaks.num_half, 'person', 'people')}; if chance chose "
        f"whom of its people each trial leaves, it would be {leaks.expected_half:.1f} in the mean "
        f"(p = {leaks.p_value:.3f} that chance spreads them as unevenly).",
    )


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def inferred(setting: Setting) -> tuple[Person, ...]:
    """List the people who are still inferred after any trial, worst first."""
    return tuple(person for person in setting.people if person.num_inferred)


def rest_of(setting: Setting, num_shown: int) -> str:
    """Say who is not listed; nothing where all are."""
    more = len(inferred(setting)) - num_shown
    parts = [f"{more} more people who are inferred after some trial"] if more else []
    if num_shown and setting.num_never:
        parts.append(f"{_count(setting.num_never, 'person', 'people')} inferred after none")
    return f"Not listed: {'; '.join(parts)}." if parts else ""


def person_texts(person: Person) -> tuple[str, ...]:
    """Give a person's cells, in the order of `PERSON_HEADS`."""
    return (
        person.label,
        str(person.num_trials),
        f"{person.num_inferred} ({mean_text(person.share, 'share')})",
        _interval(person),
        f"{person.templates_before:.2f}",
        f"{person.templates_after:.2f}",
        _given_away_by(person, 3),
    )


def person_line(person: Person, num_templates: int) -> tuple[str, ...]:
    """Give a person's cells, in the order of `LINE_HEADS`, with the worst templates."""
    share = mean_text(person.share, "share")
    return (
        person.label,
        f"{person.num_inferred} of {person.num_trials} ({share})",
        _interval(person),
        f"{person.templates_before:.2f} → {person.templates_after:.2f}",
        _given_away_by(person, num_templates),
    )


def _interval(person: Person) -> str:
    ends = (person.interval.low, person.interval.high)
    return " to ".join(mean_text(end, "share") for end in ends)


def _given_away_by(person: Person, most: int) -> str:
    leaking = sorted((-number, i) for i, number in enumerate(person.leaks) if number)
    shown = [f"{prompt_text(TEMPLATES[i])} ({-number})" for number, i in leaking[:most]]
    more = len(leaking) - len(shown)
    return ", ".join([*shown, f"+{more}"] if more else shown)


def template_texts(template: Template) -> tuple[str, ...]:
    """Give a template's cells, in the order of `TEMPLATE_HEADS`."""
    shares = (mean_text(share, "share") for share in (template.before, template.after))
    return (prompt_text(template.prompt), *shares)
