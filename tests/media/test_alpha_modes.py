"""Straight and premultiplied: back again within half a step, exact at both ends, never above."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streammat.media.exr_light import plate_light, scene_scale
from streammat.media.exr_output import ExrFiles
from streammat.settings import MatteSettings, OutputKind
from streammat.types import Frame
from streammat_kernels.colour.transfer import linear_table
from streammat_kernels.composite import premultiply
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer
from tests.clips import make_clip

from .round_trip import ramp_alpha, read_images, read_video, rgb_info, run_matte, use_matter

SIZE = (3, 4, 8)
FULL = 65535
LAYOUT = PixelLayout(Family.RGB, 1, 1, 16)
CODES = arrays(np.uint16, SIZE)
ALPHAS = arrays(
    np.uint16, SIZE[1:], elements=st.one_of(st.sampled_from([0, 1, FULL]), st.integers(0, FULL))
)
CURVES = st.sampled_from([Transfer.SDR, Transfer.SRGB, Transfer.LINEAR])


def exr_of(
    path: Path, rgb: NDArray[np.uint16], alpha: NDArray[np.uint16], transfer: Transfer
) -> list[NDArray[np.float64]]:
    """R, G, B and A of one written file, the colours premultiplied."""
    info = rgb_info(transfer, SIZE[2], SIZE[1])
    files = ExrFiles(
        str(path), OutputKind.RGBA, info, plate_light(info, transfer),
        premultiplied=True, source_colours=True, text={},
    )  # fmt: skip
    planes = (*rgb, alpha)
    frame = Frame(planes, LAYOUT, info.colour, 0, info.time_base, 0)
    files.write(planes, frame, path)
    return [np.asarray(plane, np.float64) for plane in read_images([path])[0]]


@pytest.fixture(scope="module")
def exr_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exr") / "a.exr"


@settings(max_examples=40, deadline=None)
@given(rgb=CODES, alpha=ALPHAS, transfer=CURVES)
def test_exr_comes_back_to_straight_within_half_a_step(
    exr_path: Path, rgb: NDArray[np.uint16], alpha: NDArray[np.uint16], transfer: Transfer
) -> None:
    *fill, matte = exr_of(exr_path, rgb, alpha, transfer)
    np.testing.assert_array_equal(np.rint(matte * FULL).astype(np.uint16), alpha)
    light = linear_table(transfer, 16).astype(np.float64) * scene_scale(transfer)
    cover = alpha / FULL
    for plane, stored in zip(rgb, fill, strict=True):
        assert (stored <= matte.astype(np.float16)).all()  # never above alpha
        assert not stored[alpha == 0].any()
        np.testing.assert_array_equal(
            stored[alpha == FULL], light[plane].astype(np.float16)[alpha == FULL]
        )
        seen = alpha > 0
        back = stored[seen] / cover[seen]
        # A step of half at the stored value, seen through the division; and float32 on the way.
        step = np.spacing(stored[seen].astype(np.float16)).astype(np.float64) / cover[seen]
        assert (np.abs(back - light[plane][seen]) <= step / 2 + 1e-6 / cover[seen]).all()


@settings(max_examples=60, deadline=None)
@given(rgb=CODES, alpha=ALPHAS)
def test_linear_codes_come_back_to_straight_within_half_a_step(
    rgb: NDArray[np.uint16], alpha: NDArray[np.uint16]
) -> None:
    stored = premultiply(rgb, alpha, transfer=Transfer.LINEAR)
    assert (stored <= alpha).all()
    seen = np.broadcast_to(alpha > 0, stored.shape)
    cover = np.broadcast_to(alpha / FULL, stored.shape)[seen]
    back = stored[seen] / cover
    assert (np.abs(back - rgb[seen]) <= (0.5 + 0.02) / cover).all()  # float32 of 16-bit products


@settings(max_examples=40, deadline=None)
@given(rgb=CODES, alpha=ALPHAS, transfer=st.sampled_from(list(Transfer)))
def test_the_ends_are_exact_and_nothing_is_above_alpha(
    rgb: NDArray[np.uint16], alpha: NDArray[np.uint16], transfer: Transfer
) -> None:
    stored = premultiply(rgb, alpha, transfer=transfer)
    assert (stored <= alpha).all()
    assert not stored[:, alpha == 0].any()
    np.testing.assert_array_equal(stored[:, alpha == FULL], rgb[:, alpha == FULL])


@pytest.mark.parametrize(
    ("target", "codec"),
    [("o.mkv", "ffv1"), ("o.mov", "qtrle"), ("o.mov", "png"), ("o.mov", "prores")],
)
def test_premultiplied_files_are_below_alpha_and_exact_at_both_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, codec: str
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    made = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="bgr0", tags=None, frames=2)
    run_matte(
        made.path, f"rgba={tmp_path}/{target}", codec=codec, foreground="source",
        alpha_mode="premultiplied",
    )  # fmt: skip
    quarter = 64 // 4
    for planes in read_video(tmp_path / target)[0]:
        alpha = planes[3]
        top = 4095 if codec == "prores" else np.iinfo(alpha.dtype).max
        assert (alpha[:quarter] == 0).all()
        assert (alpha[-quarter:] == top).all()
        if codec != "prores":  # its samples are Y'CbCr
            assert all((plane <= alpha).all() for plane in planes[:3])


def test_settings_say_which_one_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_matter(monkeypatch, ramp_alpha)
    made = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="bgr0", tags=None, frames=2)
    report = run_matte(made.path, f"{tmp_path}/o.mov", f"{tmp_path}/o.exr")
    assert [output.alpha_mode for output in report.outputs] == ["straight", "premultiplied"]
    straight = run_matte(made.path, f"{tmp_path}/s.exr", alpha_mode="straight")
    assert [output.alpha_mode for output in straight.outputs] == ["straight"]
    assert MatteSettings().alpha_mode == "auto"


@pytest.mark.parametrize("pairs", [("mov", "mov"), ("exr", "exr")])
def test_fill_and_matte_come_apart_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: tuple[str, str]
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    made = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="bgr0", tags=None, frames=2)
    fill, matte = (tmp_path / f"{n}.{s}" for n, s in zip(["fill", "matte"], pairs, strict=True))
    report = run_matte(
        made.path, f"foreground={fill}", f"alpha={matte}", codec={"mov": "qtrle"}.get(pairs[0])
    )
    assert [output.kind for output in report.outputs] == ["foreground", "alpha"]
    if pairs[0] == "mov":
        gray = read_video(matte)[0][0][0]
        wanted = np.rint(ramp_alpha_of(96, 64) / 257)
        np.testing.assert_array_equal(gray, wanted)
    else:
        import OpenEXR

        with OpenEXR.File(str(tmp_path / "matte.1001.exr"), separate_channels=True) as file:
            stored = file.parts[0].channels["Y"].pixels
            np.testing.assert_array_equal(np.rint(stored * FULL), ramp_alpha_of(96, 64))


def ramp_alpha_of(width: int, height: int) -> NDArray[np.uint16]:
    blank = np.zeros((height, width), np.uint16)
    return ramp_alpha(Frame((blank,), LAYOUT, Colour(), 0, Fraction(1), 0))
