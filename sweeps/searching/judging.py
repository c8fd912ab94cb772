"""The trials of a search: candidates are asked for when there is room, and judged on all seeds."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import optuna

from sweeps.cluster import Slots
from sweeps.events import SweepEvent, TrialEvent
from sweeps.searching.board import SearchBoard
from sweeps.searching.candidates import trials_of
from sweeps.searching.known import Ended, Known, ended_of
from sweeps.searching.needs import needed_trials
from sweeps.searching.spec import Search
from sweeps.searching.study import Outcome, ask, candidates_of, tell
from sweeps.trials import Fingerprints, Trial
from trainables.config import trial_key
from trainables.errors import UserError


@dataclass
class _Judged:
    """A candidate on its way through its seeds."""

    number: int
    trials: Sequence[Trial]
    ended: dict[str, Ended] = field(default_factory=dict)

    def waiting(self) -> list[Trial]:
        """List the trials that have not ended; the first that fails or is stopped decides."""
        if self._lost:
            return []
        return [trial for trial in self.trials if trial.key not in self.ended]

    def outcome(self) -> Outcome:
        """Say what has become of it."""
        if self._lost:
            return "pruned" if self._lost[0].kind == "pruned" else "failed"
        return {trial.config.seed: self.ended[trial.key].metrics for trial in self.trials}

    @property
    def error(self) -> str:
        """Why it failed."""
        return self._lost[0].error if self._lost else ""

    @property
    def _lost(self) -> list[Ended]:
        return [ended for ended in list(self.ended.values()) if ended.kind != "finished"]


class CandidateWork:
    """Asks a study for candidates and tells it how they do; the work of a run.

    It asks only when a trial can start: each candidate should know of as many as possible.
    """

    known: Sequence[Trial] = ()
    """None: each trial comes with its settings."""

    def __init__(
        self,
        search: Search,
        study: optuna.Study,
        known: Known,
        fingerprints: Fingerprints,
        board: SearchBoard,
        *,
        may_grow: bool = False,
    ) -> None:
        """Take up what an earlier run left.

        Args:
            search: what to look for.
            study: of the search.
            known: trials that need not run.
            fingerprints: tells what the weights and the data of a trial are.
            board: told how candidates stand.
            may_grow: whether the cluster makes room for trials that wait.

        Raises:
            UserError: candidates could need more assets than can be built.
        """
        self.configs = needed_trials(search)
        self._search = search
        self._study = study
        self._known = known
        self._fingerprints = fingerprints
        self._board = board
        self._may_grow = may_grow
        self._room: int | None = 1
        self._open: dict[int, _Judged] = {}
        self._trials: dict[str, Trial] = {}
        self._running: set[str] = set()
        candidates = candidates_of(study)
        self._left = [candidate for candidate in candidates if candidate.state == "running"]
        self._num_asked = len(candidates)
        board.update(candidates)
        board.num_trials_left = lambda: self.num_trials_left

    @property
    def is_over(self) -> bool:
        """Whether all candidates have been judged."""
        return not self._open and self._has_asked_all

    @property
    def _has_asked_all(self) -> bool:
        return not self._left and self._num_asked >= self._search.num_candidates

    @property
    def num_trials_left(self) -> int:
        """How many trials are to come, those that run included, if none fails."""
        to_ask = max(0, self._search.num_candidates - self._num_asked) + len(self._left)
        open_ = sum(len(candidate.waiting()) for candidate in list(self._open.values()))
        return open_ + to_ask * len(self._search.seeds)

    def trial(self, key: str) -> Trial:
        """Give a trial that was handed out."""
        return self._trials[key]

    def find_trial(self) -> Trial | None:
        """Find a trial to run; candidates whose trials are all known are told on the way."""
        while (trial := self._startable()) is None:
            if self._has_asked_all:
                return None
            self._ask()
        return trial

    def next(self) -> Trial | None:
        """Hand out a trial; None while there is no room, or nothing to run."""
        if self._room is not None and len(self._running) >= self._room:
            return None
        trial = self.find_trial()
        if trial is not None:
            self._trials[trial.key] = trial
            self._running.add(trial.key)
        return trial

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """Take in how a trial ended."""
        ended = ended_of(event)
        if ended is None:
            return
        self._running.discard(trial.key)
        self._known.add(trial.key, ended)
        for candidate in list(self._open.values()):
            if any(trial.key == own.key for own in candidate.trials):
                candidate.ended[trial.key] = ended
                self._settle(candidate)

    def event(self, provenance: Mapping[str, Any]) -> SweepEvent:
        """Say for the journal what is searched for, and which trials that has come to.

        Trials that were stopped, or are not worth it any more, are none of them.
        """
        keys: dict[str, None] = {}
        for candidate in candidates_of(self._study):
            with suppress(UserError):
                for trial in self._trials_of(candidate.params):
                    ended = self._known.find(trial.key)
                    is_over = ended is not None and ended.kind != "pruned"
                    if is_over or candidate.state == "running":
                        keys[trial.key] = None
        return SweepEvent(
            sweep=self._search.to_dict(),
            trial_keys=tuple(keys),
            at=time.time(),
            provenance=dict(provenance),
        )

    def tune_options(self, slots: Slots) -> dict[str, Any]:
        """Let Tune ask for one trial after the other."""
        from sweeps.searching.searcher import TrialSearcher, scheduler_of

        self._room = slots.limit if self._may_grow else slots.count
        options: dict[str, Any] = {
            "search_alg": TrialSearcher(self.next, lambda: self._is_handed_out),
            "num_samples": -1,
            "trial_dirname_creator": lambda trial: trial.trial_id,
        }
        if self._search.prune is not None:
            options["scheduler"] = scheduler_of(self._search.prune)
        return options

    @property
    def _is_handed_out(self) -> bool:
        return self._has_asked_all and self._startable() is None

    def _startable(self) -> Trial | None:
        for candidate in self._open.values():
            for trial in candidate.waiting():
                # One that is the trial of two candidates runs once.
                if trial.key not in self._running:
                    return trial
        return None

    def _ask(self) -> None:
        """Take the next candidate: one that a run left, or a new one."""
        if self._left:
            left = self._left.pop(0)
            number, params = left.number, left.params
        else:
            number, params = ask(self._study, self._search)
            self._num_asked += 1
        try:
            trials = self._trials_of(params)
        except UserError as error:  # a driver was killed before it could tell that
            tell(self._study, number, "failed", str(error))
            return
        found = {trial.key: self._known.find(trial.key) for trial in trials}
        ended = {key: how for key, how in found.items() if how is not None}
        self._open[number] = candidate = _Judged(number, trials, ended)
        self._settle(candidate)

    def _trials_of(self, params: Mapping[str, Any]) -> list[Trial]:
        configs = trials_of(self._search, params)
        return [
            Trial(trial_key(config, self._fingerprints(config)), config, (self._search.name,))
            for config in configs
        ]

    def _settle(self, candidate: _Judged) -> None:
        """Tell the study of a candidate that has come to its end."""
        if candidate.waiting() or any(trial.key in self._running for trial in candidate.trials):
            return
        del self._open[candidate.number]
        tell(self._study, candidate.number, candidate.outcome(), candidate.error)
        self._board.update(candidates_of(self._study))
