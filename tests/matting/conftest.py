from __future__ import annotations

from pathlib import Path

import pytest

from streammat.catalogue.cards import ModelCard, find_model
from tests.engines.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """A model of a few weights: red is the subject, green the background."""
    return find_model(str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny_tt.onnx")))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test alone."""
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"
