"""What the weights and the data of a trial are, so that its key changes when they do."""

from pathlib import Path

from trainables.builtin.recipe import default_recipe
from trainables.config import TrialConfig
from trainables.data.digests import file_digest
from trainables.data.folders import folder_digest


def fingerprints(config: TrialConfig) -> dict[str, str]:
    """Fingerprint a trial's weights and data; needs neither to be made or downloaded yet.

    Raises:
        UserError: a file that the configuration names cannot be read.
    """
    world = f"builtin:{default_recipe(config.world_seed).fingerprint}"
    found = {"model": _model(config, world), "data": world}
    for field in ("train_captions", "eval_captions"):
        path = getattr(config, field)
        if path:
            found[field] = file_digest(Path(path), field)
    for field in ("people_images", "train_images", "eval_images"):
        path = getattr(config, field)
        if path:
            found[field] = folder_digest(Path(path), field)
    return found


def _model(config: TrialConfig, world: str) -> str:
    if config.model == "builtin":
        return world
    if looks_like_path(config.pretrained):
        return file_digest(Path(config.pretrained), "pretrained")
    # The tag names the weights; open_clip checks what it downloads against its own table.
    return f"open_clip:{config.model}/{config.pretrained}"


def looks_like_path(pretrained: str) -> bool:
    """Tell the path of a checkpoint from an open_clip tag."""
    return "/" in pretrained or Path(pretrained).suffix in {".pt", ".pth", ".bin", ".safetensors"}
