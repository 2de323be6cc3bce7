"""HDR, log and scene-linear sources: a view beside the plate, or SDR plates when asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streammat.errors import ConfigError
from streammat.media.graded import source_view
from streammat.media.read_options import ReadOptions
from streammat.media.reader import open_options
from streammat.media.still_image import StillImage, split
from streammat.media.to_sdr import light_codes
from streammat.types import ColourTags
from streammat_kernels.colour import reference as colour_reference
from streammat_kernels.layout import Family, Transfer
from streammat_kernels.lut import reference as lut_reference
from tests.clips import make_clip
from tests.tolerances import SDR_CODES

from .sources import lossless_clip, read_source

PQ = ColourTags(primaries=9, transfer=16, matrix=9, full_range=False)
SDR = ColourTags(primaries=1, transfer=1, matrix=1, full_range=False)


def test_an_sdr_clip_has_no_view(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "s.mkv", tags=SDR)
    info, frames, _ = read_source(tmp_path / "s.mkv")
    assert (info.input_colour, frames[0].view) == ("", None)


@pytest.mark.parametrize("name", ["slog3", "logc4", "pq"])
def test_input_colour_adds_a_view_and_changes_nothing_else(tmp_path: Path, name: str) -> None:
    lossless_clip(tmp_path / "s.mkv", "yuv422p10le", tags=SDR)
    plain_info, plain, _ = read_source(tmp_path / "s.mkv")
    info, frames, _ = read_source(tmp_path / "s.mkv", input_colour=name)
    assert info.input_colour == name
    assert (info.tags, info.colour, info.layout) == (
        plain_info.tags,
        plain_info.colour,
        plain_info.layout,
    )
    assert frames[0].view is not None
    for before, after in zip(plain[0].planes, frames[0].planes, strict=True):
        assert (before == after).all()


def test_a_cube_file_is_the_view(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "s.mkv", tags=SDR)
    cube = tmp_path / "look.cube"
    cube.write_text("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")
    _, frames, _ = read_source(tmp_path / "s.mkv", input_colour=str(cube))
    assert frames[0].view is not None
    assert frames[0].view.table.tolist() == [[255.0] * 3, [0.0] * 3]


def test_sdr_by_name_switches_the_view_off(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "s.mkv", "yuv420p10le", tags=PQ)
    assert read_source(tmp_path / "s.mkv", input_colour="rec709")[1][0].view is None


def test_a_wrong_name_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "s.mkv", tags=SDR)
    with pytest.raises(ConfigError, match=r"unknown, meant slog3\? use a \.cube file or one of"):
        read_source(tmp_path / "s.mkv", input_colour="slog")


def test_to_sdr_gives_bt709_video_of_the_same_sampling(tmp_path: Path) -> None:
    made = make_clip(
        tmp_path / "h.mkv", frames=1, codec="ffv1", pix_fmt="yuv422p10le", tags=PQ, subject="disc"
    )
    _, (plate,), _ = read_source(made.path)
    hdr_info = read_source(made.path)[0]
    info, (frame,), _ = read_source(made.path, to_sdr=True)
    assert info.tags == SDR
    assert info.colour.transfer is Transfer.SDR
    assert (info.hdr, info.input_colour, frame.view) == (None, "", None)
    assert (frame.layout.family, frame.layout.chroma_x, frame.layout.chroma_y) == (
        Family.PLANAR,
        2,
        1,
    )
    assert frame.layout.bits == 10
    assert plate.view is not None
    assert frame.pts == plate.pts
    table = source_view(hdr_info, "pq", Transfer.SDR)
    assert table is not None
    shown = lut_reference.apply(light_codes(plate), table) / 255.0
    wanted = colour_reference.from_rgb(shown, frame.layout, frame.colour)[0]
    assert np.abs(frame.planes[0] - wanted).max() <= SDR_CODES


def test_to_sdr_of_an_sdr_clip_says_so(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "s.mkv", tags=SDR)
    _, frames, said = read_source(tmp_path / "s.mkv", to_sdr=True)
    assert any("SDR already" in line for line in said)
    assert frames[0].layout.bits == 8


def test_alpha_of_the_source_survives_to_sdr(tmp_path: Path) -> None:
    written = lossless_clip(tmp_path / "a.mkv", "yuva444p10le", tags=PQ)
    options = ReadOptions(keep_alpha=True, to_sdr=True)
    with open_options(str(tmp_path / "a.mkv"), options, lambda line: None) as reader:
        frame = next(iter(reader))
    assert (frame.planes[-1] == written[0][-1]).all()


def test_split_images_keep_every_sample() -> None:
    samples = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    planes, layout = split(samples)
    assert layout.alpha
    assert (np.stack(planes, -1) == samples).all()
    assert StillImage(planes, layout, "x").scene is None
