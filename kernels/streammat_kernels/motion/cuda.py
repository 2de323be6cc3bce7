"""Motion estimation on the GPU: one launch makes all levels, two solve each of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..runtime import Runtime, runtime_of
from .plan import level_size, plan
from .workspace import Workspace

__all__ = ["Buffers", "buffers_of", "estimate"]

_THREADS = 256  # of shrink: samples of the finest of five levels within one of the coarsest


class _Level(NamedTuple):
    """As `workspace.Level`, on the device; without maps where they are the caller's."""

    previous: Any
    current: Any
    start: Any
    solved: Any


class Buffers:
    """Both pyramids, one level after the other, and the vectors of every solved level."""

    def __init__(self, run: Runtime, rows: int, columns: int) -> None:
        finest, self.last = plan(rows, columns)
        self.first = max(finest, 1)
        sizes = {k: level_size(rows, columns, k) for k in range(finest, self.last + 1)}
        samples = sum(h * w for level, (h, w) in sizes.items() if level)
        self.previous, self.current = (run.empty((samples,), np.float32) for _ in range(2))
        self.levels: dict[int, _Level] = {}
        at = 0
        for level, (h, w) in sizes.items():
            before, now = (flat[at : at + h * w] if level else None for flat in self.pyramids)
            at += h * w if level else 0
            # What the coarsest level starts from, no motion, is written nowhere.
            start = run.empty((2, h, w), np.float32) if level < self.last else None
            self.levels[level] = _Level(before, now, start, run.empty((2, h, w), np.float32))

    @property
    def pyramids(self) -> tuple[Any, Any]:
        """Levels ``first`` to ``last`` of both maps."""
        return self.previous, self.current


def estimate(previous: Any, current: Any, shift: Any, out: Any, workspace: Workspace) -> None:
    """See ``motion.estimate``; arguments are checked, the maps have two rows and columns.

    ``shift``: a number, or an array on the device whose first float32 it is.
    """
    run = runtime_of(current)
    buffers = buffers_of(run, workspace)
    (rows, columns), last = workspace.size, buffers.last
    sizes = columns, rows, buffers.first, last
    if last >= buffers.first:
        squares = -(-columns >> last), -(-rows >> last)
        pyramids = previous, current, *buffers.pyramids
        run.blocks("motion.shrink", squares, _THREADS, *pyramids, *sizes)
    is_number = isinstance(shift, float | int | np.floating)
    brighter = (None, float(shift)) if is_number else (shift, 0.0)
    finest = min(buffers.levels)
    for index in range(last, finest - 1, -1):
        level = buffers.levels[index]
        maps = (level.previous, level.current) if index else (previous, current)
        h, w = level_size(rows, columns, index)
        run.elements("motion.solve", (w, h), *maps, *brighter, level.start, level.solved, w, h)
        is_last = index == finest
        factor, target = (1 << index, out) if is_last else (2, buffers.levels[index - 1].start)
        high, wide = target.shape[1:]
        run.elements("motion.settle", (wide, high), level.solved, w, h, factor, target, wide, high)


def buffers_of(run: Runtime, workspace: Workspace) -> Buffers:
    """The workspace's buffers on the device, made by its first use there."""
    if workspace.device is None or workspace.device[0] is not run:
        workspace.device = run, Buffers(run, *workspace.size)
    buffers: Buffers = workspace.device[1]
    return buffers
