"""What lies behind: colour, image, looped video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streammat.errors import ConfigError, MediaError
from streammat.media import background
from streammat.media.background import open_background, parse_colour
from streammat.media.fit import cover_box
from streammat.media.reader import open_options
from streammat_kernels.layout import Colour, Family, PixelLayout
from tests.clips import make_clip

from .sources import white_dpx
from .writing import silent

RGB = PixelLayout(Family.RGB, 1, 1, 8)
FULL = Colour(full_range=True)


def test_a_colour_fills_every_plane() -> None:
    source = open_background("#00B140", 6, 4, RGB, FULL)
    planes = source.planes_at(0)
    assert [int(np.ptp(plane)) for plane in planes] == [0, 0, 0]
    assert [int(plane[0, 0]) for plane in planes] == [0, 177, 64]
    assert planes[0].shape == (4, 6)


def test_a_colour_becomes_limited_yuv_in_the_targets_layout() -> None:
    planes = open_background("#FFFFFF", 6, 4, PixelLayout(bits=10), Colour()).planes_at(0)
    assert [plane.shape for plane in planes] == [(4, 6), (2, 3), (2, 3)]
    assert [int(plane[0, 0]) for plane in planes] == [940, 512, 512]


@pytest.mark.parametrize("spec", ["#00B14", "#GGGGGG", "#00B1400"])
def test_a_malformed_colour_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError, match="#RRGGBB"):
        parse_colour(spec)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        open_background(str(tmp_path / "none.png"), 6, 4, RGB, FULL)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").write_text("text")
    with pytest.raises(MediaError, match="not a readable video"):
        open_background(str(tmp_path / "b.mp4"), 6, 4, RGB, FULL)


def test_an_image_covers_the_frame_without_being_squashed(tmp_path: Path) -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 250  # the middle square is all that a square frame shows
    Image.fromarray(wide).save(tmp_path / "b.png")
    planes = open_background(str(tmp_path / "b.png"), 40, 40, RGB, FULL).planes_at(3.5)
    assert planes[0].shape == (40, 40)
    assert planes[0].min() >= 249


def test_transparent_images_lie_over_black(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (200, 100, 50, 0)).save(tmp_path / "b.png")
    planes = open_background(str(tmp_path / "b.png"), 8, 8, RGB, FULL).planes_at(0)
    assert all(plane.max() == 0 for plane in planes)


def test_a_video_shows_each_frame_at_its_time_and_loops(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "b.mp4", frames=5, rate=10)
    source = open_background(str(made.path), 96, 64, RGB, FULL, notify=silent)
    seen = [source.planes_at(Fraction(k, 20))[1].copy() for k in range(20)]
    source.close()
    for k in range(10):
        nearest = [np.abs(seen[k].astype(int) - made.rgb[i, ..., 1]).mean() for i in range(5)]
        assert int(np.argmin(nearest)) == k // 2
    assert all((seen[k] == seen[k + 10]).all() for k in range(10))


def test_a_moment_far_into_the_loop_is_reached_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_clip(tmp_path / "b.mp4", frames=5, rate=10)
    opened: list[str] = []

    def counting(path: str, *given: Any, **named: Any) -> Any:
        opened.append(path)
        return open_options(path, *given, **named)

    monkeypatch.setattr(background, "open_options", counting)
    source = open_background(str(made.path), 96, 64, RGB, FULL, notify=silent)
    third = source.planes_at(Fraction(3, 10))[1].copy()
    assert (source.planes_at(Fraction(5003, 10))[1] == third).all()
    source.close()
    assert len(opened) <= 3


def test_a_sequence_has_the_sources_rate(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (96, 64), (40 * number,) * 3).save(tmp_path / f"b.{number:04d}.png")
    said: list[str] = []
    source = open_background(
        str(tmp_path), 96, 64, RGB, FULL, rate=Fraction(12), notify=said.append
    )
    assert [int(source.planes_at(Fraction(k, 12))[0][0, 0]) for k in range(8)] == [
        *range(0, 240, 40),
        0,
        40,
    ]
    source.close()
    assert not any("25" in line for line in said)


def test_a_white_10_bit_dpx_is_white(tmp_path: Path) -> None:
    path = white_dpx(tmp_path / "b.dpx", (16, 8))
    planes = open_background(path, 16, 8, RGB, FULL).planes_at(0)
    assert all(plane.min() == 255 for plane in planes)


def test_the_covered_part_is_centred_and_has_the_targets_aspect() -> None:
    assert cover_box(120, 40, 40, 40) == (40, 0, 80, 40)
    assert cover_box(40, 120, 80, 40) == (0, 50, 40, 70)
