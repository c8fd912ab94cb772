"""One trial from its configuration to its numbers: draw, unlearn, attack, measure."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.assets import Assets
from trainables.config import IMAGE_PREFIX, SingleEncoder, TrialConfig
from trainables.defence.image import ImageDefence, ImageTeacher
from trainables.defence.text import TextDefence, TextTeacher
from trainables.evaluation.idia import AttackOutcome, attack
from trainables.evaluation.zeroshot import accuracy
from trainables.metrics import BUILTIN_TASK, main_task, of_task
from trainables.outcome import Measured
from trainables.unlearning.loop import StepReport

NUM_REPORTS = 8
"""How often the training of an encoder reports, at most."""
# What a trial reports of its last step beside what is measured afterwards.
_FINAL_STATE = ("loss", "loss_clean", "loss_backdoor", "weight_distance")

Defence = TextDefence | ImageDefence


@dataclass(frozen=True)
class Progress:
    """A report from within a trial.

    Attributes:
        step: of the trial; where both encoders are trained, one after the other.
        num_steps: of the trial.
        state: the training's own numbers.
        validation: the similarities on a few samples, cheap enough to stop a bad trial early.
        prefix: put before all names, where it is about the image encoder of two.
    """

    step: int
    num_steps: int
    state: StepReport
    validation: dict[str, float]
    prefix: str = ""

    def flat(self) -> dict[str, float]:
        """Give all numbers by the names of `trainables.metrics.CURVE_METRICS`."""
        numbers = asdict(self.state) | self.validation
        del numbers["step"]
        return {"step": self.step} | _prefixed(numbers, self.prefix)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the training of a trial leaves.

    Attributes:
        unlearned: (n,) the people who were unlearned.
        text: where the text encoder was defended.
        image: where the image encoder was defended.
        numbers: what is known of the last step of each.
    """

    unlearned: NDArray[np.int64]
    text: TextDefence | None
    image: ImageDefence | None
    numbers: dict[str, float]

    @property
    def students(self) -> dict[SingleEncoder, nn.Module]:
        """The defended encoders."""
        found: dict[SingleEncoder, nn.Module] = {}
        if self.text is not None:
            found["text"] = self.text.student
        if self.image is not None:
            found["image"] = self.image.student
        return found


class TrialRunner:
    """Runs trials of one set of assets, one after the other.

    Args:
        assets: shared by the trials.
        device: where to compute.
        label: what people are called in what leaves the worker; by default their names.
    """

    def __init__(
        self, assets: Assets, device: torch.device, label: Callable[[str], str] = str
    ) -> None:
        self._assets = assets
        self._device = device
        self._label = label

    @cached_property
    def _text_teacher(self) -> TextTeacher:
        assert self._assets.text is not None
        return TextTeacher(self._assets.text, self._device)

    @cached_property
    def _image_teacher(self) -> ImageTeacher:
        assert self._assets.image is not None
        return ImageTeacher(self._assets.image, self._device)

    def run(
        self, config: TrialConfig, keep: Callable[[Trained], None] | None = None
    ) -> Iterator[Progress | Measured]:
        """Run a trial.

        Args:
            config: of the trial.
            keep: given the defended encoders of a trial that came to its end.

        Yields:
            A few reports while the students train; at last what the finished trial measured.

        Raises:
            UserError: the configuration cannot be run on these assets.
            TrialFailedError: the training diverged.
        """
        started = time.perf_counter()
        clock = Clock()
        trained = yield from self.train(config, clock)
        text, image = trained.text, trained.image
        outcome = self._attack(text, image, trained.unlearned)
        found = trained.numbers | outcome.metrics()
        clock.lap("attack_s")
        for defence, prefix in _with_prefixes(text, image):
            found |= _prefixed(defence.similarities(), prefix)
        clock.lap("similarity_s")
        found |= self._zeroshot(text, image)
        clock.lap("zeroshot_s")
        found |= clock.laps | {"trial_s": time.perf_counter() - started}
        if keep is not None:
            keep(trained)
        names = [self._assets.people[person] for person in trained.unlearned]
        yield Measured(metrics=found, people=outcome.people([*map(self._label, names)]))

    def train(
        self, config: TrialConfig, clock: "Clock | None" = None
    ) -> Generator[Progress, None, Trained]:
        """Run a trial up to where its students are trained, and measure nothing.

        Args:
            config: of the trial.
            clock: told when a phase ends.

        Yields:
            A few reports while the students train.

        Returns:
            The students.

        Raises:
            UserError: the configuration cannot be run on these assets.
            TrialFailedError: the training diverged.
        """
        clock = clock or Clock()
        unlearned = self._assets.draw_people(config)
        parts = {encoder: config.part(encoder) for encoder in config.encoders}
        num_steps = sum(part.num_steps for part in parts.values())
        text: TextDefence | None = None
        image: ImageDefence | None = None
        found: dict[str, float] = {}
        steps_before = 0
        for encoder, part in parts.items():
            defence: Defence
            if encoder == "text":
                people = self._assets.people
                defence = text = TextDefence(self._text_teacher, part, people, unlearned)
            else:
                defence = image = ImageDefence(self._image_teacher, part, unlearned)
            clock.lap("prepare_s")
            prefix = IMAGE_PREFIX if encoder != config.encoders[0] else ""
            state = None
            for state in defence.train(max(1, -(-part.num_steps // NUM_REPORTS))):
                step = steps_before + state.step
                yield Progress(step, num_steps, state, defence.validate(), prefix)
            assert state is not None
            clock.lap("train_s")
            numbers = {name: getattr(state, name) for name in _FINAL_STATE}
            found |= _prefixed(numbers | {"num_parameters": defence.num_parameters()}, prefix)
            steps_before += part.num_steps
        return Trained(unlearned=unlearned, text=text, image=image, numbers=found)

    def _attack(
        self, text: TextDefence | None, image: ImageDefence | None, unlearned: NDArray[np.int64]
    ) -> AttackOutcome:
        """Attack one CLIP made of the students, and of the teacher where there is no student."""
        assets = self._assets
        names: Iterable[Tensor] = torch.tensor(assets.name_embeddings).to(self._device)
        if text is not None:
            names = text.name_embeddings(assets.candidates)
        images = torch.tensor(assets.attack_embeddings)
        if image is not None:
            images = image.attack_embeddings.reshape(images.shape)
        return AttackOutcome(
            hits_before=assets.hits_before,
            hits_after=attack(names, images),
            is_member=assets.is_member,
            unlearned=unlearned,
        )

    def _zeroshot(self, text: TextDefence | None, image: ImageDefence | None) -> dict[str, float]:
        """Measure all tasks, each under its name, and the main one without as well."""
        found: dict[str, float] = {}
        tasks = self._assets.tasks
        main = main_task([task.name for task in tasks])
        for task in tasks:
            weights = text.class_weights(task) if text else torch.tensor(task.weights)
            images = image.class_embeddings(task) if image else torch.tensor(task.embeddings)
            scores = accuracy(weights, images, torch.tensor(task.labels))
            scores |= {f"{name}_before": value for name, value in task.before.items()}
            found |= scores if task.name == main else {}
            if task.name != BUILTIN_TASK:
                found |= {of_task(task.name, name): value for name, value in scores.items()}
        return found


def _with_prefixes(
    text: TextDefence | None, image: ImageDefence | None
) -> Iterator[tuple[Defence, str]]:
    if text is not None:
        yield text, ""
    if image is not None:
        yield image, IMAGE_PREFIX if text is not None else ""


def _prefixed(numbers: dict[str, float], prefix: str) -> dict[str, float]:
    return {prefix + name: value for name, value in numbers.items()}


class Clock:
    """Measures the phases of a trial; a phase that comes twice is added up."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the phase `name`."""
        now = time.perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self._last
        self._last = now
