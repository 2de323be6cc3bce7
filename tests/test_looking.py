"""Looking where one may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from streammat.catalogue.cards import imported_models
from streammat.config import resolve
from streammat.looking import exists, is_file


def test_what_may_not_be_looked_at_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("")
    assert is_file(tmp_path / "a")
    assert exists(tmp_path)
    assert not is_file(tmp_path)
    long = tmp_path / ("x" * 300)  # "file name too long"
    assert not is_file(long)
    assert not exists(long)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    assert not is_file(tmp_path / "a")
    assert not exists(tmp_path)
    assert imported_models() == ()
    assert resolve({}, folder=tmp_path, user=tmp_path / "home/config.toml").settings()
