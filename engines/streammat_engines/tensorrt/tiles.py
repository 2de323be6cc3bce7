"""An engine of a small size stands in for a large one: overlapping tiles, blended.

The last resort when the GPU's memory is too small. Each tile sees its own part only, so a subject
far larger than a tile is matted less surely than in one piece; the pictures are the same size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import Engine, Ticket, run
from ..errors import EngineError
from ..manifest import Manifest, TensorSpec

__all__ = ["TiledEngine", "tile_starts"]


@dataclass(frozen=True, slots=True)
class _Done:
    engine: TiledEngine


@dataclass(frozen=True, slots=True)
class _Tile:
    top: int
    left: int
    weight: Any  # (1, 1, tile, tile), sums to 1 with its neighbours


class TiledEngine:
    """Runs one picture of any size through an engine of one tile; satisfies `Engine`.

    Args:
        engine: for batch 1 of (tile_px, tile_px).
        height, width: of the picture, each at least ``tile_px``.
        overlap_px: of neighbouring tiles at least; less than half of ``tile_px``.
        xp: array module, cupy or numpy.

    Raises:
        EngineError: sizes that do not go together.
    """

    def __init__(
        self,
        engine: Engine,
        height: int,
        width: int,
        overlap_px: int = 64,
        xp: Any = np,
    ) -> None:
        tile_px = engine.manifest.inputs[0].shape[-1]
        if not 0 <= overlap_px < tile_px / 2 or min(height, width) < tile_px:
            raise EngineError(
                f"{width}x{height} cannot be cut into tiles of {tile_px} with {overlap_px} shared"
            )
        self._engine, self._side = engine, tile_px
        self.requests = 1
        self.manifest = _resized(engine.manifest, height, width)
        self._rgb = xp.zeros((1, 3, tile_px, tile_px), np.float32)
        self._out = {t.name: xp.zeros(t.shape, np.float32) for t in engine.manifest.outputs}
        rows = list(_ramps(height, tile_px, overlap_px))
        columns = list(_ramps(width, tile_px, overlap_px))
        self._tiles = [
            _Tile(top, left, xp.asarray(np.outer(down, across)[None, None]))
            for top, down in rows
            for left, across in columns
        ]

    def submit(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> _Done:
        """Compute one picture; it is done when this returns. See `Engine.submit`."""
        self.run(inputs, outputs)
        return _Done(self)

    def wait(self, ticket: Ticket) -> None:
        """Nothing is left to wait for; see `Engine.wait`."""
        if ticket.engine is not self:
            raise EngineError("a ticket is redeemed at the engine that gave it")

    def close(self) -> None:
        """Free the tile's engine; may be called again."""
        self._engine.close()

    def run(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Fill ``outputs`` (1, C, H, W) from ``inputs["rgb"]`` (1, 3, H, W)."""
        for out in outputs.values():
            out[...] = 0
        for tile in self._tiles:
            place = (
                ...,
                slice(tile.top, tile.top + self._side),
                slice(tile.left, tile.left + self._side),
            )
            self._rgb[...] = inputs["rgb"][place]
            run(self._engine, {"rgb": self._rgb}, self._out)
            for name, part in self._out.items():
                outputs[name][place] += part * tile.weight


def _resized(manifest: Manifest, height: int, width: int) -> Manifest:
    """The tile's manifest with the picture's shapes."""

    def shaped(specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(t.name, (*t.shape[:2], height, width)) for t in specs)

    options = {**manifest.options, "tiles": str(manifest.inputs[0].shape[-1])}
    inputs, outputs = shaped(manifest.inputs), shaped(manifest.outputs)
    return replace(manifest, inputs=inputs, outputs=outputs, options=options)


def tile_starts(length: int, tile_px: int, overlap_px: int) -> list[int]:
    """Where tiles begin: evenly spread, the last ends with the picture."""
    count = max(1, -(-(length - overlap_px) // (tile_px - overlap_px)))
    if count == 1:
        return [0]
    return [round(i * (length - tile_px) / (count - 1)) for i in range(count)]


def _ramps(length: int, tile_px: int, overlap_px: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each tile's start and its weights along one axis; all weights of a pixel sum to 1."""
    starts = tile_starts(length, tile_px, overlap_px)
    inside = np.arange(tile_px) + 0.5
    hat = np.minimum(inside, tile_px - inside)  # rises from both ends, so seams are soft
    total = np.zeros(length)
    for start in starts:
        total[start : start + tile_px] += hat
    for start in starts:
        yield start, (hat / total[start : start + tile_px]).astype(np.float32)
