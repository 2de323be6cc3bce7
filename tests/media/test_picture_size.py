"""Files that claim more than a gigapixel are refused before their samples are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.datasets.reading import read_rgb
from streammat.errors import MediaError
from streammat.media import picture_size
from streammat.media.image_file import load_image

REFUSED = r"64x48, more than .* megapixels; make it smaller"


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_size, "MOST_PIXELS", 64 * 48 - 1)


def test_what_pillow_reads(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    for read in (load_image, read_rgb):
        with pytest.raises(MediaError, match=REFUSED):
            read(tmp_path / "a.png")


def test_float_tiff(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((48, 64, 3), np.float32), photometric="rgb")
    with pytest.raises(MediaError, match=REFUSED):
        load_image(tmp_path / "a.tif")


def test_an_exr_whose_display_window_is_large_and_its_data_small(tmp_path: Path) -> None:
    exr = pytest.importorskip("OpenEXR")
    window = np.array([-4, -2], np.int32), np.array([59, 45], np.int32)
    header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage}
    channels = {"RGB": np.zeros((8, 8, 3), np.float16)}
    with exr.File(header | {"displayWindow": window}, channels) as file:
        file.write(str(tmp_path / "a.exr"))
    with pytest.raises(MediaError, match=REFUSED):
        load_image(tmp_path / "a.exr")
