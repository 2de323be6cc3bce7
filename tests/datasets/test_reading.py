from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.datasets import Sample
from streammat.datasets.reading import read_alpha, read_layers, read_rgb
from streammat.errors import MediaError
from tests.datasets.trees import write_alpha, write_rgb


def test_grey_and_16_bit_pictures_become_colour(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 77, np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(np.full((3, 4), 0x4D00, np.uint16)).save(tmp_path / "deep.png")
    for name in ("grey.png", "deep.png"):
        rgb = read_rgb(tmp_path / name)
        assert rgb.shape == (3, 4, 3)
        assert (rgb == 77).all()


def test_alphas_of_all_kinds_are_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 65535, np.uint16)).save(tmp_path / "deep.png")
    rgba = np.zeros((3, 4, 4), np.uint8)
    rgba[..., 3] = 90
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    Image.fromarray(np.full((3, 4, 3), 60, np.uint8)).save(tmp_path / "rgb.png")
    levels = [int(read_alpha(tmp_path / n)[0, 0]) for n in ("deep.png", "rgba.png", "rgb.png")]
    assert levels == [255, 90, 60]


def test_damaged_files_are_named(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    with pytest.raises(MediaError, match=r"b\.png: not a readable picture"):
        read_rgb(tmp_path / "b.png")


def test_layers_of_other_sizes_are_named(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.jpg")
    write_alpha(tmp_path / "a.png", width=81)
    with pytest.raises(MediaError, match=r"a\.jpg: 80x70 pixels, but its alpha is 81x70"):
        read_layers(Sample("a", "photo", tmp_path / "a.jpg", tmp_path / "a.png"))
