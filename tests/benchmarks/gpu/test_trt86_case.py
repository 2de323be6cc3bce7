"""The packed Python and its TensorRT, here a stand-in that copies what the CPU computes."""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.gpu import trt86_case
from benchmarks.gpu.case import SHIPPED, frames_of
from benchmarks.gpu.cases import DEFAULT, Case
from benchmarks.gpu.pack import ARCHIVE
from benchmarks.record import Spread
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import IMAGE_INPUT, fixed_graph

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")

H, W = 64, 96


class Asked:
    """Beside `Watch`: says what it was asked for."""

    def between(self, begin: float, end: float) -> dict[str, float]:
        return {"begin": begin, "end": end}


_PYTHON = """#!/bin/sh
test -z "$PYTHONHOME" || exit 7
case "$LD_LIBRARY_PATH" in */py310/lib:*/tensorrt*) ;; *) exit 8 ;; esac
folder=$(dirname "$4") maps=RAW/$(sha256sum < "$3" | cut -c 1-64)
test -s "$2" -a -d "$maps" || exit 9
cp "$maps"/*.raw "$folder"
echo '{"tensorrt": "8.6.0", "build_seconds": 40.0,
  "plain": {"ms": [1.0, 1.0, 1.0, 1.0, 1.5], "moments": [7.0, 8.5]},' > "$4"
case $maps in *LAST) echo '"graph_refusal": "no"}' ;;
  *) echo '"graph": {"ms": [0.5], "moments": [9.0, 9.5]}}' ;; esac >> "$4"
"""


def packed(home: Path, script: str) -> None:
    folder = home / "made" / "py310" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3.10").write_text(script)
    (folder / "python3.10").chmod(0o755)
    with tarfile.open(home / ARCHIVE, "w:xz") as archive:
        archive.add(home / "made" / "py310", "py310")


def known_maps(frames: NDArray[np.float32], batch: int, folder: Path) -> None:
    """What TensorRT would make of a batch: FP32's maps, where the stand-in looks for them."""
    order = [place % len(frames) for place in range(batch)]
    there = folder / hashlib.sha256(frames[order].tobytes()).hexdigest()
    there.mkdir(parents=True)
    graph = CpuGraph(fixed_graph(SHIPPED, H, W))
    maps = [graph({IMAGE_INPUT: frame[None]}) for frame in frames]
    for name in maps[0]:
        np.concatenate([maps[place][name] for place in order]).tofile(there / f"{name}.raw")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with frames and the stand-in; the network of the target is the default one."""
    pictures = np.random.default_rng(0).integers(0, 256, (2, H, W, 3)).astype(np.uint8)
    np.savez(tmp_path / "frames.npz", frames=pictures)
    frames = frames_of(tmp_path / "frames.npz", Case(DEFAULT, W, H))
    raw = tmp_path / "raw"
    for batch in (1, 8):
        known_maps(np.ascontiguousarray(frames), batch, raw)
    packed(tmp_path, _PYTHON.replace("RAW", str(raw)))
    monkeypatch.setenv("PYTHONHOME", "elsewhere")
    monkeypatch.setattr(trt86_case, "watch", Asked)
    for name in ("case", "trt86_case"):
        monkeypatch.setattr(f"benchmarks.gpu.{name}.TARGET", (DEFAULT, W, H))
    monkeypatch.setattr(trt86_case, "matrix_rate", lambda: 800.0)
    monkeypatch.setattr("benchmarks.gpu.networks.seeded_network", lambda *_: "module")
    monkeypatch.setattr("benchmarks.gpu.networks.exported", lambda *_: SHIPPED)
    monkeypatch.setattr("benchmarks.gpu.torch_case.gflop_a_picture", lambda *_: 40.0)
    monkeypatch.setattr("benchmarks.gpu.torch_case.torch_rows", eager)
    return tmp_path


def eager(model: object, case: Case, keep: Callable[[dict[str, Any]], None]) -> None:
    assert model == "module"
    keep({"name": "torch eager FP16", "batch": 1, "time": Spread.of([2.0]), "case": case.name})


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_its_maps_are_held_against_fp32_and_a_model_that_fails_is_passed_over(host: Path) -> None:
    out = host / "trt86.json"
    assert trt86_case.main(["--home", str(host), "--json", str(out)]) == 1
    found = json.loads(out.read_text())
    assert set(found["failed"]) == {f"{DEFAULT}-512x288 batch 1"}  # its size is another one
    assert "ended with 9" in found["failed"][f"{DEFAULT}-512x288 batch 1"]
    rows = [row for row in found["rows"] if row["name"].startswith("engine")]
    assert {(row["name"], row["batch"]) for row in rows} == {
        (name, batch) for name in ("engine", "engine, CUDA graph") for batch in (1, 8)
    }
    assert all(row["accuracy"]["faults"] == [] for row in rows)
    assert {row["accuracy"]["frames"] for row in rows if row["batch"] == 8} == {8}
    assert rows[0]["time"]["median"] == 1.0
    assert rows[0]["gpu"] == {"begin": 7.0, "end": 8.5}
    assert found["reached"] == {
        "accuracy": True, "ms": True, "times_eager": True, "matrix_rate_share": True
    }  # fmt: skip
    assert found["matrix_rate_share"] == 8 * 40 / 0.5 / 800


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_a_place_of_the_batch_that_holds_another_picture_is_noticed(host: Path) -> None:
    for path in (host / "raw").glob("*/*.raw"):
        maps = np.fromfile(path, np.float32)
        np.roll(maps, maps.size // 8).tofile(path)  # of a batch of eight: each one place further
    out = host / "trt86.json"
    trt86_case.main(["--home", str(host), "--json", str(out)])
    found = json.loads(out.read_text())
    assert found["reached"]["accuracy"] is False
    assert all(row["accuracy"]["faults"] for row in found["rows"] if row["batch"] == 8)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_a_graph_that_cuda_refuses_is_told_and_what_was_timed_without_is_kept(host: Path) -> None:
    script = host / "made" / "py310" / "bin" / "python3.10"
    packed_again = script.read_text().replace("*LAST)", "*)")
    script.write_text(packed_again)
    with tarfile.open(host / ARCHIVE, "w:xz") as archive:
        archive.add(host / "made" / "py310", "py310")
    out = host / "trt86.json"
    trt86_case.main(["--home", str(host), "--json", str(out)])
    rows = [row for row in json.loads(out.read_text())["rows"] if row["name"].startswith("engine")]
    assert {(row["name"], row["no_graph"]) for row in rows} == {("engine", "no")}
