"""Pixel formats read in place: planes, order, padding, and the nearest form of the others."""

from __future__ import annotations

import av
import numpy as np
import pytest

from streammat.errors import MediaError
from streammat.media.layouts import mapping, nearest_planar, to_direct, views
from streammat_kernels.layout import Family, PixelLayout


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("yuv420p", PixelLayout(Family.PLANAR, 2, 2, 8)),
        ("yuvj422p", PixelLayout(Family.PLANAR, 2, 1, 8)),
        ("yuv440p10le", PixelLayout(Family.PLANAR, 1, 2, 10)),
        ("yuva444p12le", PixelLayout(Family.PLANAR, 1, 1, 12, alpha=True)),
        ("nv12", PixelLayout(Family.SEMIPLANAR, 2, 2, 8)),
        ("p010le", PixelLayout(Family.SEMIPLANAR, 2, 2, 10, 6)),
        ("gbrap16le", PixelLayout(Family.RGB, 1, 1, 16, alpha=True)),
        ("gray10le", PixelLayout(Family.GRAY, 1, 1, 10)),
    ],
)
def test_direct_formats_have_a_layout(name: str, layout: PixelLayout) -> None:
    found = mapping(name)
    assert found is not None
    assert found.layout == layout
    assert found.full_range == name.startswith("yuvj")


@pytest.mark.parametrize(
    ("name", "planar"),
    [
        ("rgb24", "gbrp"),
        ("pal8", "gbrap"),
        ("bgra", "gbrap"),
        ("rgb48be", "gbrp16le"),
        ("yuyv422", "yuv422p"),
        ("yuv411p", "yuv422p"),
        ("yuv420p10be", "yuv420p10le"),
        ("gray16be", "gray16le"),
        ("nv21", "yuv420p"),
        ("xyz12le", "gbrp12le"),
    ],
)
def test_other_formats_go_to_a_planar_form_of_the_same_depth(name: str, planar: str) -> None:
    assert mapping(name) is None
    assert nearest_planar(name) == planar


@pytest.mark.parametrize("name", ["vaapi", "bayer_rggb8"])
def test_formats_that_cannot_be_drawn_are_refused(name: str) -> None:
    with pytest.raises(MediaError, match=name):
        nearest_planar(name)


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (17, 9), (96, 64)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "nv12", "p010le", "gbrp", "yuva420p"])
def test_views_share_memory_with_the_frame(name: str, size: tuple[int, int]) -> None:
    frame = av.VideoFrame(size[0], size[1], name)
    planes, layout = views(frame, keep_alpha=True)
    assert planes[0].shape == (size[1], size[0])
    for place, plane in enumerate(planes):
        plane[:] = place + 1
    again, _ = views(frame, keep_alpha=True)
    for place, plane in enumerate(again):
        assert (plane == place + 1).all()
        assert plane.strides[-1] == plane.itemsize
    if layout.family in {Family.PLANAR, Family.SEMIPLANAR}:
        assert planes[1].shape[:2] == layout.chroma_size(size[1], size[0])


def test_rgb_planes_come_in_the_order_red_green_blue() -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[..., 0], rgb[..., 1], rgb[..., 2] = 10, 20, 30
    frame = to_direct(av.VideoFrame.from_ndarray(rgb, format="rgb24"))
    planes, layout = views(frame)
    assert layout == PixelLayout(Family.RGB, 1, 1, 8)
    assert [int(plane[0, 0]) for plane in planes] == [10, 20, 30]


def test_alpha_plane_is_left_out_unless_kept() -> None:
    frame = av.VideoFrame(8, 8, "yuva420p")
    assert len(views(frame)[0]) == 3
    assert not views(frame)[1].alpha
    assert len(views(frame, keep_alpha=True)[0]) == 4
