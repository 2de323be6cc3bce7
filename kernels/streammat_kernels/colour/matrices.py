"""Luma coefficients and code ranges as plain numbers, for every kernel that reads or writes YUV.

Sources: ITU-R BT.601-7, BT.709-6, BT.2020-2 (luma coefficients, limited-range coding); ITU-T H.273
(full-range coding). The forms below are chosen for float32: a chroma sample minus ``neutral`` is
exact, so grey has no colour, and all three channels share one luma term, so it stays grey.
"""

from __future__ import annotations

from typing import NamedTuple

from ..layout import Colour, Family, Matrix, PixelLayout

__all__ = ["FromRgb", "ToRgb", "code_range", "from_rgb_terms", "luma_weights", "to_rgb_terms"]

_KR_KB = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}


class ToRgb(NamedTuple):
    """R = y + r_v cr, G = y - g_u cb - g_v cr, B = y + b_u cb.

    y = y_scale (Y - black), cb = U - neutral, cr = V - neutral. R, G, B run from 0 to the ``peak``
    asked for; Y, U, V are sample values (after undoing the shift).
    """

    black: float
    y_scale: float
    neutral: float
    r_v: float
    g_u: float
    g_v: float
    b_u: float


class FromRgb(NamedTuple):
    """Y = black + y_scale y, U = neutral + u_b (B - y), V = neutral + v_r (R - y).

    y = G + kr (R - G) + kb (B - G), which is exactly G for grey.
    """

    black: float
    y_scale: float
    neutral: float
    kr: float
    kb: float
    u_b: float
    v_r: float
    top: float  # the largest code, 2^bits - 1


def luma_weights(matrix: Matrix) -> tuple[float, float, float]:
    """Weights of R', G', B' in luma; they sum to 1."""
    kr, kb = _KR_KB[matrix]
    return kr, 1.0 - kr - kb, kb


def code_range(layout: PixelLayout, colour: Colour) -> tuple[float, float, float, float]:
    """(black, span of luma or RGB, neutral chroma, span of chroma) in sample values."""
    unit = float(1 << (layout.bits - 8))
    if colour.full_range:
        top = float((1 << layout.bits) - 1)
        return 0.0, top, 128.0 * unit, top
    return 16.0 * unit, 219.0 * unit, 128.0 * unit, 224.0 * unit


def to_rgb_terms(layout: PixelLayout, colour: Colour, peak: float) -> ToRgb:
    """Numbers that turn Y, U, V samples of this layout into R'G'B' of 0..``peak``.

    For RGB and gray layouts only ``black`` and ``y_scale`` mean something.
    """
    black, span, neutral, chroma_span = code_range(layout, colour)
    if layout.family in {Family.RGB, Family.GRAY}:
        return ToRgb(black, peak / span, 0.0, 0.0, 0.0, 0.0, 0.0)
    kr, kg, kb = luma_weights(colour.matrix)
    unit = peak / chroma_span
    r_v = 2.0 * (1.0 - kr) * unit
    b_u = 2.0 * (1.0 - kb) * unit
    return ToRgb(black, peak / span, neutral, r_v, b_u * kb / kg, r_v * kr / kg, b_u)


def from_rgb_terms(layout: PixelLayout, colour: Colour, peak: float) -> FromRgb:
    """Numbers that turn R'G'B' of 0..``peak`` into Y, U, V samples (before the shift)."""
    black, span, neutral, chroma_span = code_range(layout, colour)
    kr, _, kb = luma_weights(colour.matrix)
    unit = chroma_span / peak
    top = float((1 << layout.bits) - 1)
    return FromRgb(
        black, span / peak, neutral, kr, kb, 0.5 * unit / (1.0 - kb), 0.5 * unit / (1.0 - kr), top
    )
