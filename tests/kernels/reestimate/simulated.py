"""Run the numba.cuda kernels in Numba's simulator; started with NUMBA_ENABLE_CUDASIM=1.

Compares a sweep with the reference, convergence with the CPU's, and the way through the public op.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streammat_kernels import reestimate, runtime
from streammat_kernels.reestimate import cpu, cuda
from streammat_kernels.reestimate.reference import jacobi_sweep
from tests.tolerances import CONVERGED_LEVELS, JACOBI_F64


class Simulated:
    """Stands in for a GPU: its arrays are NumPy's."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.full(shape, np.nan, dtype)


def main() -> None:
    cuda._BLOCK = (4, 2)  # the simulator starts a thread for each of a GPU's
    cuda._MOST_DOWN = 2  # pictures are higher than what a launch takes
    random = np.random.default_rng(2)
    colours, alpha = random.random((5, 7, 3)), random.random((5, 7))
    alpha[0], alpha[2] = 0, 1
    weighted = alpha[..., None] * colours
    runtime.stand_in = Simulated()  # type: ignore[assignment]
    swept = cuda.sweeps(colours.copy(), weighted, alpha, 2)
    wanted = jacobi_sweep(jacobi_sweep(colours, weighted, alpha), weighted, alpha)
    assert np.abs(swept - wanted).max() < JACOBI_F64

    here, there, omega = colours.copy(), colours.copy(), 1.2  # what suits a picture this small
    while cpu.relax(here, weighted, alpha, omega) >= reestimate.SMALLEST_CHANGE:
        pass
    cuda.converge(there, weighted, alpha, omega, reestimate.SMALLEST_CHANGE, 400)
    assert np.abs(here - there).max() * 255 <= CONVERGED_LEVELS

    reestimate.FINEST_SWEEPS, reestimate.LEVELS, reestimate.MIN_SIDE_PX = 1, 1, 4
    picture = random.integers(0, 256, (5, 8, 3)).astype(np.uint8)
    matte = random.integers(0, 256, (5, 8)).astype(np.uint8)
    found = reestimate.reestimate_foreground(picture, matte)
    runtime.stand_in = None
    assert np.array_equal(found, reestimate.reestimate_foreground(picture, matte))
    print("simulated")


if __name__ == "__main__":
    main()
