"""Motion-gated smoothing on the GPU: three launches, and the decision on a cut stays there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layout import Family, PixelLayout
from ..runtime import QUAD, Runtime, Struct, plane, runtime_of
from .gates import keeps
from .state import TemporalState

__all__ = ["THREADS", "luma_of", "next_frame", "past_of", "smooth"]

THREADS = 512  # MOST_THREADS of temporal.cuh
_PAST = np.dtype(
    [("arrays", "u8", 4), ("size", "i4", 2), ("keep", "f4", 2), ("fresh", "i4"), ("_", "i4")]
)


def smooth(
    alpha: Any,
    planes: Sequence[Any],
    layout: PixelLayout,
    state: TemporalState,
    out: Any,
    strength: float,
    fresh: bool,
) -> None:
    """See ``temporal.smooth``; arguments are checked, ``state`` is made anew when ``fresh``."""
    run = runtime_of(alpha)
    height, width = alpha.shape
    next_frame(run, state)
    rows, columns = state.luma.shape
    luma, scale = luma_of(run, planes, layout)
    sizes = width, height, columns, rows
    run.elements("temporal.block_means", (columns, rows), luma, scale, state.luma, *sizes)
    past = past_of(run, state, strength, fresh)
    if not fresh:
        maps = state.previous_luma, state.luma
        run.blocks("temporal.compare", (1, 1), THREADS, *maps, columns, rows, state.verdict)
    run.elements(
        "temporal.blend",
        (-(-width // QUAD), height),
        plane(run, alpha),
        plane(run, out, what="out"),
        past,
        width,
        height,
    )


def next_frame(run: Runtime, state: TemporalState) -> None:
    """Turn the luma of this frame into that of the frame before; a host's state moves to the GPU.

    ``state.previous_luma`` is then the last frame's map, ``state.luma`` is to be written.
    """
    if state.verdict is None:
        state.verdict = run.empty((2,), np.float32)
        state.memory, state.luma, state.previous_luma = (
            run.upload(array) for array in (state.memory, state.luma, state.previous_luma)
        )
    state.luma, state.previous_luma = state.previous_luma, state.luma


def luma_of(run: Runtime, planes: Sequence[Any], layout: PixelLayout) -> tuple[Struct, float]:
    """Luma (green for RGB) and what makes 0..255 of its samples."""
    source = planes[1] if layout.family is Family.RGB else planes[0]
    return plane(run, source, what="planes"), 255.0 / (((1 << layout.bits) - 1) << layout.shift)


def past_of(run: Runtime, state: TemporalState, strength: float, fresh: bool) -> Struct:
    """``Past`` of temporal.cuh."""
    arrays = state.memory, state.previous_luma, state.luma, state.verdict
    record = np.zeros((), _PAST)
    record["arrays"] = [run.address(array) for array in arrays]
    record["size"] = state.luma.shape[1], state.luma.shape[0]
    record["keep"], record["fresh"] = keeps(strength), fresh or strength == 0
    return Struct(record)
