"""Where things that can be made again are kept between runs, and where the user's profile lies."""

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "UNREMEMBER_CACHE"
PROFILE_VARIABLE = "UNREMEMBER_PROFILE"
PROFILE = "profile"
"""As the data of a sweep: the user's own profile."""


def cache_dir() -> Path:
    """Give the cache folder: `$UNREMEMBER_CACHE`, or the user's by the system's custom."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("unremember")


def default_profile() -> Path:
    """Give the user's data profile: `$UNREMEMBER_PROFILE`, or `data.yaml` among the settings."""
    chosen = os.environ.get(PROFILE_VARIABLE)
    folder = platformdirs.user_config_path("unremember")
    return Path(chosen).expanduser() if chosen else folder / "data.yaml"
