"""What a finished trial tells: its numbers, and what became of each person it unlearned."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PersonOutcome:
    """What the attack learns of a person who was unlearned.

    Attributes:
        person: a pseudonym, or the name where the person is invented.
        before: the templates that give the right name on the original model: bit i of the number
            is template i of `trainables.evaluation.templates.TEMPLATES`.
        after: likewise on the defended model. A person is inferred where any bit is set.
    """

    person: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The end of a trial.

    Attributes:
        metrics: by the names of `trainables.metrics.METRICS`.
        people: those who were unlearned, in the order in which they were drawn.
    """

    metrics: dict[str, float]
    people: tuple[PersonOutcome, ...]
