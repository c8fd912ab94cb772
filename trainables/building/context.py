"""What several parts of the building need, each made only if one of them has to be computed."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from trainables.building.sources import PeopleSet, people_set
from trainables.config import BUILTIN, TrialConfig
from trainables.data.pictures import Pictures
from trainables.data.source import Images
from trainables.fingerprints import ZEROSHOT_PREFIX, part_print
from trainables.image_encoder import ImageEncoder, encode_chunks, take_image_encoder
from trainables.metrics import BUILTIN_TASK
from trainables.models.load import LoadedClip, Progress, load_clip
from trainables.paths import cache_dir
from trainables.profile.parts import PROFILE_KEYS, data_parts
from trainables.store import ArrayStore, RowSource
from trainables.text_encoder import TextEncoder, take_text_encoder
from trainables.tokens import WordTokenizer, word_tokenizer

_PICTURES_PER_CHUNK = 512


class Context:
    """A trial whose assets are built.

    Args:
        config: of any of the trials that share them.
        device: where to compute.
        progress: told what is being done.

    Attributes:
        config: see above.
        device: see above.
        store: keeps what is computed.
    """

    def __init__(
        self, config: TrialConfig, device: torch.device, progress: Progress | None
    ) -> None:
        self.config = config
        self.device = device
        self.store = ArrayStore(cache_dir() / "assets", self.say, _words(config))
        self._progress = progress

    def say(self, what: str, done: int, total: int) -> None:
        """Tell whoever waits what is being done."""
        if self._progress is not None:
            self._progress(what, done, total)

    @cached_property
    def clip(self) -> LoadedClip:
        """The original model."""
        return load_clip(self.config, self._progress)

    @cached_property
    def text_teacher(self) -> TextEncoder:
        """The original text encoder, on the device."""
        return take_text_encoder(self.clip.model).to(self.device)

    @cached_property
    def image_teacher(self) -> ImageEncoder:
        """The original image encoder, on the device."""
        return take_image_encoder(self.clip.model).to(self.device)

    @cached_property
    def tokenizer(self) -> WordTokenizer:
        """The tokenizer of the model."""
        return word_tokenizer(self.clip.context_length)

    @cached_property
    def people(self) -> PeopleSet:
        """The people of the data."""
        return people_set(self.config)

    def identity(self, *parts: str, **more: Any) -> dict[str, Any]:
        """Say what something is computed from: fingerprints of parts, and other values.

        Raises:
            UserError: the profile lacks such a part, or a file cannot be read.
        """
        return {part: part_print(self.config, part) for part in parts} | more

    def pool(
        self,
        what: str,
        identity: dict[str, Any],
        choose: Callable[[], tuple[Pictures, NDArray[np.int64]]],
        size: int | None = None,
    ) -> Images:
        """Decode pictures once for all trials.

        Args:
            what: a word for them, for the cache and the progress.
            identity: what they are, the size aside.
            choose: gives pictures and which of them; only called if they are not decoded yet.
            size: height and width in pixels; the model's if left out.

        Returns:
            (num_rows, size, size, 3), memory-mapped.
        """
        side = size or self.image_teacher.image_size

        def decode() -> tuple[int, Callable[[int, int], Images]]:
            pictures, rows = choose()
            return len(rows), lambda first, last: pictures.read(rows[first:last], side)

        return self.store.images(
            what.replace(" ", "-"),
            identity | {"size": side},
            side,
            decode,
            lambda done, total: self.say(f"decoding {what}", done, total),
        )

    def embeddings(
        self,
        what: str,
        identity: dict[str, Any],
        pictures: Callable[[], Pictures],
        *,
        unit: bool = True,
    ) -> NDArray[np.float32]:
        """Ask the original image encoder once for all trials; goes on where it was interrupted.

        Args:
            what: a word for the pictures, for the cache and the progress.
            identity: what they are, the model aside.
            pictures: gives them; only called if some are not embedded yet.
            unit: whether to give unit vectors.

        Returns:
            (num_pictures, embed_dim), memory-mapped.
        """

        def produce() -> RowSource:
            chosen = pictures()
            blank = np.zeros((1, *2 * (self.image_teacher.image_size,), 3), np.uint8)
            (embedding,) = encode_chunks(self.image_teacher, blank)
            return RowSource(
                shape=(len(chosen), embedding.shape[-1]),
                dtype=np.float32,
                read=lambda first, last: self._encode(chosen, first, last, unit),
                rows_per_chunk=_PICTURES_PER_CHUNK,
            )

        return self.store.rows(
            f"embedded-{what.replace(' ', '-')}",
            identity | self.identity("model", unit=unit),
            produce,
            lambda done, total: self.say(f"embedding {what}", done, total),
        )

    def _encode(self, pictures: Pictures, first: int, last: int, unit: bool) -> NDArray[np.float32]:
        encoder = self.image_teacher
        images = pictures.read(np.arange(first, last), encoder.image_size)
        found = torch.cat(list(encode_chunks(encoder, images)))
        embeddings: NDArray[np.float32] = (
            (normalize(found, dim=-1) if unit else found).cpu().numpy()
        )
        return embeddings


def _words(config: TrialConfig) -> dict[str, str]:
    """Say for people what the fingerprints are of, by the fingerprint's name."""
    parts = data_parts(config)
    words = {part: getattr(getattr(parts, part), "path", BUILTIN) for part in PROFILE_KEYS}
    tasks = {BUILTIN_TASK: None} if parts.zeroshot == BUILTIN else parts.zeroshot
    words |= {ZEROSHOT_PREFIX + name: getattr(task, "path", name) for name, task in tasks.items()}
    return words | {"model": f"{config.model} {config.pretrained}".strip()}
