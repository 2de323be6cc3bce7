"""Colour on the GPU: each public op is one launch a plane group, see colour.cuh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import taps
from ..bands import Bands
from ..layout import Colour, Family, PixelLayout
from ..runtime import QUAD, Runtime, Struct, plane, plane_triple, runtime_of
from .matrices import from_rgb_terms, to_rgb_terms
from .sampling import code_map, cosited, same_components, same_grid

__all__ = [
    "convert",
    "fill",
    "from_rgb",
    "full_scale",
    "grid",
    "linear",
    "stored_terms",
    "to_rgb",
]

_YUV = {Family.PLANAR, Family.SEMIPLANAR}


def full_scale(array: Any) -> float:
    """255 or 65535."""
    return float(np.iinfo(array.dtype).max)


def grid(layout: PixelLayout, colour: Colour, height: int, width: int) -> Struct:
    """``Grid`` of colour.cuh."""
    across, down = cosited(colour)
    rows, columns = layout.chroma_size(height, width)
    values = layout.chroma_x, layout.chroma_y, across, down, rows, columns
    return Struct(np.array(values, np.int32))


def stored_terms(layout: PixelLayout, colour: Colour, peak: float) -> Struct:
    """``ToRgb`` of colour.cuh: for samples as they are stored, the shift undone by the scale."""
    terms, unit = to_rgb_terms(layout, colour, peak), float(1 << layout.shift)
    stored = (terms.black * unit, terms.y_scale / unit, terms.neutral * unit)
    return Struct(np.array([*stored, *(term / unit for term in terms[3:])], np.float32))


def to_rgb(
    planes: Sequence[Any], layout: PixelLayout, colour: Colour, out: Any, bands: Bands | None
) -> None:
    """See ``colour.to_rgb``; arguments are checked."""
    del bands
    run, peak = runtime_of(planes[0]), full_scale(out)
    height, width = planes[0].shape
    if layout.family not in _YUV:
        terms = to_rgb_terms(layout, colour, peak)
        for channel in range(3):
            source = planes[channel if layout.family is Family.RGB else 0]
            gain = terms.y_scale / (1 << layout.shift)
            linear(run, source, out[channel], (gain, -terms.black * terms.y_scale, peak, 0))
        return
    run.elements(
        "colour.yuv_to_rgb",
        (-(-width // QUAD), height),
        plane_triple(run, planes, layout, "planes"),
        _channels(run, out, "out"),
        width,
        height,
        grid(layout, colour, height, width),
        stored_terms(layout, colour, peak),
        peak,
    )


def from_rgb(
    rgb: Any,
    layout: PixelLayout,
    colour: Colour,
    out: Sequence[Any],
    alpha: Any | None,
    bands: Bands | None,
) -> None:
    """See ``colour.from_rgb``; arguments are checked."""
    del bands
    run = runtime_of(rgb)
    terms = from_rgb_terms(layout, colour, full_scale(rgb))
    if layout.alpha:
        fill_alpha(run, alpha, layout, out[-1])
    if layout.family is Family.RGB:
        for source, target in zip(rgb, out, strict=False):
            linear(run, source, target, (terms.y_scale, terms.black, terms.top, layout.shift))
        return
    _, height, width = rgb.shape
    run.elements(
        "colour.rgb_to_yuv",
        (-(-width // QUAD), height),
        _channels(run, rgb, "rgb"),
        plane_triple(run, out, layout, "out"),
        width,
        height,
        grid(layout, colour, height, width),
        Struct(np.array(terms, np.float32)),
        layout.shift,
        layout.family in _YUV,
    )


def convert(
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    to_layout: PixelLayout,
    to_colour: Colour,
    out: Sequence[Any],
    alpha: Any | None,
    bands: Bands | None,
) -> None:
    """See ``colour.convert``; arguments are checked."""
    run = runtime_of(planes[0])
    if to_layout.alpha:
        _alpha(run, planes, layout, to_layout, out[-1], alpha)
    if not same_components(layout, colour, to_layout, to_colour):
        rgb = run.empty((3, *planes[0].shape), np.uint16)
        to_rgb(planes, layout, colour, rgb, bands)
        opaque = PixelLayout(
            to_layout.family,
            to_layout.chroma_x,
            to_layout.chroma_y,
            to_layout.bits,
            to_layout.shift,
        )
        from_rgb(rgb, opaque, to_colour, out, None, bands)
        return
    mapping = code_map(layout, colour, to_layout, to_colour, chroma=False)
    for index in range(3 if layout.family is Family.RGB else 1):
        _map_plane(run, planes[index], layout, out[index], to_layout, mapping)
    if to_layout.family in _YUV:
        _chroma(run, planes, layout, colour, out, to_layout, to_colour)


def linear(run: Runtime, source: Any, out: Any, affine: tuple[float, float, float, int]) -> None:
    """out = round(gain * source + offset) within 0..top, shifted: (gain, offset, top, shift)."""
    pairs = [(source, out)]
    if source.ndim == 3:  # interleaved Cb and Cr
        pairs = [(source[..., i], out[..., i]) for i in range(source.shape[2])]
    for plane_in, plane_out in pairs:
        height, width = plane_in.shape
        run.elements(
            "colour.rescale",
            (-(-width // QUAD), height),
            plane(run, plane_in),
            plane(run, plane_out, what="out"),
            width,
            height,
            *(np.float64(value) for value in affine[:3]),
            affine[3],
        )


def fill_alpha(run: Runtime, alpha: Any | None, layout: PixelLayout, out: Any) -> None:
    """The alpha plane, full range at the layout's depth; None is opaque."""
    top = (1 << layout.bits) - 1
    if alpha is None:
        fill(run, out, top << layout.shift)
        return
    linear(run, alpha, out, (top / 65535.0, 0.0, float(top), layout.shift))


def fill(run: Runtime, out: Any, code: int) -> None:
    """The same code everywhere; (H, W, 2) planes too."""
    for target in [out] if out.ndim == 2 else [out[..., i] for i in range(out.shape[2])]:
        height, width = target.shape
        size = -(-width // QUAD), height
        run.elements("colour.fill", size, plane(run, target, what="out"), width, height, code)


def _channels(run: Runtime, rgb: Any, what: str) -> Struct:
    return Struct(np.stack([plane(run, channel, what=what).value for channel in rgb]))


def _map_plane(
    run: Runtime,
    source: Any,
    layout: PixelLayout,
    out: Any,
    to_layout: PixelLayout,
    mapping: tuple[float, float],
) -> None:
    top = float((1 << to_layout.bits) - 1)
    gain, offset = mapping
    if mapping == (1.0, 0.0) and layout.shift == to_layout.shift:
        # A copy: the bits below the shift stay, too.
        linear(run, source, out, (1.0, 0.0, full_scale(out), 0))
        return
    linear(run, source, out, (gain / (1 << layout.shift), offset, top, to_layout.shift))


def _alpha(
    run: Runtime,
    planes: Sequence[Any],
    layout: PixelLayout,
    to_layout: PixelLayout,
    out: Any,
    alpha: Any | None,
) -> None:
    if alpha is not None or not layout.alpha:
        fill_alpha(run, alpha, to_layout, out)
        return
    gain = ((1 << to_layout.bits) - 1) / ((1 << layout.bits) - 1)
    _map_plane(run, planes[-1], layout, out, to_layout, (gain, 0.0))


def _chroma(
    run: Runtime,
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    out: Sequence[Any],
    to_layout: PixelLayout,
    to_colour: Colour,
) -> None:
    from ..resize.cuda import resample

    if layout.family is Family.GRAY:
        neutral = 128 << (to_layout.bits - 8 + to_layout.shift)
        for target in out[1 : 2 if to_layout.family is Family.SEMIPLANAR else 3]:
            fill(run, target, neutral)
        return
    mapping = code_map(layout, colour, to_layout, to_colour, chroma=True)
    if same_grid(layout, colour, to_layout, to_colour):
        for source, target in _chroma_pairs(planes, layout, out, to_layout):
            _map_plane(run, source, layout, target, to_layout, mapping)
        return
    height, width = planes[0].shape
    across, down = cosited(colour)
    to_across, to_down = cosited(to_colour)
    vertical = height, (layout.chroma_y, down), (to_layout.chroma_y, to_down)
    horizontal = width, (layout.chroma_x, across), (to_layout.chroma_x, to_across)
    rows, columns = taps.chroma_move(*vertical), taps.chroma_move(*horizontal)
    top = float((1 << to_layout.bits) - 1)
    affine = mapping[0] / (1 << layout.shift), mapping[1], top, to_layout.shift
    for source, target in _chroma_pairs(planes, layout, out, to_layout):
        resample(run, source, target, rows, columns, affine)


def _chroma_pairs(
    planes: Sequence[Any], layout: PixelLayout, out: Sequence[Any], to_layout: PixelLayout
) -> list[tuple[Any, Any]]:
    """Cb and Cr of both, as (h, w) views of interleaved planes where need be."""

    def parts(arrays: Sequence[Any], family: Family) -> list[Any]:
        if family is Family.SEMIPLANAR:
            return [arrays[1][..., 0], arrays[1][..., 1]]
        return [arrays[1], arrays[2]]

    return list(zip(parts(planes, layout.family), parts(out, to_layout.family), strict=True))
