"""Clean foregrounds for training: colours spread from where alpha is high to where it is low."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..dispatch import is_cuda, takes_any_array
from ..errors import ShapeError
from .reference import shrink

__all__ = ["MIN_SIDE_PX", "SolveMode", "reestimate_foreground"]

SolveMode = Literal["legacy", "converged"]
LEVELS = 5
FINEST_SWEEPS = 20
MIN_SIDE_PX = 2 << LEVELS  # two pixels at the coarsest level
OMEGA = 1.9
SMALLEST_CHANGE = 2.0**-14  # a 64th of an 8-bit level: the rest of the way is below one level
MAX_SWEEPS = 4000


@takes_any_array
def reestimate_foreground(
    foreground: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    mode: SolveMode = "legacy",
    *,
    bands: Bands | None = None,
) -> NDArray[np.uint8]:
    """Foreground colours re-estimated as for the training of LSA-Matting.

    Minimises, for each channel, the sum of ``(a F - a F0)^2`` and of ``(1 - a)^2 (F_i - F_j)^2``
    over the four neighbours j: what is opaque stays, colours of a foreign background in hair are
    replaced by those of the hair. Solved from coarse to fine over six levels.

    Source: the foreground re-estimation of LSA-Matting (ICME 2022, arXiv:2112.13809), in the
    variant of its released script.

    Args:
        foreground: (H, W, 3) uint8, the data set's foreground; both sides at least 64 px.
        alpha: (H, W) uint8, 255 = opaque. All 0 and all 255 are allowed.
        mode: ``legacy`` takes the released script's counts of sweeps (640, 320 ... 20), which stop
            well before the minimum, and gives its pixels; ``converged`` goes on, by
            over-relaxation, until no colour changes by a 64th of a level.
        bands: row bands on a pool for the legacy sweeps; changes no bit. Means nothing on a GPU.

    Returns:
        (H, W, 3) uint8, cut (not rounded) to whole levels as released.

    Raises:
        ShapeError: arrays that do not belong together, or a side below 64 px.
    """
    _check(foreground, alpha)
    given, share = foreground / 255.0, alpha / 255.0
    weighted = share[..., None] * given
    estimate = _pyramid(given, weighted, share, bands)
    if mode == "converged":
        _converge(estimate, weighted, share)
    levels: NDArray[np.uint8] = (estimate.clip(0, 1) * 255).astype(np.uint8)
    return levels


def _pyramid(
    given: NDArray[np.float64],
    weighted: NDArray[np.float64],
    alpha: NDArray[np.float64],
    bands: Bands | None,
) -> NDArray[np.float64]:
    H, W = alpha.shape
    estimate = given
    for level in range(LEVELS, -1, -1):
        height, width = H >> level, W >> level
        estimate, small = (_at(values, height, width) for values in (estimate, weighted))
        share = _at(alpha[..., None], height, width)[..., 0].copy()
        estimate = _sweeps(estimate, small, share, FINEST_SWEEPS << level, bands)
    return estimate


def _at(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """At another size, C-contiguous, where it lies."""
    if not is_cuda(values):
        return np.ascontiguousarray(shrink(values, height, width))
    from .cuda import beside

    return shrink(values, height, width, partial(beside, like=values)).copy()


def _sweeps(
    estimate: NDArray[np.float64],
    weighted: NDArray[np.float64],
    alpha: NDArray[np.float64],
    count: int,
    bands: Bands | None,
) -> NDArray[np.float64]:
    if is_cuda(estimate):
        from . import cuda

        swept: NDArray[np.float64] = cuda.sweeps(estimate, weighted, alpha, count)
        return swept
    from .cpu import jacobi_rows

    before, after = estimate, np.empty_like(estimate)
    for _ in range(count):
        source, target = before, after

        def rows(first: int, end: int) -> None:
            jacobi_rows(source, weighted, alpha, target, first, end)  # noqa: B023

        run_bands(rows, alpha.shape[0], bands)
        before, after = after, before
    return before


def _converge(
    estimate: NDArray[np.float64], weighted: NDArray[np.float64], alpha: NDArray[np.float64]
) -> None:
    if is_cuda(estimate):
        from . import cuda

        cuda.converge(estimate, weighted, alpha, OMEGA, SMALLEST_CHANGE, MAX_SWEEPS)
        return
    from .cpu import relax

    for _ in range(MAX_SWEEPS):
        if relax(estimate, weighted, alpha, OMEGA) < SMALLEST_CHANGE:
            return


def _check(foreground: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    if foreground.ndim != 3 or foreground.shape[2] != 3 or foreground.dtype != np.uint8:
        raise ShapeError(
            f"the foreground is {foreground.dtype} {foreground.shape}; "
            "an array (H, W, 3) of uint8 is needed"
        )
    if alpha.shape != foreground.shape[:2] or alpha.dtype != np.uint8:
        raise ShapeError(
            f"the alpha is {alpha.dtype} {alpha.shape}; uint8 {foreground.shape[:2]} is needed"
        )
    if min(alpha.shape) < MIN_SIDE_PX:
        raise ShapeError(
            f"the picture is {alpha.shape[1]}x{alpha.shape[0]} pixels: both sides have to be "
            f"{MIN_SIDE_PX} or more, for the coarsest level"
        )
