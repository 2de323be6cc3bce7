"""Which part of each picture a training sample takes, and pictures of which only that is there."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..taps import area
from .plan import SamplePlan, Span, reach
from .reference import DENOISE_WINDOW_PX

__all__ = ["Needed", "Patch", "needed"]


class Patch(NamedTuple):
    """The part of a picture that lies on a GPU; ``needed`` says which part a sample takes."""

    pixels: Any  # (rows, columns, 3) or (rows, columns) uint8, C-contiguous
    top: int
    left: int
    height: int  # of the whole picture, px
    width: int


class Needed(NamedTuple):
    """Rows and columns that a sample takes of each picture, in that picture's own pixels."""

    foreground: tuple[Span, Span]
    background: tuple[Span, Span]
    matte: tuple[Span, Span]
    box: tuple[Span, Span]  # of the background at the foreground's size, where it is denoised
    fitted: tuple[Span, Span]  # the same with the denoising's reach


def needed(
    plan: SamplePlan, size: Span, background_size: Span, kernels_px: tuple[int, int]
) -> Needed:
    """What a sample's crop depends on.

    Args:
        plan: the decisions.
        size: H, W of foreground and alpha.
        background_size: H, W of the background as it comes.
        kernels_px: sides of the elements of trimap and RoSTa.
    """
    corner, side = (plan.y, plan.x), plan.side
    calm = DENOISE_WINDOW_PX // 2
    before = plan.blur_px // 2
    own = calm if plan.denoise_foreground > 0 else 0
    others = calm if plan.denoise_background > 0 else 0

    def around(margin: int) -> tuple[Span, Span]:
        rows, columns = (
            reach(start, side, margin, margin, limit)
            for start, limit in zip(corner, size, strict=True)
        )
        return rows, columns

    fitted = around(before + others)
    background = fitted
    if size != background_size:
        down, across = (
            _source_of(span, taps_of, limit)
            for span, taps_of, limit in zip(fitted, background_size, size, strict=True)
        )
        background = down, across
    matte = around(max(kernels_px) // 2)
    return Needed(around(own), background, matte, around(before), fitted)


def _source_of(span: Span, size_in: int, size_out: int) -> Span:
    """Source positions of outputs ``span`` of an area filter, and one more to either side."""
    taps = area(size_in, size_out)
    first, last = int(taps.start[span[0]]), int(taps.start[span[1] - 1])
    return max(first - 1, 0), min(last + taps.weights.shape[1] + 1, size_in)
