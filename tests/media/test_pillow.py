"""Pictures as large as cameras make them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from PIL import Image

from streammat.datasets.reading import read_rgb
from streammat.media.image_file import load_image


def test_a_picture_beyond_pillows_limit_is_read_and_the_limit_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image(tmp_path / "a.png").planes[0].shape == (48, 64)
        assert read_rgb(tmp_path / "a.png").shape == (48, 64, 3)
    assert Image.MAX_IMAGE_PIXELS == 1000
