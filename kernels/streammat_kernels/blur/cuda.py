"""Background blur on the GPU, see blur.cuh; buffers belong to the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.cuda import fill, full_scale, linear, stored_terms
from ..colour.matrices import from_rgb_terms
from ..colour.transfer import encode_table
from ..composite.bits import table_bits
from ..composite.cuda import tables_of
from ..layout import Colour, Family, PixelLayout, Siting
from ..runtime import Runtime, Struct, plane, plane_triple, runtime_of, table_of
from .defocus import Workspace, coarseness, disc_spans, erosions, positions

__all__ = ["blur", "copy"]

_THREADS = 256  # PREFIX_THREADS of blur.cuh
_TRACE = 1e-4  # TRACE of blur.cuh


class _Grid:
    """Planes of every level of the pyramid at one coarseness."""

    def __init__(self, run: Runtime, height: int, width: int, factor: int) -> None:
        self.run, self.factor = run, factor
        self.sizes = [(-(-height // factor), -(-width // factor))]
        while max(self.sizes[-1]) > 1:
            rows, columns = self.sizes[-1]
            self.sizes.append(((rows + 1) // 2, (columns + 1) // 2))
        rows, columns = self.sizes[0]
        self.sums = run.empty((4, rows, columns), np.float32)
        self.clear = [run.empty((rows, columns), np.float32) for _ in range(2)]
        self.running = run.empty((4, rows, columns + 1), np.int32)
        self.blurred = run.empty((3, rows, columns), np.float32)
        self.images = [run.empty((4, *size), np.float32) for size in self.sizes]
        self.fills = [run.empty((3, *size), np.float32) for size in self.sizes]


def copy(planes: Sequence[Any], layout: PixelLayout, out: Sequence[Any]) -> None:
    """The plate as it is; an alpha plane becomes opaque."""
    run = runtime_of(planes[0])
    for target, source in zip(out, planes, strict=True):
        linear(run, source, target, (1.0, 0.0, full_scale(target), 0))
    if layout.alpha:
        _opaque(run, layout, out)


def blur(
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    alpha: Any,
    out: Sequence[Any],
    radius_px: float,
    workspace: Workspace,
) -> None:
    """See ``blur.blur_background``; arguments are checked."""
    run, factor = runtime_of(alpha), coarseness(radius_px)
    buffers = workspace.device
    if buffers is None or buffers.run is not run or buffers.factor != factor:
        buffers = workspace.device = _Grid(run, workspace.height, workspace.width, factor)
    _reduce(run, buffers, planes, layout, colour, alpha)
    _fill(run, buffers)
    _disc(run, buffers, layout, colour, radius_px / factor)
    _enlarge(run, buffers, layout, colour, out)
    if layout.alpha:
        _opaque(run, layout, out)


def _opaque(run: Runtime, layout: PixelLayout, out: Sequence[Any]) -> None:
    fill(run, out[-1], ((1 << layout.bits) - 1) << layout.shift)


def _reduce(
    run: Runtime,
    grid: _Grid,
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    alpha: Any,
) -> None:
    height, width = alpha.shape
    rows, columns = grid.sizes[0]
    is_rgb = layout.family in {Family.RGB, Family.GRAY}
    bits = table_bits(layout)
    chroma = (1, 1) if is_rgb else (layout.chroma_x, layout.chroma_y)
    source = np.zeros((), [("planes", np.uint8, 4 * 32), ("terms", "f4", 7), ("is_rgb", "i4")])
    parts = plane_triple(run, planes, layout, "planes").value
    matte = plane(run, alpha, what="alpha").value
    source["planes"] = np.concatenate([parts, matte[None]]).view(np.uint8)
    source["terms"] = stored_terms(layout, colour, (1 << bits) - 1).value
    source["is_rgb"] = is_rgb
    run.elements(
        "blur.reduce",
        (columns, rows),
        Struct(source),
        tables_of(run, colour.transfer, bits, layout.shift),
        Struct(np.array([*chroma, 0, 0, 0, 0], np.int32)),
        grid.factor,
        grid.sums,
        grid.clear[0],
        *(columns, rows, width, height),
    )
    size = columns, rows
    for _ in range(erosions(grid.factor)):
        run.elements("blur.erode", size, *grid.clear, *size)
        grid.clear.reverse()
    share = 1.0 / grid.factor**2
    run.elements("blur.keep", size, grid.sums, grid.clear[0], share, grid.images[0], *size)
    run.blocks("blur.prefix", (rows, 4), _THREADS, grid.images[0], grid.running, *size)


def _fill(run: Runtime, grid: _Grid) -> None:
    """Light for every block, from ever coarser neighbourhoods where there is no background."""
    for i in range(1, len(grid.sizes)):
        fine, small = grid.sizes[i - 1], grid.sizes[i]
        sizes = *fine[::-1], *small[::-1]
        run.elements("blur.pull", small[::-1], grid.images[i - 1], grid.images[i], *sizes)
    for i in range(len(grid.sizes) - 1, -1, -1):
        is_last = i + 1 == len(grid.sizes)
        coarse, size = None if is_last else grid.fills[i + 1], grid.sizes[i][::-1]
        sizes = *size, *(size if is_last else grid.sizes[i + 1][::-1])
        run.elements("blur.push", size, grid.images[i], coarse, grid.fills[i], *sizes)


def _disc(run: Runtime, grid: _Grid, layout: PixelLayout, colour: Colour, radius: float) -> None:
    spans = _spans(radius)
    run.elements(
        "blur.disc",
        grid.sizes[0][::-1],
        grid.running,
        grid.fills[0],
        table_of(run, spans),
        spans.size,
        _TRACE * float((2 * spans + 1).sum()),
        Struct(np.array(from_rgb_terms(layout, colour, 1.0), np.float32)),
        layout.family in {Family.RGB, Family.GRAY},
        table_of(run, encode_table(colour.transfer)),
        grid.blurred,
        *grid.sizes[0][::-1],
    )


def _enlarge(
    run: Runtime, grid: _Grid, layout: PixelLayout, colour: Colour, out: Sequence[Any]
) -> None:
    rows, columns = grid.sizes[0]
    height, width = out[0].shape
    across, down = colour.siting is not Siting.CENTER, colour.siting is Siting.TOPLEFT
    targets = plane_triple(run, out, layout, "out").value
    for c in range(1 if layout.family is Family.GRAY else 3):
        is_chroma = c > 0 and layout.family is not Family.RGB
        step_y, step_x = (layout.chroma_y, layout.chroma_x) if is_chroma else (1, 1)
        count = -(-height // step_y), -(-width // step_x)
        axes = [
            _positions(count[0], step_y, grid.factor, down and step_y > 1, rows),
            _positions(count[1], step_x, grid.factor, across and step_x > 1, columns),
        ]
        tables = [[run.address(table_of(run, table)) for table in axis] for axis in axes]
        run.elements(
            "blur.enlarge",
            count[::-1],
            grid.blurred[c],
            *(columns, rows),
            *(Struct(np.array(axis, np.uint64)) for axis in tables),
            Struct(targets[c : c + 1]),
            layout.shift,
            *count[::-1],
        )


@lru_cache(maxsize=32)
def _spans(radius: float) -> NDArray[np.int32]:
    return disc_spans(radius)


@lru_cache(maxsize=64)
def _positions(
    count: int, spacing: int, factor: int, cosited: bool, size: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    return positions(count, spacing, factor, cosited, size)
