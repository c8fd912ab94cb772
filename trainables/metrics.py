"""The one table of metrics: every name that a trial reports, and what readers need to know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from trainables.config import IMAGE_PREFIX

Unit = Literal["share", "similarity", "seconds", "loss", "count", "joules"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a number means.

    Attributes:
        name: its key in records, MLflow and frames.
        label: its heading in plain text.
        latex: its heading in LaTeX.
        unit: a share is printed in per cent; a similarity is a cosine.
        higher_is_better: None where neither is.
        needs_images: whether it can only be measured with images of people or classes.
        help: one sentence.
    """

    name: str
    label: str
    latex: str
    unit: Unit
    higher_is_better: bool | None
    needs_images: bool
    help: str


def _metric(
    name: str,
    label: str,
    unit: Unit,
    higher_is_better: bool | None,
    text: str,
    *,
    latex: str = "",
    needs_images: bool = False,
) -> Metric:
    return Metric(
        name=name,
        label=label,
        latex=latex or label,
        unit=unit,
        higher_is_better=higher_is_better,
        needs_images=needs_images,
        help=text,
    )


_ATTACK = [
    _metric(
        "idia_tpr_before",
        "IDIA TPR before",
        "share",
        None,
        "Share of the unlearned people whom the attack infers on the original model.",
        needs_images=True,
    ),
    _metric(
        "idia_tpr",
        "IDIA TPR",
        "share",
        False,
        "Share of the unlearned people whom the attack still infers.",
        needs_images=True,
    ),
    _metric(
        "idia_fnr",
        "IDIA FNR",
        "share",
        True,
        "1 - IDIA TPR: share of the unlearned people whom the attack misses.",
        needs_images=True,
    ),
    _metric(
        "num_leaking_templates_before",
        "Leaking templates before",
        "count",
        None,
        "Templates that give an unlearned person's name away on the original model, of 21.",
        needs_images=True,
    ),
    _metric(
        "num_leaking_templates",
        "Leaking templates",
        "count",
        False,
        "Templates that still give an unlearned person's name away, of 21; the attack infers a "
        "person by one.",
        needs_images=True,
    ),
    _metric(
        "others_tpr_before",
        "Others' TPR before",
        "share",
        None,
        "Share of the other members whom the attack infers on the original model.",
        needs_images=True,
    ),
    _metric(
        "others_tpr",
        "Others' TPR",
        "share",
        True,
        "Share of the other members whom the attack infers after unlearning.",
        needs_images=True,
    ),
    _metric(
        "wrongfully_forgotten",
        "Wrongfully forgotten",
        "share",
        False,
        "Share of everyone else who was inferred before and is not after.",
        needs_images=True,
    ),
    _metric(
        "newly_recalled",
        "Newly recalled",
        "share",
        False,
        "Share of everyone else who was not inferred before and is after.",
        needs_images=True,
    ),
    _metric(
        "all_tpr",
        "TPR of all",
        "share",
        None,
        "Share of all members, unlearned or not, whom the attack infers after unlearning.",
        needs_images=True,
    ),
    _metric(
        "non_members_rate_before",
        "Non-members before",
        "share",
        None,
        "Share of the people never seen in training whom the attack infers on the original.",
        needs_images=True,
    ),
    _metric(
        "non_members_rate",
        "Non-members",
        "share",
        False,
        "Share of the people never seen in training whom the attack infers after unlearning.",
        needs_images=True,
    ),
]
_SIMILARITY = [
    _metric(
        "sim_clean",
        "Sim Clean",
        "similarity",
        True,
        "Cosine of original and defended embedding of generic captions or images (Eq. 2).",
        latex=r"Sim\textsubscript{Clean}",
    ),
    _metric(
        "sim_backdoor",
        "Sim Backdoor",
        "similarity",
        True,
        "Cosine of the defended embedding with name and with neutral term, or of faces and target "
        "(Eq. 3).",
        latex=r"Sim\textsubscript{Backdoor}",
    ),
    _metric(
        "sim_target",
        "Sim Target",
        "similarity",
        True,
        "Cosine of original and defended embedding with the neutral term, or of pictures of people "
        "(Eq. 4).",
        latex=r"Sim\textsubscript{Target}",
    ),
]
_UTILITY = [
    _metric(
        "zeroshot_top1_before",
        "Top-1 before",
        "share",
        None,
        "Zero-shot top-1 accuracy of the original model.",
        needs_images=True,
    ),
    _metric(
        "zeroshot_top5_before",
        "Top-5 before",
        "share",
        None,
        "Zero-shot top-5 accuracy of the original model.",
        needs_images=True,
    ),
    _metric(
        "zeroshot_top1",
        "Top-1",
        "share",
        True,
        "Zero-shot top-1 accuracy after unlearning.",
        needs_images=True,
    ),
    _metric(
        "zeroshot_top5",
        "Top-5",
        "share",
        True,
        "Zero-shot top-5 accuracy after unlearning.",
        needs_images=True,
    ),
]
_LOSS = [
    _metric("loss", "Loss", "loss", False, "The whole loss at the last step (Eq. 1)."),
    _metric(
        "loss_clean",
        "Clean term",
        "loss",
        False,
        "Minus the mean cosine on the clean batch at the last step.",
    ),
    _metric(
        "loss_backdoor",
        "Backdoor term",
        "loss",
        False,
        "Minus the mean cosine on the backdoor batch at the last step.",
    ),
    _metric(
        "weight_distance",
        "Weight distance",
        "loss",
        False,
        "Sum over tensors of the L2 distance to the original weights at the last step.",
    ),
]
_SIZE = [
    _metric(
        "num_parameters",
        "Parameters",
        "count",
        None,
        "Parameters of the defended encoder as the ECAI paper counts them (Tables 1 and 4): of "
        "text the transformer's blocks, of images the whole tower.",
    ),
]
_DURATION = [
    _metric("prepare_s", "Preparation", "seconds", False, "Drawing batches and their targets."),
    _metric("train_s", "Training", "seconds", False, "The optimizer's steps."),
    _metric("attack_s", "Attack", "seconds", False, "The identity inference attack."),
    _metric("similarity_s", "Similarities", "seconds", False, "The three similarities."),
    _metric("zeroshot_s", "Zero-shot", "seconds", False, "Zero-shot classification."),
    _metric("trial_s", "Trial", "seconds", False, "The whole trial."),
]
_ENERGY = [
    _metric(
        "energy_j",
        "Energy",
        "joules",
        False,
        "What the trial's GPU used, or without one the CPUs; known only where their counters tell "
        "and nothing else shares them.",
    ),
]


def _of_image(metric: Metric) -> Metric:
    """Give the metric of the image encoder where both are defended."""
    return replace(
        metric,
        name=IMAGE_PREFIX + metric.name,
        label=f"Image {metric.label}",
        latex=f"Image {metric.latex}",
        help=f"{metric.help} Of the image encoder, where both are defended.",
    )


_PER_ENCODER = [*_SIMILARITY, *_LOSS, *_SIZE]

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        *_ATTACK,
        *_SIMILARITY,
        *map(_of_image, _SIMILARITY),
        *_UTILITY,
        *_LOSS,
        *map(_of_image, _LOSS),
        *_SIZE,
        *map(_of_image, _SIZE),
        *_DURATION,
        *_ENERGY,
    ]
}
"""Every metric of a finished trial, by name, in the order in which tables show them."""


BUILTIN_TASK = "scenes"
"""The zero-shot task of the built-in world, whose metrics have no name before them."""
_TASK_LABELS = {
    "imagenet-v2": "ImageNet-V2",
    "imagenet": "ImageNet",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "sun397": "SUN397",
    "flowers102": "Flowers-102",
    "identities": "Identities",
}


def main_task(names: Sequence[str]) -> str | None:
    """Choose the zero-shot task that tables show: ImageNet-V2 as in the papers, else the first."""
    return "imagenet-v2" if "imagenet-v2" in names else next(iter(names), None)


def of_task(task: str, metric: str) -> str:
    """Name a zero-shot metric of one of several tasks, such as `cifar10/zeroshot_top1`."""
    return f"{task}/{metric}"


def find_metric(name: str) -> Metric | None:
    """Look a metric up: one of `METRICS`, or one of those for a zero-shot task."""
    task, _, base = name.rpartition("/")
    metric = METRICS.get(base)
    if metric is None or not task:
        return metric
    if metric not in _UTILITY:
        return None
    label = _TASK_LABELS.get(task, task)
    return replace(
        metric,
        name=name,
        label=f"{label} {metric.label}",
        latex=f"{label} {metric.latex}",
        help=f"{metric.help.removesuffix('.')}, on {label}.",
    )


def metrics_of(encoder: str) -> list[str]:
    """Name the metrics that every trial of an encoder (or `both`) has."""
    of_image = {IMAGE_PREFIX + metric.name for metric in _PER_ENCODER}
    everywhere = [name for name in METRICS if name != "energy_j"]
    return [name for name in everywhere if encoder == "both" or name not in of_image]


CURVE_METRICS = (
    "loss",
    "loss_clean",
    "loss_backdoor",
    "weight_distance",
    "learning_rate",
    "val_sim_clean",
    "val_sim_backdoor",
)
"""What a trial reports while it trains; kept as curves under `train/<name>`.

Of both encoders, those of the image encoder begin with `image_`.
"""
