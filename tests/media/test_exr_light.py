"""What codes mean in light: camera curves, and float sources beyond 0..1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streammat.media.exr_light import plate_light, scene_fill
from streammat.media.image_file import load_image
from streammat.media.input_colour.curves import CURVES
from streammat.media.input_colour.primaries import PRIMARIES
from streammat_kernels.colour.transfer import linear_table
from streammat_kernels.layout import Transfer
from streammat_kernels.light import encode

from .round_trip import ramp_alpha, read_images, rgb_info, run_matte, use_matter

OpenEXR = pytest.importorskip("OpenEXR")


def test_log_codes_become_the_light_of_their_curve_and_primaries() -> None:
    plate = plate_light(replace(rgb_info(Transfer.SDR), input_colour="logc3"), Transfer.SDR)
    codes = np.arange(65536) / 65535
    np.testing.assert_allclose(plate.table, CURVES["logc3"].decode(codes), rtol=1e-6)
    assert (plate.primaries, plate.unknown) == (PRIMARIES["awg3"], "")
    assert plate.table.max() > 50


def test_a_cube_does_not_say_what_light_is() -> None:
    plate = plate_light(replace(rgb_info(Transfer.SDR), input_colour="look.cube"), Transfer.SDR)
    np.testing.assert_array_equal(plate.table, linear_table(Transfer.SDR, 16))
    assert plate.unknown == "look.cube"


def test_values_beyond_the_codes_go_to_what_is_bright_or_dark_itself() -> None:
    light = linear_table(Transfer.SRGB, 16)
    own = np.array([[4.0, 4.0, 4.0, -0.5, -0.5, 0.25, np.inf]], np.float32)
    own_codes = encode(np.nan_to_num(own, posinf=9.0), np.empty(own.shape, np.uint16))
    codes = np.array([[65535, 65534, 0, 0, 65535, 9000, 65535]], np.uint16)
    made = scene_fill(codes, own_codes, own, light)[0]
    assert made[0] == 4.0  # the source's code: its value
    assert made[1] == pytest.approx(4.0, abs=1e-3)  # bright: the excess is its own
    assert made[2] == 0.0  # dark before a bright background
    assert made[3] == -0.5
    assert made[4] == 1.0  # bright before what is below 0
    assert made[5] == light[9000]
    assert made[6] == 65504.0


@pytest.mark.parametrize("mode", ["premultiplied", "straight"])
def test_soft_edges_of_a_float_source_keep_their_highlights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    bright = np.full((32, 48, 3), 3.0, np.float16)
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": bright}) as file:
        file.write(str(tmp_path / "a.exr"))
    outputs = [f"rgba={tmp_path}/o.exr", f"foreground={tmp_path}/f.exr"]
    run_matte(tmp_path / "a.exr", *outputs, alpha_mode=mode, size="128x96")
    *fill, matte = (np.asarray(p, np.float64) for p in read_images([tmp_path / "o.exr"])[0])
    soft = (matte > 0.05) & (matte < 0.95)
    assert soft.any()
    for plane in fill:
        wanted = 3.0 * matte if mode == "premultiplied" else np.full_like(matte, 3.0)
        np.testing.assert_allclose(plane[soft], wanted[soft], rtol=0.01)
    scene = load_image(tmp_path / "f.exr").scene
    assert scene is not None
    for found in scene:
        np.testing.assert_allclose(np.asarray(found, np.float64)[soft], 3.0, rtol=0.01)
