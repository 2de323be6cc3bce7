"""Every CLI test runs in an empty folder, without the user's own files and variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the test; nothing outside it is read."""
    for variable in [name for name in os.environ if name.startswith("STREAMMAT_")]:
        monkeypatch.delenv(variable)
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home" / variable))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work
