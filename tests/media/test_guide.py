"""Garbage and holdout mattes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.errors import MediaError
from streammat.media.guide import open_guide
from tests.clips import make_clip

from .sources import white_dpx
from .writing import silent


def test_white_is_one_and_black_is_zero(tmp_path: Path) -> None:
    pixels = np.zeros((64, 96), np.uint8)
    pixels[:, 48:] = 255
    Image.fromarray(pixels).save(tmp_path / "g.png")
    alpha = open_guide(str(tmp_path / "g.png"), 96, 64).alpha_at(0)
    assert alpha.dtype == np.uint16
    assert (alpha[:, :48] == 0).all()
    assert (alpha[:, 48:] == 65535).all()


def test_a_guide_of_the_same_aspect_is_scaled(tmp_path: Path) -> None:
    Image.new("L", (48, 32), 255).save(tmp_path / "g.png")
    alpha = open_guide(str(tmp_path / "g.png"), 96, 64).alpha_at(0)
    assert alpha.shape == (64, 96)
    assert (alpha == 65535).all()


def test_a_guide_of_another_aspect_is_refused(tmp_path: Path) -> None:
    Image.new("L", (64, 64), 255).save(tmp_path / "g.png")
    with pytest.raises(MediaError, match="64x64 does not lie over 96x64"):
        open_guide(str(tmp_path / "g.png"), 96, 64)


def test_transparent_parts_count_as_black(tmp_path: Path) -> None:
    Image.new("RGBA", (96, 64), (255, 255, 255, 0)).save(tmp_path / "g.png")
    assert open_guide(str(tmp_path / "g.png"), 96, 64).alpha_at(0).max() == 0


def test_the_matte_of_an_exr_is_taken_as_it_is(tmp_path: Path) -> None:
    exr = pytest.importorskip("OpenEXR")
    cover = np.linspace(0, 1, 96, dtype=np.float32)[None].repeat(64, axis=0)
    with exr.File({"type": exr.scanlineimage}, {"A": cover}) as file:
        file.write(str(tmp_path / "g.exr"))
    said: list[str] = []
    alpha = open_guide(str(tmp_path / "g.exr"), 96, 64, notify=said.append).alpha_at(0)
    np.testing.assert_array_equal(alpha, np.rint(cover * 65535))
    assert said == [f"{tmp_path}/g.exr: only channel A: taken as grey"]


@pytest.mark.parametrize("subject", ["full", "none"])
def test_limited_range_video_reaches_the_whole_scale(tmp_path: Path, subject: str) -> None:
    made = make_clip(tmp_path / "g.mkv", frames=3, pix_fmt="gray", codec="ffv1", subject=subject)
    alpha = open_guide(str(made.path), 96, 64, notify=silent).alpha_at(0)
    assert alpha.shape == (64, 96)
    gray = made.rgb[0] @ np.array([0.2126, 0.7152, 0.0722]) / 255
    assert np.abs(alpha / 65535 - gray).mean() < 0.1


def test_a_sequence_follows_the_sources_rate_and_its_last_image_stays(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("L", (96, 64), 100 * number).save(tmp_path / f"g{number}.png")
    said: list[str] = []
    guide = open_guide(f"{tmp_path}/g%d.png", 96, 64, rate=Fraction(10), notify=said.append)
    levels = [int(guide.alpha_at(Fraction(k, 10))[0, 0]) // 257 for k in range(5)]
    assert levels == [0, 100, 200, 200, 200]
    held = f"{tmp_path}/g%d.png: ends 0.30 s after the source's beginning"
    assert [line.startswith(held) for line in said].count(True) == 1
    guide.close()


def numbered(folder: Path, levels: dict[int, int]) -> str:
    folder.mkdir()
    for number, level in levels.items():
        Image.new("L", (96, 64), level).save(folder / f"g.{number:04d}.png")
    return str(folder)


@pytest.mark.parametrize(
    ("own", "source", "shown", "told"),
    [
        ({1003: 30, 1004: 40}, range(1001, 1007), [30, 30, 30, 40, 40, 40], True),
        ({1001: 10, 1004: 40}, range(1001, 1007), [10, 10, 10, 40, 40, 40], False),
        ({1001: 10, 1003: 30, 1005: 50}, range(1001, 1005), [10, 10, 30, 30], False),
        ({1001: 10, 1002: 20, 1003: 30, 1004: 40}, range(1003, 1005), [30, 40], True),
        ({2: 20, 3: 30, 4: 40}, range(2, 8, 2), [20, 40, 40], True),
        ({1: 10, 2: 20}, range(1001, 1004), [10, 20, 20], False),  # other numbers: first to first
    ],
)
def test_images_of_the_same_number_belong_together(
    tmp_path: Path, own: dict[int, int], source: range, shown: list[int], told: bool
) -> None:
    said: list[str] = []
    path = numbered(tmp_path / "g", own)
    guide = open_guide(path, 96, 64, rate=Fraction(24), numbers=source, notify=said.append)
    levels = [int(guide.alpha_at(Fraction(k, 24))[0, 0]) // 257 for k in range(len(source))]
    guide.close()
    assert levels == shown
    assert any("of the same number belong together" in line for line in said) == told


def test_a_white_10_bit_dpx_is_white(tmp_path: Path) -> None:
    path = white_dpx(tmp_path / "g.dpx", (96, 64))
    assert open_guide(path, 96, 64).alpha_at(0).min() == 65535


@pytest.mark.parametrize("paths", ["g.0001.exr", "g.%04d.exr"])
def test_float_guides_are_taken_as_stored(tmp_path: Path, paths: str) -> None:
    openexr = pytest.importorskip("OpenEXR")
    picture = np.full((64, 96, 3), 0.5, np.float16)
    picture[:2] = np.nan
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    for number in (1, 2):
        with openexr.File(header, {"RGB": picture}) as file:
            file.write(str(tmp_path / f"g.{number:04d}.exr"))
    guide = open_guide(str(tmp_path / paths), 96, 64, rate=Fraction(24), notify=silent)
    assert [int(guide.alpha_at(0)[row, 0]) for row in (0, 9)] == [0, 32768]
    guide.close()
