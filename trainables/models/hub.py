"""Models on the Hugging Face hub, brought to this machine file by file."""

from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from trainables.errors import UserError
from trainables.models.files import FORMS, TRANSFORMERS, Form, no_clip, shard_names
from trainables.models.names import HubName


def fetch(name: HubName, what: str, forms: tuple[Form, ...] = FORMS) -> Path:
    """Fetch a CLIP's configuration and weights, unless they are in the cache.

    Only files that make up the model are fetched, and of its weights the best form only.

    Args:
        name: the repository.
        what: the setting that names it, for messages.
        forms: those that will do, the best first.

    Returns:
        The folder in the hub's cache.

    Raises:
        UserError: there is no such repository, or no CLIP in it, or no connection.
    """
    repository = _Repository(name, what)
    for form in forms:
        config = repository.get(form.config)
        if config is not None and _fetch_weights(repository, form, what):
            for extra in form.extras:
                repository.get(extra)
            return config.parent
    is_transformers = repository.get(TRANSFORMERS.config) is not None
    if repository.is_offline and not (is_transformers and TRANSFORMERS not in forms):
        raise UserError(
            f"{what}: {name} is not on this machine and could not be downloaded: connect once, or "
            "name the path of a checkpoint."
        )
    raise no_clip(f"{what}: {name}", forms, is_transformers)


def _fetch_weights(repository: "_Repository", form: Form, what: str) -> bool:
    for weights in form.weights:
        path = repository.get(weights)
        if path is not None:
            names = shard_names(path, what) if path.suffix == ".json" else []
            return all(repository.get(name) is not None for name in names)
    return False


class _Repository:
    """A repository at one commit, whichever is found first.

    Args:
        name: of the repository.
        what: the setting that names it, for messages.

    Attributes:
        is_offline: whether a file was asked for that is not here, and the hub was out of reach.
    """

    def __init__(self, name: HubName, what: str) -> None:
        self.is_offline = False
        self._name = name
        self._what = what
        self._revision = name.revision

    def get(self, file: str) -> Path | None:
        """Give a file's path, or None where the repository does not have it."""
        try:
            path = Path(hf_hub_download(self._name.repo, file, revision=self._revision))
        except LocalEntryNotFoundError:
            self.is_offline = True
            return None
        except EntryNotFoundError:
            return None
        # The hub's library raises errors of its own, of its transport and of the file system.
        except Exception as error:
            raise UserError(
                f"{self._what}: {self._name} cannot be fetched ({type(error).__name__}); name a "
                "repository and revision of the hub that you may read."
            ) from error
        # The folder is named after the commit; files of two commits must not be mixed.
        self._revision = path.parent.name
        return path
