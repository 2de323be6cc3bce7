"""What temporal smoothing remembers from frame to frame; it belongs to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..motion.workspace import Workspace

__all__ = ["BLOCK_PX", "TILE_PX", "TemporalState", "block_size"]

BLOCK_PX = 4
"""Side of the blocks whose mean luma is remembered: averaging 16 samples quarters the noise."""


TILE_PX = 64
"""Width of the tiles, four rows high, that are skipped where they were and are solid."""


def block_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks that cover a picture; the last ones may be partial."""
    return -(-height // BLOCK_PX), -(-width // BLOCK_PX)


class TemporalState:
    """Memory of ``smooth``; reused in place from frame to frame.

    Attributes:
        memory: (H, W) float32, the smoothed alpha in code units, 0..65535.
        luma: (ceil(H / 4), ceil(W / 4)) float32, mean luma of each block, 0..255.
        previous_luma: the same of the frame before; scratch, not saved.
        found, vectors: (2, ceil(H / 4), ceil(W / 4)) float32, motion of each block, in blocks: as
            estimated, and as followed; scratch, as the next two are.
        residual, difference: (ceil(H / 4), ceil(W / 4)) float32, change of luma along the motion,
            and mean difference of the moved memory and alpha.
        other_memory, other_solid: the buffers that the next frame's memory is moved into.
        motion: buffers of ``motion.estimate``.
        solid: (ceil(H / 4), ceil(W / 64)) uint8, 1 where that tile of memory is all 0, 2 where it
            is all 65535, else 0.
        verdict: (2,) float32 on a GPU, written by the kernels: shift of brightness, 1 for a cut;
            None on the CPU.
    """

    __slots__ = (
        "_cut",
        "difference",
        "found",
        "luma",
        "memory",
        "motion",
        "other_memory",
        "other_solid",
        "previous_luma",
        "residual",
        "solid",
        "vectors",
        "verdict",
    )

    def __init__(self, height: int, width: int) -> None:
        blocks = block_size(height, width)
        self.memory: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self.luma: NDArray[np.float32] = np.zeros(blocks, np.float32)
        self.solid: NDArray[np.uint8] = np.zeros((blocks[0], -(-width // TILE_PX)), np.uint8)
        self.previous_luma: NDArray[np.float32] = np.zeros(blocks, np.float32)
        self.found: NDArray[np.float32] = np.zeros((2, *blocks), np.float32)
        self.vectors: NDArray[np.float32] = np.zeros((2, *blocks), np.float32)
        self.residual: NDArray[np.float32] = np.zeros(blocks, np.float32)
        self.difference: NDArray[np.float32] = np.zeros(blocks, np.float32)
        self.other_memory: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self.other_solid: NDArray[np.uint8] = np.zeros_like(self.solid)
        self.motion = Workspace(*blocks)
        self.verdict: Any = None
        self._cut: bool | None = False

    @property
    def cut(self) -> bool:
        """This frame started afresh because of a scene cut or a change of size.

        On a GPU, reading it waits for the frame's kernels.
        """
        return bool(_on_host(self.verdict)[1] != 0) if self._cut is None else self._cut

    @cut.setter
    def cut(self, value: bool | None) -> None:
        self._cut = value  # None: as the verdict on the device says

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Copies of everything that a later run needs, for ``numpy.savez`` and the like."""
        memory, luma = _on_host(self.memory), _on_host(self.luma)
        solid = self.solid.copy() if self.verdict is None else _solid_tiles(memory)
        return {"memory": memory, "luma": luma, "solid": solid}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> TemporalState:
        """The state that ``to_arrays`` described; smoothing goes on bit for bit.

        Raises:
            ShapeError: arrays are missing or do not belong together.
        """
        missing = {"memory", "luma", "solid"} - set(arrays)
        if missing:
            raise ShapeError(f"the saved state lacks {', '.join(sorted(missing))}; start afresh")
        memory = arrays["memory"]
        if memory.ndim != 2:
            raise ShapeError(f"the saved memory has shape {memory.shape}; it has to be (H, W)")
        state = cls(*memory.shape)
        for name in ("memory", "luma", "solid"):
            target, source = getattr(state, name), arrays[name]
            if source.shape != target.shape or source.dtype != target.dtype:
                raise ShapeError(
                    f"the saved {name} is {source.dtype} {source.shape}, not {target.dtype} "
                    f"{target.shape}; start afresh"
                )
            np.copyto(target, source)
        return state


def _on_host(array: Any) -> NDArray[np.float32]:
    """A copy of a NumPy or CuPy array.

    The kernels that write a CuPy array may run on another stream than the caller's current one,
    which ``get`` waits for; so all of its GPU is waited for.
    """
    if isinstance(array, np.ndarray):
        return array.copy()
    array.device.synchronize()
    return np.array(array.get())


def _solid_tiles(memory: NDArray[np.float32]) -> NDArray[np.uint8]:
    """``solid`` of a memory; GPUs need none, so they keep none."""
    rows, columns = range(0, memory.shape[0], BLOCK_PX), range(0, memory.shape[1], TILE_PX)
    low = np.minimum.reduceat(np.minimum.reduceat(memory, rows, axis=0), columns, axis=1)
    high = np.maximum.reduceat(np.maximum.reduceat(memory, rows, axis=0), columns, axis=1)
    return np.where(high == 0, 1, np.where(low == 65535, 2, 0)).astype(np.uint8)
