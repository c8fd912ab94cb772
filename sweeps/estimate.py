"""How long a trial will take, told from trials like it that have finished."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

# Trials that differ in none of these and only in num_names take times that lie on a line.
_LIKE = (
    "encoder", "model", "num_steps", "clean_batch_size", "backdoor_batch_size",
    "num_eval_captions", "num_attack_images", "num_candidates", "num_eval_images",
    "image_num_steps", "image_clean_batch_size", "image_backdoor_batch_size",
)  # fmt: skip


class Estimator:
    """Learns durations and predicts them."""

    def __init__(self) -> None:
        self._durations: dict[tuple[Any, ...], dict[int, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, config: Mapping[str, Any], duration_s: float) -> None:
        """Learn how long a trial took."""
        self._durations[_kind(config)][config["num_names"]].append(duration_s)

    def predict(self, config: Mapping[str, Any]) -> float | None:
        """Predict how long a trial will take; None if nothing like it has run."""
        by_names = self._durations.get(_kind(config))
        if not by_names:
            return None
        means = {names: sum(times) / len(times) for names, times in by_names.items()}
        return _on_line(means, config["num_names"])

    def total(self, configs: Iterable[Mapping[str, Any]]) -> tuple[float, int]:
        """Sum predictions up: the seconds, and how many trials nothing is known of."""
        predictions = [self.predict(config) for config in configs]
        known = [seconds for seconds in predictions if seconds is not None]
        return sum(known), len(predictions) - len(known)


def _kind(config: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(config.get(name) for name in _LIKE)


def _on_line(means: Mapping[int, float], names: int) -> float:
    if names in means or len(means) == 1:
        return means.get(names, next(iter(means.values())))
    count = len(means)
    mean_names = sum(means) / count
    mean_time = sum(means.values()) / count
    covariance = sum((n - mean_names) * (time - mean_time) for n, time in means.items())
    slope = covariance / sum((n - mean_names) ** 2 for n in means)
    return max(mean_time + slope * (names - mean_names), min(means.values()) / 2)
