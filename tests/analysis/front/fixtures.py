"""Searches that nobody ran, with candidates whose results are known."""

import optuna

from analysis.front.candidates import Candidate
from analysis.front.importance import importances_of, scales_of
from analysis.front.searched import Bound, Goal, Scale, Searched

OTHERS = Goal(metric="others_tpr", maximize=True)
CLEAN = Goal(metric="sim_clean", maximize=True)
TIME = Goal(metric="trial_s", maximize=False)
TPR_0 = Bound(metric="idia_tpr", high=0.0)


def candidate(number, others=None, clean=None, **changes):
    """A complete, feasible candidate, judged on three seeds."""
    given = {"others_tpr": others, "sim_clean": clean, "idia_tpr": 0.0, "trial_s": 2.0 + number}
    mean = {name: value for name, value in given.items() if value is not None}
    fields = {
        "params": {"alpha": 1.0 + number, "lr_schedule": "constant"},
        "mean": mean,
        "std": dict.fromkeys(mean, 0.01),
        "n": 3,
        "feasible": True,
    }
    return Candidate(number=number, **(fields | changes))


def searched(candidates, **changes):
    """A search with two objectives and a constraint."""
    fields = {
        "name": "try",
        "description": "How much privacy for how much utility",
        "sampler": "tpe",
        "goals": (OTHERS, CLEAN),
        "bounds": (TPR_0,),
        "seeds": (0, 1, 2),
        "confirmation_seeds": tuple(range(10, 20)),
        "num_asked": 8,
        "scales": (
            Scale(name="alpha", low=0.5, high=32.0, log=True),
            Scale(name="lr_schedule", choices=("constant", "step")),
            Scale(name="lr_factor", low=0.05, high=0.5),
        ),
        "candidates": tuple(candidates),
    }
    return Searched(**(fields | changes))


EIGHT = (
    candidate(0, 0.90, 0.99),
    candidate(1, 0.95, 0.95),
    candidate(2, 0.96, 0.98, params={"alpha": 4.0, "lr_schedule": "step", "lr_factor": 0.3}),
    candidate(3, 0.94, 0.97),
    candidate(4, 0.99, 0.99, feasible=False),
    candidate(5, state="failed", mean={}, std={}, n=0, feasible=False),
    candidate(6, 1.0, 0.90),
    candidate(7, state="running", mean={}, std={}, n=0, feasible=False),
)
"""The front is 6, 2, 0, and 2 is its knee."""


def study_of(objective, num_trials=40, sampler=None, directions=("minimize",)):
    """A study in memory, of which an objective was asked."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = sampler or optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(directions=list(directions), sampler=sampler)
    study.optimize(objective, n_trials=num_trials)
    return study


def drawn(num_trials=40, sampler=None, **changes):
    """A search over a real study in memory, in which alpha trades one objective for the other."""

    def objective(trial):
        alpha = trial.suggest_float("alpha", 0.1, 32.0, log=True)
        trial.suggest_float("beta", 0.0, 0.1)
        share = (alpha / 32.0) ** 0.25
        return 1.0 - 0.2 * share, 0.9 + 0.1 * share - 0.3 * trial.params["beta"]

    study = study_of(objective, num_trials, sampler, ("maximize", "maximize"))
    candidates = tuple(
        candidate(trial.number, *trial.values, params=trial.params) for trial in study.trials
    )
    return searched(
        candidates,
        num_asked=num_trials,
        scales=scales_of(study.trials[0].distributions),
        importances=importances_of(study, candidates, (OTHERS, CLEAN)),
        **changes,
    )
