"""One network for several jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streammat.device import Device
from streammat.matting import GfmMatter, KeptMatter
from streammat.settings import MatteSettings
from tests.engines.tiny_model import write_tiny_model

CPU = Device("cpu", 1, "")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MatteSettings:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    return MatteSettings(model=str(write_tiny_model(tmp_path / "tiny_tt.onnx")), threads=1)


def test_equal_settings_share_a_matter_and_others_do_not(settings: MatteSettings) -> None:
    with KeptMatter() as kept:
        first = kept.open(settings, CPU)
        assert kept.open(replace(settings), CPU) is first
        assert kept.open(replace(settings, size="fast"), CPU) is not first


def test_what_was_dropped_is_made_anew(settings: MatteSettings) -> None:
    with KeptMatter() as kept:
        first = kept.open(settings, CPU)
        kept.drop()
        kept.drop()
        assert kept.open(settings, CPU) is not first


def test_pictures_of_one_network_size_share_its_engine(settings: MatteSettings) -> None:
    with KeptMatter() as kept:
        matter = kept.open(settings, CPU)
        assert isinstance(matter, GfmMatter)
        matter.warm_up(1080, 1920)
        first = matter.manifest
        matter.warm_up(720, 1280)
        assert matter.manifest is first
        matter.warm_up(1920, 1080)
        assert matter.manifest is not first
