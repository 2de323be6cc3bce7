"""The program of the packed Python, over a CUDA runtime of a few lines of C and a fake TensorRT."""

from __future__ import annotations

import ctypes
import json
import math
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.gpu import trt86
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import scaled_graph
from tests.engines.tensorrt.fake_trt import STREAMS, WeakConfig, WeakContext
from tests.engines.tensorrt.fake_trt86 import Builder, ICudaEngine, fake_module_86
from tests.engines.tensorrt.test_build import convolved
from tests.engines.tiny_model import write_tiny_model
from tests.kernels.host_cuda import COMPILER

onnx = pytest.importorskip("onnx")
H, W = 64, 96
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler stands in for CUDA")

# What the header of CUDA 12 and 13 says of each; the stream is 0x51, a graph 0x62.
_RUNTIME = """
#include <cstdlib>
#include <cstring>
typedef void *P;
static int capturing, launches, refuse;
extern "C" {
void refuse_capture() { refuse = 1; }
int launched() { return launches; }
int is_capturing() { return capturing; }
int cudaMalloc(P *p, size_t n) { *p = calloc(1, n); return 0; }
int cudaMemcpy(P to, P from, size_t n, int kind) {
  memcpy(to, from, n); return kind < 1 || kind > 2; }
int cudaStreamCreate(P *p) { *p = (P)0x51; return 0; }
int cudaEventCreate(P *p) { *p = (P)0x73; return 0; }
int cudaEventRecord(P e, P s) { return e != (P)0x73 || s != (P)0x51; }
int cudaEventSynchronize(P e) { return e != (P)0x73; }
int cudaEventElapsedTime(float *ms, P a, P b) { *ms = 100.0f; return 0; }
int cudaStreamBeginCapture(P s, int mode) { capturing = 1; return s != (P)0x51 || mode != 1; }
int cudaStreamEndCapture(P s, P *g) { capturing = 0; *g = (P)0x61; return refuse ? 901 : 0; }
int cudaGraphInstantiateWithFlags(P *x, P g, unsigned long long flags) {
  *x = (P)0x62; return g != (P)0x61 || flags != 0; }
int cudaGraphLaunch(P x, P s) { launches++; return x != (P)0x62 || s != (P)0x51; }
}
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    (folder / "runtime.cpp").write_text(_RUNTIME)
    library = folder / "libcudart.so.13"
    command = [str(COMPILER), "-shared", "-fPIC", "-o", str(library), str(folder / "runtime.cpp")]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def library(runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ctypes.CDLL:
    """Loaded anew for each test, as its counters are its own."""
    found = ctypes.CDLL(str(shutil.copy(runtime, tmp_path / "runtime.so")))
    monkeypatch.setattr("ctypes.CDLL", lambda _: found)
    return found


@pytest.fixture
def release(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """TensorRT 8.6 as far as the program asks; what it gives to the stream is done at once."""
    module = fake_module_86()
    module.Logger = _Logger
    module.MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
    module.TacticSource = SimpleNamespace(EDGE_MASK_CONVOLUTIONS=3, JIT_CONVOLUTIONS=4)
    module.volume = math.prod
    module.asked = []
    for name in ("set_memory_pool_limit", "set_tactic_sources"):
        asked = partial(_note, module.asked, name)
        monkeypatch.setattr(WeakConfig, name, lambda _, *given, a=asked: a(*given), raising=False)
    monkeypatch.setattr(ICudaEngine, "get_tensor_shape", _shape, raising=False)
    monkeypatch.setattr(ICudaEngine, "create_execution_context", _context)
    work = SimpleNamespace(give=lambda act: None if library.is_capturing() else act())
    monkeypatch.setitem(STREAMS, 0x51, work)
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    return module


class _Logger:
    WARNING = "warning"

    def __init__(self, severity: str) -> None:
        assert severity == "warning"


def _note(asked: list[Any], name: str, *given: Any) -> None:
    asked.append((name, *given))


def _shape(engine: Any, name: str) -> tuple[int, ...]:
    return (2, {"rgb": 3, "glance": 3, "focus": 1}[name], H, W)


def _context(engine: Any) -> Any:
    made = WeakContext(engine)
    made.set_input_shape("rgb", (2, 3, H, W))
    return made


@pytest.fixture
def given(tmp_path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Arguments for a batch of two, and its pictures."""
    model = convolved(write_tiny_model(tmp_path / "tiny.onnx"))
    onnx.save(scaled_graph(fixed_graph(model, H, W, 2)), str(tmp_path / "graph.onnx"))
    rgb = np.random.default_rng(0).uniform(0, 255, (2, 3, H, W)).astype(np.float32)
    rgb.tofile(tmp_path / "rgb.raw")
    return [str(tmp_path / name) for name in ("graph.onnx", "rgb.raw", "out.json")], rgb


def test_a_batch_is_computed_timed_and_captured(
    given: tuple[list[str], NDArray[np.float32]],
    release: SimpleNamespace,
    library: ctypes.CDLL,
    tmp_path: Path,
) -> None:
    arguments, rgb = given
    trt86.main(*arguments)
    glance = np.fromfile(tmp_path / "glance.raw", np.float32).reshape(2, 3, H, W)
    np.testing.assert_array_equal(glance, rgb / np.float32(255))
    facts = json.loads((tmp_path / "out.json").read_text())
    for way in ("plain", "graph"):
        assert facts[way]["ms"] == [100 / trt86.CALLS] * trt86.REPEATS
        assert facts[way]["moments"][0] <= facts[way]["moments"][1]
    assert facts["plain"]["moments"][1] <= facts["graph"]["moments"][0]
    assert library.launched() == trt86.WARM_UPS + trt86.REPEATS * trt86.CALLS
    assert Builder._config.flags == {"FP16", "OBEY_PRECISION_CONSTRAINTS"}  # without TF32
    assert ("set_tactic_sources", 0b11000) in release.asked
    kept = {x.type for x in Builder._network86._found if x.precision is release.float32}
    assert kept == {"matrix multiply", "sigmoid"}


@pytest.mark.usefixtures("release")
def test_a_capture_that_cuda_refuses_is_written_down_beside_what_was_timed(
    given: tuple[list[str], NDArray[np.float32]], library: ctypes.CDLL, tmp_path: Path
) -> None:
    library.refuse_capture()
    trt86.main(*given[0])
    facts = json.loads((tmp_path / "out.json").read_text())
    assert facts["graph_refusal"] == "cudaStreamEndCapture: CUDA error 901"
    assert "graph" not in facts
    assert len(facts["plain"]["ms"]) == trt86.REPEATS


@pytest.mark.usefixtures("release")
def test_no_plan_and_a_picture_of_another_size_end_it_with_a_line(
    given: tuple[list[str], NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, rgb = given
    rgb[:1].tofile(arguments[1])
    with pytest.raises(SystemExit, match=r"rgb.raw has \d+ bytes, the graph takes \d+"):
        trt86.main(*arguments)
    monkeypatch.setattr(Builder, "build_serialized_network", lambda *_: None)
    with pytest.raises(SystemExit, match="no plan"):
        trt86.main(*arguments)
