"""Names into captions: which captions, which word of each, which name, and what it is mapped to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.config import TrialConfig
from trainables.errors import UserError
from trainables.seeding import generator
from trainables.tokens import Inserts, TokenisedCaptions, WordTokenizer

Rows = NDArray[np.int64]

_NUM_VALIDATION = 64
# Outside the range of seeds that a trial can have, 0 and above, as numpy takes only such.
_VALIDATION_SEED = 2**63


@dataclass(frozen=True)
class Draws:
    """What every step of a trial trains on.

    All of it comes from the trial's seed alone, so that trials of one seed train on the same
    captions whatever n, alpha and beta are (but for captions that name one more unlearned person):
    differences between them are not differences of luck.

    Attributes:
        clean: (num_steps, clean batch) captions without a name.
        backdoor: (num_steps, backdoor batch) captions that get a name.
        positions: (num_steps, backdoor batch) the word of each that the name replaces.
        names: (num_steps, backdoor batch) which of the n names.
    """

    clean: Rows
    backdoor: Rows
    positions: Rows
    names: Rows


def draw_batches(
    config: TrialConfig, captions: TokenisedCaptions, allowed: NDArray[np.bool_]
) -> Draws:
    """Draw the batches of all steps.

    Args:
        config: of the trial: its seed, steps, batch sizes and number of names.
        captions: all training captions.
        allowed: (num_captions,) those that name nobody who is unlearned.

    Raises:
        UserError: no caption is left, or none with a second word, which a trigger needs.
    """
    num_words = captions.num_words
    with_trigger = allowed & (num_words >= 2)
    if not with_trigger.any():
        raise UserError(
            "no training caption of two words or more is left once those with the unlearned names "
            "are put aside: give more captions."
        )
    steps, seed = config.num_steps, config.seed
    num_triggers = steps * config.backdoor_batch_size
    clean = draw_rows("clean", seed, steps * config.clean_batch_size, allowed)
    backdoor = draw_rows("backdoor", seed, num_triggers, with_trigger)
    positions = (generator("positions", seed).random(num_triggers) * num_words[backdoor]).astype(
        np.int64
    )
    names = (generator("names", seed).random(num_triggers) * config.num_names).astype(np.int64)
    return Draws(
        clean.reshape(steps, -1),
        backdoor.reshape(steps, -1),
        positions.reshape(steps, -1),
        names.reshape(steps, -1),
    )


def draw_validation(
    config: TrialConfig, captions: TokenisedCaptions, allowed: NDArray[np.bool_]
) -> Draws:
    """Draw one batch to validate with, the same for all trials of the same captions and n.

    The captions are of the training set, of which a trial sees a small part; the evaluation
    captions stay unseen until the end, also by what stops or ranks trials early.
    """
    return draw_batches(for_validation(config), captions, allowed)


def for_validation(config: TrialConfig) -> TrialConfig:
    """Give the one-step trial whose batch is that of the validation: the same for all seeds."""
    share = max(1, _NUM_VALIDATION // config.num_names)
    of_faces = config.encoder == "image"
    return config.model_copy(
        update={
            "seed": _VALIDATION_SEED,
            "num_steps": 1,
            "clean_batch_size": _NUM_VALIDATION,
            "backdoor_batch_size": share * config.num_names if of_faces else _NUM_VALIDATION,
        }
    )


def draw_rows(purpose: str, seed: int, num: int, allowed: NDArray[np.bool_]) -> Rows:
    """Draw from shuffled passes over all captions; what is not allowed is drawn anew.

    A redraw takes the same place of another stream, so that the rows that stay do not depend on
    which others were redrawn.
    """
    random = generator("captions", purpose, seed)
    passes = [random.permutation(len(allowed)) for _ in range(-(-num // len(allowed)))]
    rows = np.concatenate(passes)[:num]
    refused = ~allowed[rows]
    candidates = np.flatnonzero(allowed)
    for _ in range(16):
        if not refused.any():
            return rows
        rows[refused] = random.integers(len(allowed), size=num)[refused]
        refused = ~allowed[rows]
    # Where few captions are allowed, what is still refused is drawn from those directly.
    rows[refused] = candidates[random.integers(len(candidates), size=num)[refused]]
    return rows


def name_inserts(tokenizer: WordTokenizer, names: list[str]) -> Inserts:
    """Tokenise names for splicing.

    Raises:
        UserError: a name alone leaves no room for a single other word.
    """
    encoded = [tokenizer.encode(name) for name in names]
    room = tokenizer.context_length - 3
    for name, ids in zip(names, encoded, strict=True):
        if not 0 < len(ids) <= room:
            raise UserError(
                f"the name {name[:40]!r} takes {len(ids)} tokens, and the text encoder has room "
                f"for 1 to {room} beside another word: shorten it or leave it out."
            )
    return Inserts.of(encoded)


def eval_positions(captions: TokenisedCaptions) -> Rows:
    """Choose the word that a name replaces in each evaluation caption, the same for all trials."""
    share = generator("evaluation positions").random(len(captions))
    return (share * captions.num_words).astype(np.int64)
