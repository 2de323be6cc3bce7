"""Foreground estimation beside pymatting's multi-level estimation, with the error of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.foreground import Workspace, estimate_foreground
from streammat_kernels.layout import Colour

from . import pictures
from .pictures import RGB8
from .trial import Size, Trial

__all__ = ["foreground"]

EQUAL = 1.05  # times pymatting's error that count as the same
CODES = Colour(full_range=True)  # pymatting knows no other


def foreground(size: Size, sets: Callable[[int], int], bands: Bands | None) -> Trial:
    """Known colours over a known background; errors are of the mixture's band, in 8-bit codes."""
    alpha = pictures.alpha(size.height, size.width)
    truth, mixture = _truth(size, alpha)
    count = mixture.nbytes + alpha.nbytes + 2 * mixture.nbytes
    number = sets(count)
    planes = [tuple(mixture.copy()) for _ in range(number)]
    mattes = [alpha.copy() for _ in range(number)]
    out = [np.zeros((3, size.height, size.width), np.uint16) for _ in range(number)]
    workspace = Workspace(size.height, size.width)

    def ours(index: int) -> None:
        estimate_foreground(
            planes[index], RGB8, CODES, mattes[index], out[index], workspace=workspace, bands=bands
        )

    picture = np.ascontiguousarray(mixture.transpose(1, 2, 0)) / 255.0
    share = alpha / 65535.0

    def pymatting(index: int) -> Any:
        del index
        from pymatting import estimate_foreground_ml

        return estimate_foreground_ml(picture, share)

    ours(0)
    band = (alpha > 0) & (alpha < 65535)
    facts = {
        "error_codes": _error(out[0] / 257.0, truth, alpha, band),
        "pymatting_error_codes": _error(
            pymatting(0).transpose(2, 0, 1) * 255.0, truth, alpha, band
        ),
    }
    equal = facts["error_codes"] <= EQUAL * facts["pymatting_error_codes"]
    return Trial(ours, count, {"pymatting": pymatting}, facts=facts, as_good=equal)


def _truth(size: Size, alpha: NDArray[np.uint16]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """(3, H, W) colours of the subject everywhere, and its mixture with a wall, grain included."""
    y, x = np.mgrid[0 : size.height, 0 : size.width]
    y, x = y / size.height, x / size.width
    grain = np.random.default_rng(8).normal(0, pictures.GRAIN, (3, size.height, size.width))
    subject = np.stack([150 - 50 * y + 40 * np.cos(14 * x - c) for c in range(3)])
    wall = np.stack([90 + 60 * x + 30 * np.sin(9 * y + 2 * c) for c in range(3)])
    mixture = wall + (subject - wall) * (alpha / 65535.0) + grain
    return subject, (mixture + 0.5).clip(0, 255).astype(np.uint8)


def _error(
    found: NDArray[Any], truth: NDArray[Any], alpha: NDArray[np.uint16], band: NDArray[np.bool_]
) -> float:
    """Mean absolute error in the band, weighted by alpha: what a composite would show."""
    weight = np.where(band, alpha / 65535.0, 0.0)
    return float((np.abs(found - truth).mean(axis=0) * weight).sum() / weight.sum())
