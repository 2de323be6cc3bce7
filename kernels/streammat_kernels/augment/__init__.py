"""Training samples in batches: composition, crop and targets of RSSN, after decoding."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..regions import MAX_ELEMENT_PX
from .plan import SamplePlan

__all__ = ["RssnBatch", "SamplePlan", "rssn_batch"]


class RssnBatch(NamedTuple):
    """A batch, uint8, 0..255: colours (B, 3, s, s) R'G'B', the rest (B, s, s).

    ``trimap`` is 0, 128 or 255 and levels in between where the crop was scaled; ``dilation`` and
    ``erosion`` are the supports of BT's and FT's glance.
    """

    image: NDArray[np.uint8]
    foreground: NDArray[np.uint8]
    background: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    trimap: NDArray[np.uint8]
    dilation: NDArray[np.uint8]
    erosion: NDArray[np.uint8]


@takes_any_array
def rssn_batch(
    foregrounds: Sequence[NDArray[np.uint8]],
    backgrounds: Sequence[NDArray[np.uint8]],
    alphas: Sequence[NDArray[np.uint8]],
    plans: Sequence[SamplePlan],
    size_px: int = 320,
    *,
    trimap_px: int = 25,
    rosta_px: int = 50,
    pool: Executor | None = None,
) -> RssnBatch:
    """Compose, crop and label a batch of decoded pictures.

    For each sample, in the order of GFM's RSSN route (Li et al., IJCV 2021, section 5): the
    background is scaled to the foreground's size, both are denoised, the background is blurred with
    a box as by a large aperture, the composite is formed and cut to whole levels, and the same
    noise is added to composite, foreground and background. Trimap and the dilated and eroded
    supports (`regions`) are those of the whole alpha. All seven are then cropped, mirrored and
    scaled linearly.
    What no pixel of the crop depends on is never computed. `reference.rssn_sample` is the
    definition; the result is within one level of it.

    Args:
        foregrounds: (H, W, 3) uint8 R'G'B' each, at least one.
        backgrounds: (h, w, 3) uint8 each, any size.
        alphas: (H, W) uint8 each, 255 = opaque; all 0 and all 255 are allowed.
        plans: the decisions, one a sample.
        size_px: side s of the result.
        trimap_px, rosta_px: sides of the elliptic elements, 1..126 px.
        pool: samples run on its threads; None runs them here. The result is the same. On a GPU
            they run one after the other on the current stream, in buffers of CuPy's pool.

    Raises:
        ShapeError: arrays or plans that do not belong together.
    """
    _check(foregrounds, backgrounds, alphas, plans)
    if size_px < 1:
        raise ShapeError(f"size_px is {size_px}: it must be 1 or more")
    count, like = len(plans), foregrounds[0]
    colours = empty((count, 3, 3, size_px, size_px), np.uint8, like)
    grey = empty((count, 4, size_px, size_px), np.uint8, like)
    kernels_px = trimap_px, rosta_px
    for name, size in (("trimap_px", trimap_px), ("rosta_px", rosta_px)):
        if not 1 <= size <= MAX_ELEMENT_PX:
            raise ShapeError(f"{name} is {size}: it must be 1..{MAX_ELEMENT_PX}")
    fill_sample = backend(__name__, like, host="launch").fill_sample

    def one(index: int) -> None:
        fill_sample(
            *(_packed(pictures[index]) for pictures in (foregrounds, backgrounds, alphas)),
            plans[index],
            kernels_px,
            colours[index],
            grey[index],
        )

    serial = pool is None or is_cuda(like)
    list(map(one, range(count)) if serial or pool is None else pool.map(one, range(count)))
    return RssnBatch(*(colours[:, k] for k in range(3)), *(grey[:, k] for k in range(4)))


def _packed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """C-contiguous, wherever it lies."""
    return picture if picture.flags.c_contiguous else picture.copy()


def _check(
    foregrounds: Sequence[NDArray[Any]],
    backgrounds: Sequence[NDArray[Any]],
    alphas: Sequence[NDArray[Any]],
    plans: Sequence[SamplePlan],
) -> None:
    counts = {len(foregrounds), len(backgrounds), len(alphas), len(plans)}
    if len(counts) != 1 or not plans:
        raise ShapeError(
            f"{len(foregrounds)} foregrounds, {len(backgrounds)} backgrounds, {len(alphas)} alphas "
            f"and {len(plans)} plans: pass the same number of each, at least one"
        )
    for index, (fg, bg, alpha, plan) in enumerate(
        zip(foregrounds, backgrounds, alphas, plans, strict=True)
    ):
        where = f"sample {index}"
        for name, picture in (("foreground", fg), ("background", bg)):
            if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
                raise ShapeError(
                    f"{where}: the {name} is {picture.dtype} {picture.shape}; "
                    "an array (H, W, 3) of uint8 is needed"
                )
        if alpha.shape != fg.shape[:2] or alpha.dtype != np.uint8:
            raise ShapeError(
                f"{where}: the alpha is {alpha.dtype} {alpha.shape}; "
                f"uint8 {fg.shape[:2]}, as the foreground, is needed"
            )
        _check_plan(plan, alpha.shape, where)


def _check_plan(plan: SamplePlan, size: tuple[int, ...], where: str) -> None:
    inside = (
        plan.x >= 0
        and plan.y >= 0
        and plan.side >= 1
        and plan.x + plan.side <= size[1]
        and plan.y + plan.side <= size[0]
    )
    if not inside:
        raise ShapeError(
            f"{where}: the crop of {plan.side} px at x {plan.x}, y {plan.y} leaves the picture of "
            f"{size[1]}x{size[0]} pixels"
        )
    if plan.blur_px < 0 or plan.noise_sigma < 0:
        raise ShapeError(
            f"{where}: blur of {plan.blur_px} px and noise of {plan.noise_sigma} levels; "
            "both must be 0 or more"
        )
