"""The GPU's rows of the kernel benchmark run, here on the CUDA source on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pytest

from benchmarks.kernels import cuda_ops, pictures
from benchmarks.kernels.cuda_ops import chains, ops
from benchmarks.kernels.trial import Case, Size
from streammat_kernels import runtime
from streammat_kernels.compile import UNITS
from tests.kernels.host_cuda import COMPILER, HostCuda


class CountingGpu(HostCuda):
    """Counts what an op allocates or uploads."""

    made = 0

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        self.made += 1
        return super().empty(shape, dtype)

    def upload(self, array: Any) -> Any:
        self.made += 1
        return super().upload(array)

    def constant(self, key: Hashable, make: Callable[[], Any]) -> Any:
        before = len(self._constants)
        table = super().constant(key, make)
        self.made += len(self._constants) - before
        return table


CASES = [*chains(np.asarray), *ops(np.asarray)]


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
@pytest.mark.parametrize("case", CASES, ids=[case.op for case in CASES])
def test_every_row_runs_and_counts_its_bytes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = CountingGpu()
    monkeypatch.setattr(runtime, "stand_in", gpu)
    for module in (cuda_ops, pictures):  # under the frame's size, as in life
        monkeypatch.setattr(module, "NETWORK", (36, 64))
    trial = case.build(Size(72, 128), lambda _: 2)
    for index in range(4):  # both sets, and a frame that has one before it
        trial.ours(index)
    gpu.made = 0
    trial.ours(4)
    assert gpu.made == 0, f"{gpu.made} buffers or tables in a call that has all it needs"
    assert trial.bytes >= 72 * 128 * 2 or case.op in {"fusion.fuse", "motion.estimate"}


def test_every_op_of_the_hot_path_has_a_row() -> None:
    measured = {case.op.partition(".")[0] for case in CASES}
    assert set(UNITS) - {"compose", "crops", "augment"} <= measured  # those are training's
