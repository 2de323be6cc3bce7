"""Guided upsampling on the GPU in three launches: cells, five stencils on them at once, pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import taps
from ..layout import Family, PixelLayout
from ..resize.cuda import resize
from ..runtime import QUAD, Runtime, Struct, plane, runtime_of, table_of, taps_of
from .model import blur_diagonals
from .workspace import Workspace

__all__ = [
    "THREADS",
    "CellBuffers",
    "blur_tables",
    "buffers_of",
    "cells_of",
    "gaps_of",
    "guide_of",
    "guided_upsample",
    "tiles",
]

THREADS = 256
_TILE = (32, 16)  # cells, columns and rows, of a block: TILE_X and TILE_Y of guided.cuh
_CELLS = np.dtype([("planes", "u8", 3), ("size", "i4", 2)])


class CellBuffers(NamedTuple):
    """Planes of cells on the device, (rows, columns) float32 each."""

    alpha: Any
    guide: Any
    slope: Any
    offset: Any


def guided_upsample(
    alpha: Any, planes: Sequence[Any], layout: PixelLayout, out: Any, workspace: Workspace
) -> None:
    """See ``guided.guided_upsample``; arguments are checked, alpha is cut to its content."""
    run = runtime_of(alpha)
    height, width = out.shape
    alpha = _fitted(run, alpha, height, width)
    rows, columns = alpha.shape
    buffers = buffers_of(run, workspace)
    luma, scale = guide_of(run, planes, layout)
    run.elements(
        "guided.cells",
        (columns, rows),
        plane(run, alpha),
        luma,
        *(taps_of(run, taps.area(*axis)) for axis in ((height, rows), (width, columns))),
        scale,
        buffers.alpha,
        buffers.guide,
        columns,
        rows,
    )
    blur = blur_tables(run, workspace)
    run.blocks("guided.solve", tiles(rows, columns), THREADS, *buffers, *blur, columns, rows)
    run.elements(
        "guided.paint",
        (-(-width // QUAD), height),
        luma,
        scale,
        cells_of(run, buffers),
        gaps_of(run, (rows, columns), (height, width)),
        plane(run, out, what="out"),
        width,
        height,
    )


def tiles(rows: int, columns: int) -> tuple[int, int]:
    """Blocks of threads (across, down) that cover the cells."""
    return -(-columns // _TILE[0]), -(-rows // _TILE[1])


def guide_of(run: Runtime, planes: Sequence[Any], layout: PixelLayout) -> tuple[Struct, float]:
    """The plane that guides (luma, or green) and what makes 0..1 of its samples."""
    source = planes[1] if layout.family is Family.RGB else planes[0]
    return plane(run, source, what="planes"), 1.0 / (((1 << layout.bits) - 1) << layout.shift)


def buffers_of(run: Runtime, workspace: Workspace) -> CellBuffers:
    """The workspace's cells on the device, made by its first use there."""
    if workspace.device is None or workspace.device[0] is not run:
        shape = workspace.sizes[:2]
        cells = CellBuffers(*(run.empty(shape, np.float32) for _ in CellBuffers._fields))
        workspace.device = run, cells
    buffers: CellBuffers = workspace.device[1]
    return buffers


def blur_tables(run: Runtime, workspace: Workspace) -> tuple[Any, Any]:
    """``blur_diagonals`` of rows and columns, (3, n) float32 each, on the device."""
    rows, columns, height, width = workspace.sizes
    return table_of(run, _blur(rows, height)), table_of(run, _blur(columns, width))


def cells_of(run: Runtime, buffers: CellBuffers) -> Struct:
    """``Cells`` of guided.cuh."""
    record = np.zeros((), _CELLS)
    record["planes"] = [run.address(buffers[i]) for i in (0, 2, 3)]
    record["size"] = buffers.alpha.shape[1], buffers.alpha.shape[0]
    return Struct(record)


def gaps_of(run: Runtime, cells: tuple[int, int], pixels: tuple[int, int]) -> Struct:
    """``Gaps`` of guided.cuh."""
    tables = [_gaps(*sizes) for sizes in zip(cells, pixels, strict=True)]
    flat = [run.address(table_of(run, table)) for axis in tables for table in axis]
    return Struct(np.array(flat, np.uint64))


@lru_cache(maxsize=64)
def _gaps(small: int, large: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Per pixel: the gap between cell centres that it lies in (0 before the first) and where."""
    at = (np.arange(large) + 0.5) * (small / large) + 0.5
    gap = np.floor(at).astype(np.int32)
    return gap, (at - gap).astype(np.float32)


@lru_cache(maxsize=64)
def _blur(small: int, large: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(blur_diagonals(small, large), np.float32)


def _fitted(run: Runtime, alpha: Any, height: int, width: int) -> Any:
    """Area-averaged where the picture is the smaller one; rare, so it may allocate."""
    rows, columns = alpha.shape
    if rows <= height and columns <= width:
        return alpha
    small = run.empty((min(rows, height), min(columns, width)), np.float32)
    row_taps, column_taps = taps.area(rows, small.shape[0]), taps.area(columns, small.shape[1])
    resize(alpha, small, row_taps, column_taps, None)
    return small
