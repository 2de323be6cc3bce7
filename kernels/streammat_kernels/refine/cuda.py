"""Fusion, guided upsampling and smoothing in few launches, see refine.cuh.

Three without motion; with it four and those of ``motion.estimate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import taps
from ..fusion.cuda import FUSED, maps_of
from ..guided.cuda import (
    CellBuffers,
    blur_tables,
    buffers_of,
    cells_of,
    gaps_of,
    guide_of,
    tiles,
)
from ..guided.workspace import Workspace
from ..layout import PixelLayout
from ..runtime import QUAD, Runtime, Struct, plane, runtime_of, taps_of
from ..temporal.cuda import (
    THREADS,
    blend,
    find_motion,
    luma_of,
    moves,
    next_frame,
    past_of,
    trail_of,
)
from ..temporal.state import TemporalState

__all__ = ["refine"]


def refine(
    glance: Any,
    focus: Any,
    mode: str,
    fused: bool,
    planes: Sequence[Any],
    layout: PixelLayout,
    state: TemporalState,
    out: Any,
    strength: float,
    fresh: bool,
    follow: bool,
    workspace: Workspace,
) -> None:
    """See ``refine.refine``; arguments are checked, ``state`` is made anew when ``fresh``.

    ``fused``: focus is the alpha already.
    """
    run = runtime_of(out)
    rows, columns, height, width = workspace.sizes
    cells = buffers_of(run, workspace)
    next_frame(run, state, follow)
    blocks = state.luma.shape[1], state.luma.shape[0]
    maps = maps_of(run, glance, focus, FUSED if fused else mode)
    _measure(run, maps, planes, layout, state, cells, workspace)
    across, down = tiles(rows, columns)
    blur = blur_tables(run, workspace)
    both = state.previous_luma, state.luma
    # A fresh start has nothing to compare with: its luma is then compared with itself.
    compared = (state.luma, state.luma) if fresh else both
    run.blocks(
        "refine.solve_and_compare",
        (across, down + 1),
        THREADS,
        *cells,
        *blur,
        *(columns, rows),
        *compared,
        *blocks,
        state.verdict,
    )
    gaps = gaps_of(run, (rows, columns), (height, width))
    painting = *guide_of(run, planes, layout), cells_of(run, cells), gaps
    target = plane(run, out, what="out")
    if moves(state, strength, fresh, follow):
        find_motion(state)
        trail = trail_of(run, state)
        run.elements("refine.paint_and_recall", blocks, *painting, trail, target)
        blend(run, out, out, past_of(run, state, strength, fresh, moving=True))
    else:
        past = past_of(run, state, strength, fresh, moving=False)
        quads = -(-width // QUAD), height
        run.elements("refine.paint_and_smooth", quads, *painting, past, target, width, height)


def _measure(
    run: Runtime,
    maps: Struct,
    planes: Sequence[Any],
    layout: PixelLayout,
    state: TemporalState,
    cells: CellBuffers,
    workspace: Workspace,
) -> None:
    """The first launch: fused maps and guide of every cell, mean luma of every block."""
    rows, columns, height, width = workspace.sizes
    luma, scale = guide_of(run, planes, layout)
    blocks = state.luma.shape[1], state.luma.shape[0]
    run.elements(
        "refine.measure",
        (max(columns, blocks[0]), max(rows, blocks[1])),
        maps,
        luma,
        *(taps_of(run, taps.area(*axis)) for axis in ((height, rows), (width, columns))),
        scale,
        cells.alpha,
        cells.guide,
        columns,
        rows,
        luma_of(run, planes, layout)[1],
        state.luma,
        *blocks,
        width,
        height,
    )
