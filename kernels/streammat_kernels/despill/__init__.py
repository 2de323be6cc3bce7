"""Despill: takes the screen's colour cast out of the foreground's edge."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..planes import padded

__all__ = ["BAND", "despill"]

BAND = 0.25
"""Share of alpha below 1 over which the correction fades out: opaque colours are left alone."""

_SCREENS = {"green": (1, 0, 2), "blue": (2, 0, 1)}


@takes_any_array
def despill(
    rgb: NDArray[np.uint16],
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16] | None = None,
    *,
    screen: Literal["green", "blue"] = "green",
    amount: float = 1.0,
    bands: Bands | None = None,
) -> NDArray[np.uint16]:
    """Limit the screen channel to the mean of the two others, at full strength in the alpha band.

    With S the screen channel and A, B the other two (encoded values)::

        S' = S - amount * min(1, (1 - alpha) / BAND) * max(0, S - (A + B) / 2)

    so a green shirt inside the subject (alpha 1) keeps its colour bit for bit, and only S changes.
    The limiter is the classic one of keying ("average" despill; Wright, "Digital Compositing for
    Film and Video").

    Args:
        rgb: (3, H, W) uint16 R'G'B', 0..65535.
        alpha: (H, W) uint16, 65535 = opaque.
        out: (3, H, W) uint16 to write into; may be ``rgb`` itself. None makes one.
        screen: colour of the screen behind the subject.
        amount: 0..1; 0 copies.
        bands: row bands on a pool; None is serial.

    Returns:
        ``out``.

    Raises:
        ShapeError: unknown screen, amount outside 0..1, or arrays that do not belong together.
    """
    _check(rgb, alpha, screen, amount)
    if out is None:
        out = empty(rgb.shape, np.uint16, rgb)
    elif out.shape != rgb.shape or out.dtype != np.uint16:
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be uint16 {rgb.shape}")
    if is_cuda(rgb):
        backend(__name__, rgb).despill(rgb, alpha, out, _SCREENS[screen], amount, BAND)
        return out
    from .cpu import limit_screen

    if out is not rgb:
        np.copyto(out, rgb)
    if amount == 0:
        return out
    key, first, second = _SCREENS[screen]
    rows = padded(alpha)
    changed = padded(out[key], output=True)
    others = padded(rgb[first]), padded(rgb[second])
    width, gain = alpha.shape[1], np.float32(amount)

    def band(first_row: int, end_row: int) -> None:
        limit_screen(changed, *others, rows, width, gain, np.float32(BAND), first_row, end_row)

    run_bands(band, alpha.shape[0], bands)
    return out


def _check(rgb: NDArray[np.uint16], alpha: NDArray[np.uint16], screen: str, amount: float) -> None:
    if screen not in _SCREENS:
        raise ShapeError(f"screen colour {screen!r} is unknown; choose green or blue")
    if not 0 <= amount <= 1:
        raise ShapeError(f"despill amount {amount}; it has to be 0..1")
    if alpha.ndim != 2 or rgb.shape != (3, *alpha.shape):
        raise ShapeError(
            f"rgb {rgb.shape} and alpha {alpha.shape}; they have to be (3, H, W) and (H, W)"
        )
    if rgb.dtype != np.uint16 or alpha.dtype != np.uint16:
        raise ShapeError(f"rgb is {rgb.dtype}, alpha {alpha.dtype}; both have to be uint16")
