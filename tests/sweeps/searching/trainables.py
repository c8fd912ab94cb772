"""Trials that come to numbers by formulas, for searches."""

import time
from pathlib import Path
from typing import Any

from sweeps.searching.spec import Search, search_from
from tests.sweeps.fakes import Noop
from trainables.metrics import METRICS

CONTENT: dict[str, Any] = {
    "name": "formula",
    "preset": "builtin",
    "fixed": {"encoder": "text", "num_names": 1},
    "space": {
        "alpha": {"low": 0.1, "high": 10.0, "log": True},
        "num_steps": {"low": 100, "high": 400, "step": 100},
    },
    "objectives": ["sim_clean", "others_tpr"],
    "constraints": {"idia_tpr": {"max": 0.0}},
    "sampler": "random",
    "num_candidates": 4,
    "seeds": [0, 1, 2],
}


def search(**changes: Any) -> Search:
    """Read a search by formulas."""
    return search_from(CONTENT | changes, "here")


def measure(fields: dict[str, Any]) -> dict[str, float]:
    """Give the numbers of a trial: alpha trades what is forgotten for what is kept."""
    shift = fields["seed"] / 100
    return dict.fromkeys(METRICS, 0.5) | {
        "idia_tpr": float(fields["alpha"] < 0.3),
        "sim_clean": 1 / (1 + fields["alpha"]) - shift,
        "others_tpr": fields["alpha"] / (1 + fields["alpha"]) - shift,
    }


class Formula(Noop):
    """Finishes at once, with numbers by formula; writes down that it started; one may hang."""

    def setup(self, config: dict[str, Any], jobs: dict[str, Any], shared: dict[str, Any]) -> None:
        super().setup(config, jobs, shared)
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.fields = new_config["trial"]
        return super().reset_config(new_config)

    def step(self) -> dict[str, Any]:
        started = Path(self.shared["started"])
        with started.open("a") as file:
            file.write(f"{self.key}\n")
        if len(started.read_text().splitlines()) == self.shared.get("hangs_at"):
            time.sleep(3600)
        return self.finished()

    def finished(self) -> dict[str, Any]:
        result = super().finished()
        result["outcome"]["metrics"] = measure(self.fields)
        return result


class Diverging(Formula):
    """Fails on its second seed."""

    def step(self) -> dict[str, Any]:
        if self.fields["seed"] == 1:
            return {"done": True, "outcome": {"status": "failed", "error": "the loss became nan"}}
        return super().step()


class Reporting(Formula):
    """Reports eight times before it is over; with a greater alpha it does worse all along."""

    def step(self) -> dict[str, Any]:
        self.num_steps += 1
        if self.num_steps > 8:
            return self.finished()
        report = {"step": self.num_steps, "num_steps": 8, "val_sim_clean": 1 / self.fields["alpha"]}
        return {**report, "done": False}
