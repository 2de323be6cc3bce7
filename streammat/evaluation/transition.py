"""The -TRAN forms: only the transition of the trimap counts."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha

__all__ = ["known_filled", "transition_pixels"]


def known_filled(pred: FloatAlpha, trimap: NDArray[Any]) -> FloatAlpha:
    """``pred`` with 1 where the trimap is 255 and 0 where it is 0."""
    filled: FloatAlpha = pred.copy()
    filled[trimap == 255] = 1.0
    filled[trimap == 0] = 0.0
    return filled


def transition_pixels(trimap: NDArray[Any]) -> float:
    """Pixels of 128; without any, those that are neither 0 nor 255 (perhaps none)."""
    pixels = float((trimap == 128).sum())
    if pixels == 0:
        pixels = trimap.size - float((trimap == 255).sum()) - float((trimap == 0).sum())
    return pixels
