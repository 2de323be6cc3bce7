"""Layout to layout plane by plane, so that nothing is rounded or clipped that need not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import taps
from ..bands import Bands
from ..layout import Colour, Family, PixelLayout
from ..resize import cpu as resize_cpu
from . import cpu
from .sampling import code_map, same_components, same_grid

__all__ = ["convert"]

_YUV = {Family.PLANAR, Family.SEMIPLANAR}


def convert(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    to_layout: PixelLayout,
    to_colour: Colour,
    out: Sequence[NDArray[Any]],
    alpha: NDArray[np.uint16] | None,
    bands: Bands | None,
) -> None:
    """See ``colour.convert``; arguments are checked."""
    if to_layout.alpha:
        _alpha(planes, layout, to_layout, out[-1], alpha, bands)
    if not same_components(layout, colour, to_layout, to_colour):
        rgb = np.empty((3, *planes[0].shape), np.uint16)
        cpu.to_rgb(planes, layout, colour, rgb, bands)
        opaque = PixelLayout(*_without_alpha(to_layout))
        cpu.from_rgb(rgb, opaque, to_colour, out, None, bands)
        return
    luma = code_map(layout, colour, to_layout, to_colour, chroma=False)
    for index in range(3 if layout.family is Family.RGB else 1):
        _map_plane(planes[index], layout, out[index], to_layout, luma, bands)
    if to_layout.family in _YUV:
        _chroma(planes, layout, colour, out, to_layout, to_colour, bands)


def _without_alpha(layout: PixelLayout) -> tuple[Family, int, int, int, int]:
    return layout.family, layout.chroma_x, layout.chroma_y, layout.bits, layout.shift


def _map_plane(
    source: NDArray[Any],
    layout: PixelLayout,
    out: NDArray[Any],
    to_layout: PixelLayout,
    code_map: tuple[float, float],
    bands: Bands | None,
) -> None:
    """One plane on the same grid; an identity is a copy."""
    gain, offset = code_map
    if code_map == (1.0, 0.0) and layout.shift == to_layout.shift and source.dtype == out.dtype:
        np.copyto(out, source)
        return
    top = float((1 << to_layout.bits) - 1)
    stored_gain = gain / (1 << layout.shift)
    cpu.linear(source, out, stored_gain, offset, top, to_layout.shift, bands)


def _alpha(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    to_layout: PixelLayout,
    out: NDArray[Any],
    alpha: NDArray[np.uint16] | None,
    bands: Bands | None,
) -> None:
    if alpha is not None or not layout.alpha:
        cpu.fill_alpha(alpha, to_layout, out, bands)
        return
    gain = ((1 << to_layout.bits) - 1) / ((1 << layout.bits) - 1)
    _map_plane(planes[-1], layout, out, to_layout, (gain, 0.0), bands)


def _chroma(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    out: Sequence[NDArray[Any]],
    to_layout: PixelLayout,
    to_colour: Colour,
    bands: Bands | None,
) -> None:
    if layout.family is Family.GRAY:
        neutral = 128 << (to_layout.bits - 8 + to_layout.shift)
        for plane in out[1 : 2 if to_layout.family is Family.SEMIPLANAR else 3]:
            plane[...] = neutral
        return
    mapping = code_map(layout, colour, to_layout, to_colour, chroma=True)
    if layout.family is to_layout.family and same_grid(layout, colour, to_layout, to_colour):
        for index in range(1, 2 if layout.family is Family.SEMIPLANAR else 3):
            _map_plane(planes[index], layout, out[index], to_layout, mapping, bands)
        return
    height, width = planes[0].shape
    across, down = cpu.cosited(colour)
    to_across, to_down = cpu.cosited(to_colour)
    if same_grid(layout, colour, to_layout, to_colour):
        rows, columns = (taps.bilinear(n, n) for n in layout.chroma_size(height, width))
    else:
        vertical = (layout.chroma_y, down), (to_layout.chroma_y, to_down)
        horizontal = (layout.chroma_x, across), (to_layout.chroma_x, to_across)
        rows = taps.chroma_move(height, *vertical)
        columns = taps.chroma_move(width, *horizontal)
    resize_cpu.resample_chroma(planes, layout, out, to_layout, rows, columns, mapping, bands)
