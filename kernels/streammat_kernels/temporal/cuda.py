"""Motion-compensated smoothing on the GPU; the decisions on cuts and vectors stay there.

Three launches without motion; with it those of ``motion.estimate`` and one that moves the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layout import Family, PixelLayout
from ..motion.cuda import buffers_of, estimate
from ..runtime import QUAD, Runtime, Struct, plane, runtime_of
from . import gates
from .state import TemporalState

__all__ = [
    "THREADS",
    "find_motion",
    "luma_of",
    "moves",
    "next_frame",
    "past_of",
    "smooth",
    "trail_of",
]

THREADS = 512  # MOST_THREADS of temporal.cuh
_PAST = np.dtype(
    [
        ("arrays", "u8", 7),
        ("size", "i4", 2),
        ("limits", "f4", (3, 4)),
        ("curves", "f4", (2, 3)),
        ("broad", "f4", 2),
        ("moving_share", "f4"),
        ("witness", "f4", 4),
        ("keep", "f4", 2),
        ("fresh", "i4"),
    ]
)
_TRAIL = np.dtype([("arrays", "u8", 9), ("size", "i4", 4), ("explained", "f4"), ("_", "i4")])


def smooth(
    alpha: Any,
    planes: Sequence[Any],
    layout: PixelLayout,
    state: TemporalState,
    out: Any,
    strength: float,
    fresh: bool,
    follow: bool,
) -> None:
    """See ``temporal.smooth``; arguments are checked, ``state`` is made anew when ``fresh``."""
    run = runtime_of(alpha)
    height, width = alpha.shape
    next_frame(run, state, follow)
    rows, columns = state.luma.shape
    luma, scale = luma_of(run, planes, layout)
    sizes = width, height, columns, rows
    run.elements("temporal.block_means", (columns, rows), luma, scale, state.luma, *sizes)
    if not fresh:
        maps = state.previous_luma, state.luma
        run.blocks("temporal.compare", (1, 1), THREADS, *maps, columns, rows, state.verdict)
    moving = moves(state, strength, fresh, follow)
    if moving:
        find_motion(state)
        trail = trail_of(run, state)
        run.elements("temporal.recall", (columns, rows), plane(run, alpha), trail)
    blend(run, alpha, out, past_of(run, state, strength, fresh, moving))


def blend(run: Runtime, alpha: Any, out: Any, past: Struct) -> None:
    """The last launch: alpha and memory become the new memory, and ``out``."""
    height, width = alpha.shape
    run.elements(
        "temporal.blend",
        (-(-width // QUAD), height),
        plane(run, alpha),
        plane(run, out, what="out"),
        past,
        width,
        height,
    )


def next_frame(run: Runtime, state: TemporalState, follow: bool) -> None:
    """Turn the luma of this frame into that of the frame before; a host's state moves to the GPU.

    ``state.previous_luma`` is then the last frame's map, ``state.luma`` is to be written. What only
    motion needs is made when ``follow`` is first asked for.
    """
    if state.verdict is None:
        state.verdict = run.empty((2,), np.float32)
        state.memory, state.luma, state.previous_luma = (
            run.upload(array) for array in (state.memory, state.luma, state.previous_luma)
        )
    if follow and state.motion.device is None:
        buffers_of(run, state.motion)
        blocks = state.luma.shape
        state.found, state.vectors = (run.empty((2, *blocks), np.float32) for _ in range(2))
        state.residual, state.difference = (run.empty(blocks, np.float32) for _ in range(2))
        state.other_memory = run.empty(state.memory.shape, np.float32)
    state.luma, state.previous_luma = state.previous_luma, state.luma


def moves(state: TemporalState, strength: float, fresh: bool, follow: bool) -> bool:
    """Whether the memory is moved with the picture; a cut is known on the GPU only."""
    return follow and not fresh and strength > 0 and min(state.luma.shape) >= 2


def find_motion(state: TemporalState) -> None:
    """Where each block was in the frame before; the shift of brightness is that of the verdict."""
    estimate(state.previous_luma, state.luma, state.verdict, state.found, state.motion)


def luma_of(run: Runtime, planes: Sequence[Any], layout: PixelLayout) -> tuple[Struct, float]:
    """Luma (green for RGB) and what makes 0..255 of its samples."""
    source = planes[1] if layout.family is Family.RGB else planes[0]
    return plane(run, source, what="planes"), 255.0 / (((1 << layout.bits) - 1) << layout.shift)


def trail_of(run: Runtime, state: TemporalState) -> Struct:
    """``Trail`` of temporal.cuh. The memory that it is moved into is the state's from here on."""
    state.memory, state.other_memory = state.other_memory, state.memory
    luma, found = (state.previous_luma, state.luma, state.verdict), state.found
    memories = state.other_memory, state.memory
    arrays = *luma, found, state.vectors, state.residual, *memories, state.difference
    record = np.zeros((), _TRAIL)
    record["arrays"] = [run.address(array) for array in arrays]
    record["size"] = *state.luma.shape[::-1], *state.memory.shape[::-1]
    record["explained"] = gates.EXPLAINED
    return Struct(record)


def past_of(
    run: Runtime, state: TemporalState, strength: float, fresh: bool, moving: bool
) -> Struct:
    """``Past`` of temporal.cuh; ``moving``: the memory has been moved with the picture."""
    luma = state.previous_luma, state.luma, state.verdict
    motion = (state.residual, state.difference, state.vectors) if moving else (None,) * 3
    record = np.zeros((), _PAST)
    record["arrays"] = [
        0 if array is None else run.address(array) for array in (state.memory, *motion, *luma)
    ]
    record["size"] = state.luma.shape[::-1]
    record["limits"] = gates.STILL, gates.MOVING, gates.BROAD
    record["curves"] = gates.NARROW_CURVE, gates.BROAD_CURVE
    record["broad"] = gates.BROAD_LOW, gates.BROAD_HIGH
    record["moving_share"] = gates.MOVING_SHARE
    record["witness"] = gates.WITNESS
    record["keep"], record["fresh"] = gates.keeps(strength), fresh or strength == 0
    return Struct(record)
