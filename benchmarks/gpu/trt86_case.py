"""TensorRT 8.6 in a Python of its own: the fallback where TensorRT-RTX refuses the GPU.

``python -m benchmarks.gpu.trt86_case --home /tmp/streammat_gpu --json FILE`` unpacks what
``pack trt86`` brought, lets `trt86` build, run and time the default model, then r34 where
``gpu run`` has exported it, and holds their maps against FP32 by ONNX Runtime.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu import trt86
from benchmarks.gpu.case import SHIPPED, frames_of
from benchmarks.gpu.cases import DEFAULT, TARGET, Case
from benchmarks.gpu.watch import watch
from benchmarks.record import Spread, write_result
from streammat_engines.accuracy import compare
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import IMAGE_INPUT, fixed_graph

ARCHIVE = "trt86.tar.xz"


def unpacked(home: Path) -> Path:
    """The folder with ``py310`` and ``tensorrt``."""
    folder = home / "trt86"
    if not (folder / "complete").exists():
        with tarfile.open(home / ARCHIVE) as archive:
            archive.extractall(folder, filter="tar")
        (folder / "complete").touch()
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Of the packed Python, which sees none of this one's packages."""
    libraries = [str(folder / "py310" / "lib"), str(folder / "tensorrt")]
    if given := os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(given)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"LD_LIBRARY_PATH": os.pathsep.join(libraries), "PYTHONPATH": str(folder)}


def measured(model: Path, case: Case, folder: Path, frames: Path, work: Path) -> dict[str, Any]:
    """One row: milliseconds of batch 1 and how far its maps are from FP32.

    Raises:
        RuntimeError: TensorRT 8.6 did not get through; its words are in the log.
    """
    import onnx

    work.mkdir(parents=True, exist_ok=True)
    graph = fixed_graph(model, case.height, case.width)
    onnx.save(graph, str(work / "graph.onnx"))
    picture = np.ascontiguousarray(frames_of(frames, case)[:1])
    picture.tofile(work / "rgb.raw")
    command = [str(folder / "py310" / "bin" / "python3.10"), trt86.__file__]
    command += [str(work / name) for name in ("graph.onnx", "rgb.raw", "out.json")]
    code = subprocess.run(command, env=environment(folder), check=False).returncode
    if code:
        raise RuntimeError(f"TensorRT 8.6 ended with {code}; its words are in the log")
    facts = json.loads((work / "out.json").read_text())
    single = CpuGraph(graph)
    wanted = single({IMAGE_INPUT: picture})

    def found(_: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {
            name: np.fromfile(work / f"{name}.raw", np.float32).reshape(values.shape)
            for name, values in wanted.items()
        }

    accuracy = compare(lambda _: wanted, found, [picture], "tt")
    return {
        "case": case.name,
        "name": f"tensorrt {facts['tensorrt']}",
        "batch": 1,
        "build_seconds": round(facts["build_seconds"], 1),
        "time": Spread.of(facts["ms"]),
        "gpu": watch().between(*facts["moments"]),
        "accuracy": {**accuracy.to_dict(), "faults": accuracy.faults()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The default model, then r34 where it was exported; 0 when all that was there got through."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.trt86_case")
    parser.add_argument("--home", type=Path, default=Path("/tmp/streammat_gpu"))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    name, width, height = TARGET
    cases = [(SHIPPED, Case(DEFAULT, width, height)), (SHIPPED, Case(DEFAULT, 512, 288))]
    exported = args.home / "work" / f"{name}.onnx"
    cases += [(exported, Case(name, width, height))] if exported.exists() else []
    folder, rows, failed = unpacked(args.home), list[dict[str, Any]](), dict[str, str]()
    watch()  # it takes a moment to begin
    for model, case in cases:
        try:
            work = args.home / "work" / f"trt86-{case.name}"
            rows.append(measured(model, case, folder, args.home / "frames.npz", work))
            print(rows[-1], flush=True)
        except Exception as error:  # the next model may get through
            failed[case.name] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            print(case.name, failed[case.name], flush=True)
        write_result(args.json, "gpu trt86", rows, failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
