"""What the colour kernels compute, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layout import Colour, Family, PixelLayout, Siting, Transfer
from .matrices import code_range, luma_weights

Float = NDArray[np.float64]

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_SDR_GAMMA = 2.4


def linearise(code: Float, transfer: Transfer) -> Float:
    """Light 0..1 of encoded values 0..1.

    SDR: display light of ITU-R BT.1886 with black 0, a pure gamma of 2.4. SRGB: IEC 61966-2-1.
    PQ: SMPTE ST 2084, 1 = 10,000 cd/m2. HLG: scene light of ITU-R BT.2100 (the inverse OETF; no
    OOTF, which would depend on the display). LINEAR: as it is.
    """
    if transfer is Transfer.SDR:
        return code**_SDR_GAMMA
    if transfer is Transfer.SRGB:
        return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    if transfer is Transfer.PQ:
        root = code ** (1 / _PQ_M2)
        return (np.maximum(root - _PQ_C1, 0.0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)
    if transfer is Transfer.HLG:
        return np.where(code <= 0.5, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    return code.copy()


def encode(light: Float, transfer: Transfer) -> Float:
    """Encoded values 0..1 of light 0..1: the inverse of ``linearise``."""
    if transfer is Transfer.SDR:
        return light ** (1 / _SDR_GAMMA)
    if transfer is Transfer.SRGB:
        return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    if transfer is Transfer.PQ:
        power = light**_PQ_M1
        return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2
    if transfer is Transfer.HLG:
        with np.errstate(invalid="ignore", divide="ignore"):
            bright = _HLG_A * np.log(12 * light - _HLG_B) + _HLG_C
        return np.where(light <= 1 / 12, np.sqrt(3 * light), bright)
    return light.copy()


def upsample(chroma: Float, length: int, subsampling: int, cosited: bool) -> Float:
    """Rows of chroma interpolated linearly to ``length`` luma rows, the ends repeated."""
    position = (np.arange(length) - (0.0 if cosited or subsampling == 1 else 0.5)) / subsampling
    rows = np.arange(chroma.shape[0])
    return np.stack([np.interp(position, rows, column) for column in chroma.T], axis=1)


def downsample(full: Float, subsampling: int, cosited: bool) -> Float:
    """Rows low-passed to the chroma grid: mean of 2, or 1 2 1 around a co-sited row."""
    if subsampling == 1:
        return full
    taps = {-1: 0.25, 0: 0.5, 1: 0.25} if cosited else {0: 0.5, 1: 0.5}
    rows = np.arange(0, full.shape[0], 2)
    last = full.shape[0] - 1
    total = np.zeros((rows.size, full.shape[1]))
    for offset, weight in taps.items():
        total += weight * full[np.clip(rows + offset, 0, last)]
    return total


def cosited(colour: Colour) -> tuple[bool, bool]:
    """Whether chroma sits on the first luma sample of its pair (in columns, in rows)."""
    return colour.siting is not Siting.CENTER, colour.siting is Siting.TOPLEFT


def chroma_pair(planes: Sequence[NDArray[Any]], layout: PixelLayout) -> tuple[Float, Float]:
    """Cb and Cr codes as float64, whatever the layout."""
    unit = float(1 << layout.shift)
    if layout.family is Family.SEMIPLANAR:
        return planes[1][..., 0] / unit, planes[1][..., 1] / unit
    return planes[1] / unit, planes[2] / unit


def unclipped_rgb(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, colour: Colour, peak: float
) -> Float:
    """(3, H, W) R'G'B' where 0..peak is black to white; values outside that are kept."""
    black, span, neutral, chroma_span = code_range(layout, colour)
    unit = float(1 << layout.shift)
    if layout.family is Family.RGB:
        return np.stack([(plane / unit - black) / span for plane in planes[:3]]) * peak
    luma = (planes[0] / unit - black) / span
    if layout.family is Family.GRAY:
        return np.stack([luma] * 3) * peak
    height, width = luma.shape
    across, down = cosited(colour)
    differences = []
    for plane in chroma_pair(planes, layout):
        tall = upsample(plane, height, layout.chroma_y, down)
        full = upsample(tall.T, width, layout.chroma_x, across).T
        differences.append((full - neutral) / chroma_span)
    cb, cr = differences
    kr, kg, kb = luma_weights(colour.matrix)
    red = luma + 2 * (1 - kr) * cr
    blue = luma + 2 * (1 - kb) * cb
    return np.stack([red, (luma - kr * red - kb * blue) / kg, blue]) * peak


def to_rgb(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, colour: Colour, peak: float
) -> Float:
    """(3, H, W) R'G'B' 0..peak before rounding."""
    return np.clip(unclipped_rgb(planes, layout, colour, peak), 0.0, peak)


def from_rgb(
    rgb: Float, layout: PixelLayout, colour: Colour, alpha: Float | None = None
) -> list[Float]:
    """Codes (before rounding and shift) of the planes for R'G'B' 0..1 and alpha 0..1.

    ``rgb`` is (3, H, W). Semi-planar chroma comes as one (h, w, 2) array, as it is stored.
    """
    black, span, neutral, chroma_span = code_range(layout, colour)
    top = float((1 << layout.bits) - 1)
    luma = np.tensordot(luma_weights(colour.matrix), rgb, 1)
    planes = [black + span * channel for channel in rgb]
    if layout.family is not Family.RGB:
        planes = [black + span * luma]
    if layout.family in {Family.PLANAR, Family.SEMIPLANAR}:
        kr, _, kb = luma_weights(colour.matrix)
        across, down = cosited(colour)
        cb_cr = []
        for difference in ((rgb[2] - luma) / (2 * (1 - kb)), (rgb[0] - luma) / (2 * (1 - kr))):
            short = downsample(difference, layout.chroma_y, down)
            narrow = downsample(short.T, layout.chroma_x, across).T
            cb_cr.append(neutral + chroma_span * narrow)
        planes += [np.stack(cb_cr, axis=2)] if layout.family is Family.SEMIPLANAR else cb_cr
    if layout.alpha:
        planes.append(top * (np.ones(luma.shape) if alpha is None else alpha))
    return [np.clip(plane, 0.0, top) for plane in planes]


def convert(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    to_layout: PixelLayout,
    to_colour: Colour,
) -> list[Float]:
    """Codes (before rounding and shift) of the planes in another layout."""
    alpha = None
    if layout.alpha:
        alpha = (planes[-1] >> layout.shift) / ((1 << layout.bits) - 1)
    yuv = {Family.PLANAR, Family.SEMIPLANAR}
    if colour.matrix is not to_colour.matrix or not {layout.family, to_layout.family} <= yuv:
        rgb = to_rgb(planes, layout, colour, 1.0)
        return from_rgb(rgb, to_layout, to_colour, alpha)
    black, span, neutral, chroma_span = code_range(layout, colour)
    to_black, to_span, to_neutral, to_chroma_span = code_range(to_layout, to_colour)
    luma = planes[0] / (1 << layout.shift)
    height, width = luma.shape
    result = [to_black + (luma - black) / span * to_span]
    chroma = []
    for plane in chroma_pair(planes, layout):
        moved = _move_chroma(plane, (height, width), (layout, colour), (to_layout, to_colour))
        chroma.append(to_neutral + (moved - neutral) / chroma_span * to_chroma_span)
    semi = to_layout.family is Family.SEMIPLANAR
    result += [np.stack(chroma, axis=2)] if semi else chroma
    top = float((1 << to_layout.bits) - 1)
    if to_layout.alpha:
        result.append(top * (np.ones(luma.shape) if alpha is None else alpha))
    return [np.clip(plane, 0.0, top) for plane in result]


def _move_chroma(
    plane: Float,
    size: tuple[int, int],
    source: tuple[PixelLayout, Colour],
    target: tuple[PixelLayout, Colour],
) -> Float:
    """Chroma interpolated to the luma grid and low-passed to the other; untouched on the same."""
    (layout, colour), (to_layout, to_colour) = source, target
    across, down = cosited(colour)
    to_across, to_down = cosited(to_colour)
    if (layout.chroma_x, layout.chroma_y) == (to_layout.chroma_x, to_layout.chroma_y):
        same_across = layout.chroma_x == 1 or across == to_across
        if same_across and (layout.chroma_y == 1 or down == to_down):
            return plane
    tall = upsample(plane, size[0], layout.chroma_y, down)
    full = upsample(tall.T, size[1], layout.chroma_x, across).T
    short = downsample(full, to_layout.chroma_y, to_down)
    return downsample(short.T, to_layout.chroma_x, to_across).T
