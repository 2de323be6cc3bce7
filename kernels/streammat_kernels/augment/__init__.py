"""Training samples in batches: composition, crop and targets of RSSN, after decoding."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..regions import MAX_ELEMENT_PX
from .patch import Patch
from .plan import SamplePlan

__all__ = ["Patch", "RssnBatch", "SamplePlan", "rssn_batch"]

Picture = NDArray[np.uint8] | Patch


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
    foregrounds: Sequence[Picture],
    backgrounds: Sequence[Picture],
    alphas: Sequence[Picture],
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
        alphas: (H, W) uint8 each, 255 = opaque; all 0 and all 255 are allowed. On a GPU a picture
            may be a ``Patch`` of at least what ``plan.needed`` names; see `staged.RssnStage`.
        plans: the decisions, one a sample.
        size_px: side s of the result.
        trimap_px, rosta_px: sides of the elliptic elements, 1..126 px.
        pool: samples run on its threads; None runs them here. The result is the same. On a GPU
            it means nothing: up to 16 samples are a launch, on the current stream, in buffers of
            CuPy's pool.

    Raises:
        ShapeError: arrays or plans that do not belong together.
    """
    _check(foregrounds, backgrounds, alphas, plans)
    if size_px < 1:
        raise ShapeError(f"size_px is {size_px}: it must be 1 or more")
    kernels_px = trimap_px, rosta_px
    for name, size in (("trimap_px", trimap_px), ("rosta_px", rosta_px)):
        if not 1 <= size <= MAX_ELEMENT_PX:
            raise ShapeError(f"{name} is {size}: it must be 1..{MAX_ELEMENT_PX}")
    count, like = len(plans), _pixels(foregrounds[0])
    colours = empty((count, 3, 3, size_px, size_px), np.uint8, like)
    grey = empty((count, 4, size_px, size_px), np.uint8, like)
    pictures = [
        [_packed(picture) for picture in part] for part in (foregrounds, backgrounds, alphas)
    ]
    fill_batch = backend(__name__, like, host="launch").fill_batch
    fill_batch(*pictures, plans, kernels_px, colours, grey, pool)
    return RssnBatch(*(colours[:, k] for k in range(3)), *(grey[:, k] for k in range(4)))


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = picture.pixels if isinstance(picture, Patch) else picture
    return pixels


def _size(picture: Picture) -> tuple[int, ...]:
    """H, W of the whole picture."""
    if isinstance(picture, Patch):
        return picture.height, picture.width
    return picture.shape[:2]


def _packed(picture: Picture) -> Picture:
    """C-contiguous, wherever it lies."""
    if isinstance(picture, Patch):
        if not is_cuda(picture.pixels) or not picture.pixels.flags.c_contiguous:
            raise ShapeError(
                "a patch has to be contiguous and lie on a GPU; pass the whole picture"
            )
        return picture
    return picture if picture.flags.c_contiguous else picture.copy()


def _check(
    foregrounds: Sequence[Picture],
    backgrounds: Sequence[Picture],
    alphas: Sequence[Picture],
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
        for name, pixels in (("foreground", _pixels(fg)), ("background", _pixels(bg))):
            if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
                raise ShapeError(
                    f"{where}: the {name} is {pixels.dtype} {pixels.shape}; "
                    "an array (H, W, 3) of uint8 is needed"
                )
        matte, size = _pixels(alpha), _size(alpha)
        if size != _size(fg) or matte.ndim != 2 or matte.dtype != np.uint8:
            raise ShapeError(
                f"{where}: the alpha is {matte.dtype} {size}; "
                f"uint8 {_size(fg)}, as the foreground, is needed"
            )
        _check_plan(plan, size, where)


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
