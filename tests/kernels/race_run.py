"""Run the kernels that have barriers with eight real threads a block, for ThreadSanitizer.

Started by test_cuda_races.py in a process of its own, with the sanitizer's library preloaded::

    python -m tests.kernels.race_run UNIT=LIBRARY ...
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from streammat_kernels import blur, foreground, guided, merge, motion, refine, runtime, temporal
from streammat_kernels.layout import Colour, Family, PixelLayout
from tests.kernels.host_cuda import HostCuda
from tests.tolerances import FUSED_CODES

GRAY = PixelLayout(Family.GRAY, 1, 1, 8)
MERGER = ((16, 3), (16,), (4, 16), (16, 4), (16,), (1,))  # what RIM's has
CODES = 65535


class Threaded(HostCuda):
    """Blocks run on the threaded libraries; element kernels, which share nothing, as ever."""

    def __init__(self, libraries: dict[str, ctypes.CDLL]) -> None:
        super().__init__()
        self._threaded = libraries

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        unit, _, name = kernel.partition(".")
        pointers, kept = runtime.pack(args, self.address)
        getattr(self._threaded[unit], f"launch_{name}")(pointers, *count, 1)
        del kept


def results() -> dict[str, np.ndarray[Any, Any]]:
    """What the ops with barriers make of small pictures."""
    dice = np.random.default_rng(0)
    luma = dice.integers(0, 256, (41, 90), np.uint8)
    small = dice.random((21, 40), np.float32)
    glance = dice.random((3, 21, 40), np.float32)
    alpha = dice.integers(0, 65536, (41, 90)).astype(np.uint16)
    found: dict[str, np.ndarray[Any, Any]] = {"guided": guided.guided_upsample(small, [luma], GRAY)}
    state, fused = None, None
    for brightness in (0, 3):
        smoothed, refined = alpha.copy(), np.empty_like(alpha)
        state = temporal.smooth(smoothed, [luma // 2 + brightness], GRAY, state)
        fused = refine.refine(glance, small, [luma // 2 + brightness], GRAY, fused, refined)
        found |= {f"temporal {brightness}": smoothed, f"refine {brightness}": refined}
    assert state is not None
    found["foreground"] = foreground.estimate_foreground([luma], GRAY, Colour(), alpha)
    blurred = np.empty_like(luma)
    blur.blur_background([luma], GRAY, Colour(), alpha // 16, [blurred], strength=1)
    weights = merge.MergeWeights(*(dice.standard_normal(shape) for shape in MERGER))
    merged = merge.merge(small, small * small, 1 - small, weights)
    found["motion"] = np.asarray(CODES * motion.estimate(255 * small, 255 * merged), np.int64)
    return found | {"blur": blurred, "merge": np.asarray(merged * CODES, np.int64)}


def main(arguments: list[str]) -> None:
    """Compare with one thread a block; the sanitizer ends the process where it finds a race."""
    pairs = [argument.split("=") for argument in arguments]
    runtime.stand_in = HostCuda()
    expected = results()
    runtime.stand_in = Threaded({unit: ctypes.CDLL(path) for unit, path in pairs})
    for name, value in results().items():
        worst = np.abs(value.astype(int) - expected[name]).max()
        assert worst <= FUSED_CODES, f"{name} depends on the number of threads: {worst} codes"
    print("no races")


if __name__ == "__main__":
    main(sys.argv[1:])
