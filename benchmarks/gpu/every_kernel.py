"""Every op once on a small, odd picture: what compute-sanitizer looks at.

``compute-sanitizer --tool memcheck|racecheck python -m benchmarks.gpu.every_kernel``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.kernels.cuda_ops import chains, ops
from benchmarks.kernels.trial import Size
from streammat_kernels import compose, light, merge
from streammat_kernels.augment import SamplePlan, rssn_batch
from streammat_kernels.crops import crop_flip_resize

SIZE = Size(298, 530)  # larger than the network; no side divides by what a block works on


def run_all(move: Callable[[Any], Any]) -> list[str]:
    """Run the ops over arrays of ``move``; their names."""
    names = []
    for case in (*chains(move), *ops(move)):
        trial = case.build(SIZE, lambda _: 1)
        for _ in range(2):  # the second has a frame before it
            trial.ours(0)
        names.append(case.op)
    return [*names, *run_other_formats(move), *run_training(move)]


def run_other_formats(move: Callable[[Any], Any]) -> list[str]:
    """What only float images and RIM need, once; their names."""
    rng = np.random.default_rng(1)
    values = rng.random((45, 61), np.float32)
    for dtype in (np.float16, np.float32):
        light.encode(move(values.astype(dtype)), move(np.zeros((45, 61), np.uint16)))
    codes, table = (
        move((values * 65535).astype(np.uint16)),
        move(np.linspace(0, 1, 65536, dtype="f4")),
    )
    light.to_half(codes, table, move(np.zeros((45, 61), np.float16)), codes)
    shapes = ((16, 3), (16,), (4, 16), (16, 4), (16,), (1,))
    weights = merge.MergeWeights(*(rng.standard_normal(shape) for shape in shapes))
    plane = move(values)
    merge.merge(plane, plane, plane, weights)
    return ["light.encode", "light.to_half", "merge.merge"]


def run_training(move: Callable[[Any], Any]) -> list[str]:
    """Training's ops once; their names."""
    rng = np.random.default_rng(0)
    images = move(rng.random((2, 3, 45, 61), np.float32))
    alpha = move(rng.random((2, 1, 45, 61), np.float32))
    compose.compose(images, images, alpha)
    crop_flip_resize(images, [(3, 5, 40, 31, True)] * 2, move(np.zeros((2, 3, 16, 24), np.float32)))
    picture = move(rng.integers(0, 256, (70, 90, 3), np.uint8))
    small = move(rng.integers(0, 256, (31, 100, 3), np.uint8))
    matte = move(rng.integers(0, 256, (70, 90), np.uint8))
    plan = SamplePlan(7, 3, 60, True, 20, 4.0, 4.0, 10.0, 1)
    rssn_batch([picture], [small], [matte], [plan], 32)
    return ["compose.compose", "crops.crop_flip_resize", "augment.rssn_batch"]


def main() -> int:
    """Run on the current GPU."""
    import cupy

    # A pool rounds sizes up and cuts large blocks: what runs over the end would stay unseen.
    cupy.cuda.set_allocator(None)
    names = run_all(cupy.asarray)
    cupy.cuda.Device().synchronize()
    print(f"{len(names)} ops")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
