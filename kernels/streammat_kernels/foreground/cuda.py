"""Multi-level foreground estimation on the GPU: coarse levels in one launch, the rest by sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.cuda import linear, to_rgb
from ..colour.transfer import encode_table, linear_table
from ..layout import Colour, PixelLayout
from ..runtime import Runtime, Struct, runtime_of, table_of
from .multilevel import DENSE, RELIGHT_GIVE, SEED, Workspace, sweeps_for

__all__ = ["estimate_foreground"]

_THREADS = 512  # COARSE_THREADS of foreground.cuh
_MOST_LEVELS = 8
_LEVEL = np.dtype(
    [
        ("image", "u8"),
        ("alpha", "u8"),
        ("foreground", "u8", 2),
        ("background", "u8", 2),
        ("height", "i4"),
        ("width", "i4"),
    ]
)
_PYRAMID = np.dtype(
    [
        ("levels", _LEVEL, _MOST_LEVELS),
        ("alphas", "u8", _MOST_LEVELS),
        ("sweeps", "i4", _MOST_LEVELS),
        ("count", "i4"),
        ("unused", "i4"),
    ]
)


class _Buffers:
    """Planes of every level on the device; the finest foreground is the caller's ``out``."""

    def __init__(self, run: Runtime, workspace: Workspace) -> None:
        self.run = run
        self.sizes = workspace.sizes
        self.image, self.alpha, self.foreground, self.background = [], [], [], []
        for height, width in self.sizes:
            planes = [run.empty((3, height, width), np.uint16) for _ in range(5)]
            self.image.append(planes[0])
            self.foreground.append(planes[1:3])
            self.background.append(planes[3:5])
            self.alpha.append(run.empty((height, width), np.uint16))

    def records(self, alpha: Any, out: Any) -> NDArray[Any]:
        """``Level`` of foreground.cuh for every level."""
        at = self.run.address
        levels = np.zeros(len(self.sizes), _LEVEL)
        for i, level in enumerate(levels):
            level["image"] = at(self.image[i])
            level["alpha"] = at(alpha if i == 0 else self.alpha[i])
            level["foreground"] = [at(plane) for plane in self.foreground[i]]
            level["background"] = [at(plane) for plane in self.background[i]]
            level["height"], level["width"] = self.sizes[i]
        levels[0]["foreground"][0] = at(out)
        return levels


def estimate_foreground(
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    alpha: Any,
    out: Any,
    linear_light: bool,
    workspace: Workspace,
) -> None:
    """See ``foreground.estimate_foreground``; arguments are checked."""
    run = runtime_of(alpha)
    if workspace.device is None or workspace.device.run is not run:
        workspace.device = _Buffers(run, workspace)
    buffers: _Buffers = workspace.device
    if not alpha.flags.c_contiguous:
        linear(run, alpha, buffers.alpha[0], (1.0, 0.0, 65535.0, 0))
        alpha = buffers.alpha[0]
    to_rgb(planes, layout, colour, buffers.image[0], None)
    records = buffers.records(alpha, out)
    first = next(i for i, size in enumerate(buffers.sizes) if i > 0 and max(size) <= SEED)
    for i in range(first):
        fine, coarse = Struct(records[i : i + 1]), Struct(records[i + 1 : i + 2])
        height, width = buffers.sizes[i + 1]
        run.elements("foreground.halve", (width, height), fine, coarse, buffers.alpha[i + 1])
    _solve_coarse(run, buffers, records, first)
    for i in range(first - 1, -1, -1):
        height, width = buffers.sizes[i]
        fine, coarse = Struct(records[i : i + 1]), Struct(records[i + 1 : i + 2])
        run.elements("foreground.seed", (width, height), coarse, fine, i == 0)
        _relax(run, fine, (height, width), i == 0)
    if linear_light:
        light, code = linear_table(colour.transfer, 16), encode_table(colour.transfer)
        run.elements(
            "foreground.relight",
            (out.shape[2], out.shape[1]),
            Struct(records[:1]),
            out,
            table_of(run, light),
            table_of(run, code),
            RELIGHT_GIVE,
        )


def _solve_coarse(run: Runtime, buffers: _Buffers, records: NDArray[Any], first: int) -> None:
    """Levels from ``first`` on, in one block of threads."""
    pyramid = np.zeros((), _PYRAMID)
    count = len(buffers.sizes) - first
    pyramid["count"] = count
    pyramid["levels"][:count] = records[first:]
    pyramid["alphas"][:count] = [run.address(alpha) for alpha in buffers.alpha[first:]]
    pyramid["sweeps"][:count] = [sweeps_for(*size) for size in buffers.sizes[first:]]
    run.blocks("foreground.solve_coarse", (1, 1), _THREADS, Struct(pyramid))


def _relax(run: Runtime, level: Struct, size: tuple[int, int], finest: bool) -> None:
    """Sweeps over even, then odd rows; each half sweep writes the other copy of its rows."""
    height, width = size
    band_only = finest or max(size) > DENSE
    copies = [0, 0]
    for half in range(2 * sweeps_for(height, width)):
        parity = half % 2
        rows = (height - parity + 1) // 2
        if rows:
            settings = parity, copies[parity], copies[1 - parity], band_only
            run.elements("foreground.relax", (width, rows), level, *settings)
        copies[parity] ^= 1
