"""Every op once on a small, odd picture: what compute-sanitizer looks at.

``compute-sanitizer --tool memcheck|racecheck python -m benchmarks.gpu.every_kernel``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.kernels.cuda_ops import chains, ops
from benchmarks.kernels.trial import Size

SIZE = Size(298, 530)  # larger than the network; no side divides by what a block works on


def run_all(move: Callable[[Any], Any]) -> list[str]:
    """Run the ops over arrays of ``move``; their names."""
    names = []
    for case in (*chains(move), *ops(move)):
        trial = case.build(SIZE, lambda _: 1)
        for _ in range(2):  # the second has a frame before it
            trial.ours(0)
        names.append(case.op)
    return names


def main() -> int:
    """Run on the current GPU."""
    import cupy

    names = run_all(cupy.asarray)
    cupy.cuda.Device().synchronize()
    print(f"{len(names)} ops")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
