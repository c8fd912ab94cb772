"""What the weights of a model are, so that a trial's key changes when they do."""

import hashlib
from pathlib import Path

from trainables.data.digests import file_digest
from trainables.models.files import FORMS, OPEN_CLIP, Form, find_clip
from trainables.models.names import FOLDER_PREFIX, brings_weights, hub_name, local_path


def weights_fingerprint(model: str, pretrained: str) -> str:
    """Fingerprint weights that are not the built-in world's, without loading them.

    What is on this machine stands for its content, so that it may be moved. Tags and names of the
    hub stand for themselves, so that the weights need not be here; open_clip and the hub check what
    they download.

    Args:
        model: as in a trial's configuration.
        pretrained: likewise.

    Returns:
        16 hexadecimal digits, or a name.

    Raises:
        UserError: a file cannot be read, or a folder holds no CLIP.
    """
    what, name, forms = "pretrained", pretrained, FORMS
    if brings_weights(model):
        what, name, forms = "model", model, (OPEN_CLIP,)
    hub = hub_name(name, what)
    if hub is not None:
        return str(hub)
    path = local_path(name)
    if path is None:
        return f"open_clip:{model}/{pretrained}"
    is_folder = path.is_dir() or name.startswith(FOLDER_PREFIX)
    return _folder_digest(path, what, forms) if is_folder else file_digest(path, what)


def _folder_digest(folder: Path, what: str, forms: tuple[Form, ...]) -> str:
    files = find_clip(folder, what, forms).files
    text = "".join(f"{path.name}\0{file_digest(path, what)}\n" for path in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
