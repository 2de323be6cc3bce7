"""All backends of an op are called alike, and their code is of one piece."""

from __future__ import annotations

import ctypes
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import streammat_kernels
from streammat_kernels import compile as cuda_compile
from streammat_kernels import resize, runtime
from streammat_kernels.layout import Colour, PixelLayout
from tests.kernels.host_cuda import COMPILER, HostCuda, build, kernels_of
from tests.kernels.pictures import random_planes

FOLDER = Path(streammat_kernels.__file__).parent
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")

# What `dispatch.backend` picks by name: (op, function, its module for NumPy arrays).
SHARED = (
    ("colour", "to_rgb", "cpu"),
    ("colour", "from_rgb", "cpu"),
    ("colour", "convert", "planewise"),
    ("resize", "network_view", "cpu"),
    ("resize", "resize", "cpu"),
    ("composite", "over", "cpu"),
    ("composite", "premultiply", "cpu"),
    ("motion", "estimate", "cpu"),
    ("compose", "compose", "cpu"),
    ("compose", "compose_gradients", "cpu"),
    ("crops", "crop_flip_resize", "cpu"),
    ("augment", "fill_batch", "launch"),
    ("lut", "apply", "cpu"),
    ("light", "encode", "cpu"),
    ("light", "to_half", "cpu"),
    ("merge", "merge", "cpu"),
)


@pytest.mark.parametrize(("op", "function", "host"), SHARED)
def test_backends_have_one_signature(op: str, function: str, host: str) -> None:
    names = []
    for module in ("cuda", host):
        backend = import_module(f"streammat_kernels.{op}.{module}")
        parameters = inspect.signature(getattr(backend, function)).parameters
        names.append([(name, parameter.kind) for name, parameter in parameters.items()])
    assert names[0] == names[1]


def test_every_source_is_a_unit_and_every_unit_has_launchers() -> None:
    sources = {path.parent.name for path in FOLDER.glob("*/*.cuh")}
    assert sources == set(cuda_compile.UNITS)
    for unit in cuda_compile.UNITS:
        launched = set(re.findall(r'"(\w+)\.(\w+)"', _text(FOLDER / unit / "cuda.py")))
        assert {kernel for op, kernel in launched if op == unit} == set(kernels_of(unit))


def test_no_launcher_waits_for_the_gpu() -> None:
    waits = re.compile(r"\.(synchronize|synchronise|get|item|tolist)\(|asnumpy|memcpy\(")
    for unit in cuda_compile.UNITS:
        assert not waits.search(_text(FOLDER / unit / "cuda.py")), unit
    assert "synchronize" in _text(FOLDER / "runtime.py")  # what reads otherwise would be found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_entry_of_the_readme_table_says_what_is_there() -> None:
    text = _text(FOLDER.parent / "README.md")
    rows = re.findall(r"^\| `(\w+)\.(\w+)`.*\| (\S[^|]*) \|$", text, re.MULTILINE)
    assert len(rows) > 10
    for op, name, cuda in rows:
        if name != "transfer":  # tables only
            assert (op in cuda_compile.UNITS) == cuda.startswith("yes"), f"{op}.{name}"


def test_arguments_are_packed_as_the_driver_wants_them() -> None:
    array = np.zeros(3, np.float32)
    struct = runtime.Struct(np.array([1.5, 2.5], np.float32))
    pointers, kept = runtime.pack(
        (7, True, 0.25, np.float64(0.1), None, array, struct), lambda a: a.ctypes.data
    )

    def at(index: int, kind: Any) -> Any:
        return kind.from_address(pointers[index]).value

    assert (at(0, ctypes.c_int), at(1, ctypes.c_int)) == (7, 1)
    assert at(2, ctypes.c_float) == 0.25
    assert at(3, ctypes.c_double) == 0.1
    assert at(4, ctypes.c_void_p) is None
    assert at(5, ctypes.c_void_p) == array.ctypes.data
    assert list((ctypes.c_float * 2).from_address(pointers[6])) == [1.5, 2.5]
    assert kept


@needs_compiler
def test_two_threads_that_launch_at_once_do_not_disturb_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "stand_in", HostCuda())
    build("resize")
    pictures = [random_planes(PixelLayout(), 54, 96, seed) for seed in range(2)]
    expected = [_view(planes) for planes in pictures]
    found: list[Any] = [None, None]

    def work(index: int) -> None:
        for _ in range(20):
            found[index] = _view(pictures[index])

    threads = [Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((a == b).all() for a, b in zip(expected, found, strict=True))


def _view(planes: Any) -> Any:
    return resize.network_view(planes, PixelLayout(), Colour(), np.empty((3, 18, 32), np.float32))


def test_cubins_are_written_whole_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    class FakeNvrtc:
        @staticmethod
        def getSupportedArchs() -> list[int]:  # noqa: N802 - NVRTC's name
            return [75, 90]

        @staticmethod
        def getVersion() -> tuple[int, int]:  # noqa: N802
            return 13, 0

    def fake_compile(_: Any, unit: str, text: str, options: tuple[str, ...], cubin: bool) -> bytes:
        compiled.append(f"{unit} {options[-1]} {cubin}")
        return b"code of " + unit.encode()

    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cuda_compile, "_nvrtc", FakeNvrtc)
    monkeypatch.setattr(cuda_compile, "_compile", fake_compile)
    first = cuda_compile.compiled("fusion", 90)
    assert first.read_bytes() == b"code of fusion"
    assert cuda_compile.compiled("fusion", 90) == first
    assert cuda_compile.compiled("fusion", 75) != first
    newer = cuda_compile.compiled("fusion", 130)
    assert newer.suffix == ".ptx"
    assert compiled == [
        "fusion --gpu-architecture=sm_90 True",
        "fusion --gpu-architecture=sm_75 True",
        "fusion --gpu-architecture=compute_90 False",
    ]
    monkeypatch.setattr(FakeNvrtc, "getVersion", staticmethod(lambda: (13, 1)))
    assert cuda_compile.compiled("fusion", 90) != first
    monkeypatch.setattr(FakeNvrtc, "getVersion", staticmethod(lambda: (13, 0)))
    assert cuda_compile.compiled("fusion", 90) == first
    monkeypatch.setattr(cuda_compile, "OPTIONS", ("--std=c++20",))
    assert cuda_compile.compiled("fusion", 90) != first
    monkeypatch.undo()
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cuda_compile, "_nvrtc", FakeNvrtc)
    monkeypatch.setattr(cuda_compile, "_compile", fake_compile)
    monkeypatch.setattr(cuda_compile, "source", lambda unit: "// another formula")
    assert cuda_compile.compiled("fusion", 90) != first
    assert {path.suffix for path in first.parent.iterdir()} == {".cubin", ".ptx"}


def test_two_threads_of_cpu_kernels_under_numbas_strictest_threading_layer() -> None:
    # Numba's workqueue layer ends the process when two threads enter parallel loops.
    code = (
        "import numpy as np\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from streammat_kernels.bands import Bands\n"
        "from streammat_kernels.resize import area\n"
        "plane = np.arange(120 * 80, dtype=np.float32).reshape(120, 80)\n"
        "def work(_):\n"
        "    with ThreadPoolExecutor(2) as pool:\n"
        "        out = np.empty((30, 20), np.float32)\n"
        "        return area(plane, out, bands=Bands(pool, 2)).sum()\n"
        "with ThreadPoolExecutor(2) as callers:\n"
        "    print(len(set(callers.map(work, range(16)))))\n"
    )
    environment = os.environ | {"NUMBA_THREADING_LAYER": "workqueue"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "1", result.stderr
