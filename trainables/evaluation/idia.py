"""The identity inference attack: does the model still put the right name to the face?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.evaluation.templates import TEMPLATES
from trainables.outcome import PersonOutcome
from trainables.text_encoder import TextEncoder, encode_ids
from trainables.tokens import WordTokenizer


def candidate_names(
    people: Sequence[str], random_names: Sequence[str], num_candidates: int
) -> list[str]:
    """List the names that the attack chooses from: the attack set's, filled up with random ones."""
    known = set(people)
    fill = [name for name in dict.fromkeys(random_names) if name not in known]
    return [*people, *fill[: max(0, num_candidates - len(people))]]


def name_embeddings(
    encoder: TextEncoder, tokenizer: WordTokenizer, candidates: Sequence[str]
) -> Iterator[Tensor]:
    """Encode all candidates in each template.

    Yields:
        (num_candidates, embed_dim) unit vectors, for one template after the other.
    """
    for template in TEMPLATES:
        yield encode_ids(encoder, tokenizer.batch([template.format(name) for name in candidates]))


def attack(names: Iterable[Tensor], image_embeddings: Tensor) -> NDArray[np.bool_]:
    """Run the attack on every person.

    Per template, each image predicts the candidate of the highest cosine, and a person's prediction
    is the name predicted most often; a tie for most often is wrong.

    Args:
        names: for each template, (num_candidates, embed_dim) unit vectors of the text encoder; the
            first `num_people` candidates are the people, in order.
        image_embeddings: (num_people, num_images, embed_dim) unit vectors of the image encoder.

    Returns:
        (num_people, num_templates) whether the template gives the person's name. A person is
        inferred when at least tau = 1 does: `.any(axis=1)`.
    """
    num_people, num_images, embed_dim = image_embeddings.shape
    images = image_embeddings.reshape(-1, embed_dim)
    columns = []
    for candidates in names:
        images = images.to(candidates.device)
        predicted = (images @ candidates.T).argmax(dim=1)
        votes = predicted.reshape(num_people, num_images).cpu().numpy()
        columns.append(majority(votes, len(candidates)) == np.arange(num_people))
    return np.stack(columns, axis=1)


def majority(votes: NDArray[np.int64], num_candidates: int) -> NDArray[np.int64]:
    """Give the candidate with strictly the most votes in each row, -1 where several have them.

    Args:
        votes: (num_people, num_images) candidates.
        num_candidates: how many there are.

    Returns:
        (num_people,) winners.
    """
    counts = np.zeros((len(votes), num_candidates), dtype=np.int64)
    np.add.at(counts, (np.arange(len(votes))[:, None], votes), 1)
    most = counts.max(axis=1, keepdims=True)
    unique = (counts == most).sum(axis=1) == 1
    return np.where(unique, counts.argmax(axis=1), -1)


@dataclass(frozen=True)
class AttackOutcome:
    """Who is inferred, by which templates.

    Attributes:
        hits_before: (num_people, num_templates) whether the template gives the right name on the
            original model.
        hits_after: (num_people, num_templates) likewise on the defended one.
        is_member: (num_people,) whether the person was seen in training.
        unlearned: (n,) indices.
    """

    hits_before: NDArray[np.bool_]
    hits_after: NDArray[np.bool_]
    is_member: NDArray[np.bool_]
    unlearned: NDArray[np.int64]

    def metrics(self) -> dict[str, float]:
        """Give the rates; one that nobody could contribute to is left out."""
        before, after = np.any(self.hits_before, axis=1), np.any(self.hits_after, axis=1)
        everyone_else = np.ones(len(before), dtype=np.bool_)
        everyone_else[self.unlearned] = False
        others = everyone_else & self.is_member
        strangers = everyone_else & ~self.is_member
        tpr = float(after[self.unlearned].mean())
        found = {
            "idia_tpr_before": float(before[self.unlearned].mean()),
            "idia_tpr": tpr,
            "idia_fnr": 1 - tpr,
            "num_leaking_templates_before": self._num_templates(self.hits_before),
            "num_leaking_templates": self._num_templates(self.hits_after),
        }
        rates = {
            "others_tpr_before": (before, others),
            "others_tpr": (after, others),
            "wrongfully_forgotten": (before & ~after, everyone_else),
            "newly_recalled": (~before & after, everyone_else),
            "all_tpr": (after, self.is_member),
            "non_members_rate_before": (before, strangers),
            "non_members_rate": (after, strangers),
        }
        for name, (values, among) in rates.items():
            if among.any():
                found[name] = float(values[among].mean())
        return found

    def _num_templates(self, hits: NDArray[np.bool_]) -> float:
        return float(hits[self.unlearned].sum(axis=1).mean())

    def people(self, labels: Sequence[str]) -> tuple[PersonOutcome, ...]:
        """Say what the attack learns of each person who was unlearned.

        Args:
            labels: of those who were, in their order.
        """
        before, after = (
            _bits(hits[self.unlearned]) for hits in (self.hits_before, self.hits_after)
        )
        return tuple(
            PersonOutcome(person=label, before=old, after=new)
            for label, old, new in zip(labels, before, after, strict=True)
        )


def _bits(hits: NDArray[np.bool_]) -> list[int]:
    """Write each row as a number whose bit i is its column i."""
    powers = 1 << np.arange(hits.shape[1], dtype=np.int64)
    return [int(number) for number in hits @ powers]
