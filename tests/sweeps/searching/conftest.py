from pathlib import Path

import pytest


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches find no tracking store: to make one takes seconds."""

    def down(uri: str, results: Path) -> None:
        raise OSError("down")

    monkeypatch.setattr("sweeps.searching.known.open_store", down)
