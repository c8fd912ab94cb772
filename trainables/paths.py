"""Where things that can be made again are kept between runs."""

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "UNREMEMBER_CACHE"


def cache_dir() -> Path:
    """Give the cache folder: `$UNREMEMBER_CACHE`, or the user's by the system's custom."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("unremember")
