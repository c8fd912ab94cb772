"""What the journal records, and how one record is one line of JSON that proves itself whole."""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trainables.config import TrialConfig, parse
from trainables.outcome import PersonOutcome

Status = Literal["finished", "failed", "retried", "lost", "pruned"]

_SUM_START, _SUM_END, _SUM_DIGITS = b'{"sum":"', b'",', 16
_PREFIX = len(_SUM_START) + _SUM_DIGITS + len(_SUM_END)


class _Record(BaseModel):
    # A loss may be infinite and a mean over nobody is not a number; JSON has words for neither.
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class TrialEvent(_Record):
    """Something that happened to a trial.

    Attributes:
        kind: finished; failed, by its own report or because its worker died too often; retried:
            a failed one is to run again; lost: its worker died and it starts anew; pruned: a
            search stopped it, and it is as unfinished as if it had never run.
        trial_key: which trial.
        sweeps: those that named it in the run that recorded this.
        config: its configuration.
        started_at: when it started, in seconds since 1970.
        ended_at: when this happened.
        duration_s: what the trial itself measured, or the time between the two.
        metrics: the numbers of a finished trial.
        curve: what it reported while it trained, one mapping a report, each with its `step`.
        people: who was unlearned in a finished trial, and what the attack learns of them.
        error: why it failed, one line.
        traceback: where it failed, if that is known.
        step: the optimizer step at which it failed or was stopped.
        worker: the process that ran it: device, threads, host.
        provenance: code and machine of the driver.
    """

    kind: Status
    trial_key: str
    sweeps: tuple[str, ...]
    config: dict[str, Any]
    started_at: float
    ended_at: float
    duration_s: float
    metrics: dict[str, float] = {}
    curve: list[dict[str, float]] = []
    people: tuple[PersonOutcome, ...] = ()
    error: str = ""
    traceback: str = ""
    step: int | None = None
    worker: dict[str, Any] = {}
    provenance: dict[str, Any] = {}

    @property
    def trial(self) -> TrialConfig:
        """The configuration, checked."""
        return parse(self.config)


class SweepEvent(_Record):
    """A sweep or a search was asked for; a search, again, when it comes to its end.

    Attributes:
        kind: always `sweep`.
        sweep: in the form of a spec, overrides included.
        trial_keys: the trials that it names; of a search, those that it has come to so far.
        at: when, in seconds since 1970.
        provenance: code and machine of the driver.
    """

    kind: Literal["sweep"] = "sweep"
    sweep: dict[str, Any]
    trial_keys: tuple[str, ...]
    at: float
    provenance: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self.sweep["name"])

    @property
    def is_search(self) -> bool:
        """Whether its trials are found, not listed."""
        return "space" in self.sweep


Event = Annotated[TrialEvent | SweepEvent, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[TrialEvent | SweepEvent] = TypeAdapter(Event)


def encode(event: TrialEvent | SweepEvent) -> bytes:
    """Write an event as a line: JSON whose first key is the checksum of all that follows it."""
    body = event.model_dump_json(exclude_defaults=False).encode()[1:]
    return _SUM_START + _digest(body) + _SUM_END + body + b"\n"


def decode(line: bytes) -> TrialEvent | SweepEvent:
    """Read a line back.

    Raises:
        ValueError: the line is not whole, or not what this version writes.
    """
    body = line[_PREFIX:].rstrip(b"\n")
    if line[:_PREFIX] != _SUM_START + _digest(body) + _SUM_END:
        raise ValueError("its checksum is wrong")
    try:
        return _ADAPTER.validate_json(b"{" + body)
    except ValidationError as error:
        raise ValueError("another version of the program wrote it") from error


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_SUM_DIGITS].encode()
