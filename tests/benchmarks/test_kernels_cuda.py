"""The GPU's rows of the kernel benchmark run, here on the CUDA source on the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.kernels.cuda_ops import chains, ops
from benchmarks.kernels.trial import Case, Size
from streammat_kernels import runtime
from streammat_kernels.compile import UNITS
from tests.kernels.host_cuda import COMPILER, HostCuda

CASES = [*chains(np.asarray), *ops(np.asarray)]


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
@pytest.mark.parametrize("case", CASES, ids=[case.op for case in CASES])
def test_every_row_runs_and_counts_its_bytes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "stand_in", HostCuda())
    trial = case.build(Size(72, 128), lambda _: 2)
    for index in range(5):
        trial.ours(index)
    assert trial.bytes >= 72 * 128 * 2 or case.op == "fusion.fuse"


def test_every_op_of_the_hot_path_has_a_row() -> None:
    measured = {case.op.partition(".")[0] for case in CASES}
    assert set(UNITS) - {"compose", "crops", "augment"} <= measured  # those are training's
