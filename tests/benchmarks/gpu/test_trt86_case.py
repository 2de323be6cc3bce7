"""The packed Python and its TensorRT, here a stand-in that copies what the CPU computes."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu import trt86_case
from benchmarks.gpu.case import SHIPPED, frames_of
from benchmarks.gpu.cases import DEFAULT, Case
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
folder=$(dirname "$4")
test -s "$2" -a "$(wc -c < "$3")" = SIZE || exit 9
cp RAW/*.raw "$folder"
echo '{"tensorrt": "8.6.0", "build_seconds": 40.0, "ms": [1.0, 1.0, 1.0, 1.0, 1.5],
  "moments": [7.0, 8.5]}' > "$4"
"""


def packed(home: Path, script: str) -> None:
    folder = home / "made" / "py310" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3.10").write_text(script)
    (folder / "python3.10").chmod(0o755)
    with tarfile.open(home / trt86_case.ARCHIVE, "w:xz") as archive:
        archive.add(home / "made" / "py310", "py310")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_its_maps_are_held_against_fp32_and_a_model_that_fails_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(DEFAULT, W, H)
    picture = np.random.default_rng(0).integers(0, 256, (1, H, W, 3)).astype(np.uint8)
    np.savez(tmp_path / "frames.npz", frames=picture)
    rgb = np.ascontiguousarray(frames_of(tmp_path / "frames.npz", case))
    raw = tmp_path / "raw"
    raw.mkdir()
    maps = CpuGraph(fixed_graph(SHIPPED, H, W))({IMAGE_INPUT: rgb})
    for name, values in maps.items():
        values.astype(np.float32).tofile(raw / f"{name}.raw")
    packed(tmp_path, _PYTHON.replace("SIZE", str(rgb.nbytes)).replace("RAW", str(raw)))
    monkeypatch.setenv("PYTHONHOME", "elsewhere")
    monkeypatch.setattr(trt86_case, "watch", Asked)
    monkeypatch.setattr(trt86_case, "TARGET", (DEFAULT, W, H))
    out = tmp_path / "trt86.json"
    assert trt86_case.main(["--home", str(tmp_path), "--json", str(out)]) == 1
    found = json.loads(out.read_text())
    assert [row["case"] for row in found["rows"]] == [case.name]
    assert found["rows"][0]["accuracy"]["faults"] == []
    assert found["rows"][0]["time"]["median"] == 1.0
    assert found["rows"][0]["gpu"] == {"begin": 7.0, "end": 8.5}
    assert "ended with 9" in found["failed"][f"{DEFAULT}-512x288"]  # its size is another one
