"""Every test of an op runs over every backend: the CPU's, the CUDA source on the CPU, the GPU."""

from __future__ import annotations

import pytest

from streammat_kernels import compile as cuda_compile
from streammat_kernels import runtime
from tests.kernels.gpu_shuttle import GpuShuttle
from tests.kernels.host_cuda import COMPILER, HostCuda, build

_BACKENDS = [
    "cpu",
    pytest.param(
        "source",
        marks=pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with"),
    ),
    pytest.param("cuda", marks=pytest.mark.cuda),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ops that have CUDA kernels are tested on all backends; what is no op, once."""
    op = metafunc.module.__file__.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
    if op in cuda_compile.UNITS and not metafunc.definition.get_closest_marker("cpu_only"):
        metafunc.parametrize("backend", _BACKENDS, indirect=True)


@pytest.fixture(autouse=True)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The backend that NumPy arrays are sent to in this test."""
    name: str = getattr(request, "param", "cpu")
    if name != "cpu":
        stand_in = HostCuda() if name == "source" else GpuShuttle()
        monkeypatch.setattr(runtime, "stand_in", stand_in)
    if name == "source":
        for unit in cuda_compile.UNITS:  # once; a compiler error shows here, not inside Hypothesis
            build(unit)
    return name
