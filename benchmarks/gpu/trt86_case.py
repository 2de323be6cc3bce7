"""TensorRT 8.6 in a Python of its own: the fallback where TensorRT-RTX refuses the GPU.

``python -m benchmarks.gpu.trt86_case --home /tmp/streammat_gpu --json FILE`` unpacks what
``pack trt86`` brought, exports r34, lets `trt86` build, run and time it at batch 1 and 8 and the
default model at batch 1, holds their maps against FP32 by ONNX Runtime, and measures PyTorch and
the matrix rate beside them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu import trt86
from benchmarks.gpu.case import SHIPPED, frames_of, reached
from benchmarks.gpu.cases import DEFAULT, TARGET, TARGETS, Case
from benchmarks.gpu.pack import ARCHIVE
from benchmarks.gpu.timing import gpu_state, matrix_rate
from benchmarks.gpu.watch import watch
from benchmarks.record import Spread, write_result
from streammat_engines.accuracy import compare
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import IMAGE_INPUT, fixed_graph
from streammat_engines.graph.half import scaled_graph

_NAMES = {"plain": "engine", "graph": "engine, CUDA graph"}


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


@dataclass
class _Host:
    """What every case needs, and what was found so far."""

    home: Path
    out: Path | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def frames(self) -> Path:
        return self.home / "frames.npz"

    def part(self, name: str, act: Callable[[], Any]) -> Any:
        """What ``act`` gives; None where it fails, for the next part may get through."""
        try:
            return act()
        except Exception as error:
            self.failed[name] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            print(name, self.failed[name], flush=True)
            return None
        finally:
            self.write()

    def keep(self, row: dict[str, Any]) -> None:
        """One more row, written down at once."""
        print(row, flush=True)
        self.rows.append(row)
        self.write()

    def write(self) -> None:
        """What there is, and which targets are reached by it."""
        target = Case(*TARGET)
        own = [row for row in self.rows if row.get("case") == target.name]
        answers = reached(target, own, self.facts)
        extras = {**self.facts, "gpu": gpu_state(), "failed": self.failed, "reached": answers}
        write_result(self.out, "gpu trt86", self.rows, targets=TARGETS, **extras)


def measured(model: Path, case: Case, batch: int, host: _Host) -> list[dict[str, Any]]:
    """Milliseconds of one batch launch by launch and as a CUDA graph; how far it is from FP32.

    Raises:
        RuntimeError: TensorRT 8.6 did not get through; its words are in the log.
    """
    import onnx

    work = host.home / "work" / f"trt86-{case.name}-{batch}"
    work.mkdir(parents=True, exist_ok=True)
    graph = scaled_graph(fixed_graph(model, case.height, case.width, batch))
    onnx.save(graph, str(work / "graph.onnx"))
    few = np.ascontiguousarray(frames_of(host.frames, case))
    np.resize(few, (batch, *few.shape[1:])).tofile(work / "rgb.raw")  # again as often as it fills
    folder = unpacked(host.home)
    command = [str(folder / "py310" / "bin" / "python3.10"), trt86.__file__]
    command += [str(work / name) for name in ("graph.onnx", "rgb.raw", "out.json")]
    code = subprocess.run(command, env=environment(folder), check=False).returncode
    if code:
        raise RuntimeError(f"TensorRT 8.6 ended with {code}; its words are in the log")
    facts = json.loads((work / "out.json").read_text())
    common = {
        "case": case.name,
        "runtime": f"tensorrt {facts['tensorrt']}",
        "batch": batch,
        "build_seconds": round(facts["build_seconds"], 1),
        "accuracy": accuracy_of(model, case, few[:batch], batch, work),
    }
    if "graph_refusal" in facts:
        common["no_graph"] = facts["graph_refusal"]
    return [
        {"name": _NAMES[way], **common, "time": Spread.of(found["ms"]),
         "gpu": watch().between(*found["moments"])}
        for way, found in facts.items()
        if way in _NAMES
    ]  # fmt: skip


def accuracy_of(
    model: Path, case: Case, frames: NDArray[np.float32], batch: int, work: Path
) -> dict[str, Any]:
    """The maps that were written, at every place of the batch, against FP32 on the CPU."""
    single = CpuGraph(fixed_graph(model, case.height, case.width))
    wanted = [single({IMAGE_INPUT: frame[None]}) for frame in frames]
    found = {
        name: np.fromfile(work / f"{name}.raw", np.float32).reshape(batch, *values.shape[1:])
        for name, values in wanted[0].items()
    }
    ours, theirs = itertools.cycle(wanted), itertools.count()

    def at_next_place(_: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        place = next(theirs)
        return {name: values[place : place + 1] for name, values in found.items()}

    places = [frames[place % len(frames)][None] for place in range(batch)]
    accuracy = compare(lambda _: next(ours), at_next_place, places, "tt")
    return {**accuracy.to_dict(), "faults": accuracy.faults()}


def main(arguments: Sequence[str] | None = None) -> int:
    """r34, the default model, PyTorch; 0 when all of it got through."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.trt86_case")
    parser.add_argument("--home", type=Path, default=Path("/tmp/streammat_gpu"))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    host, target = _Host(args.home, args.json), Case(*TARGET, batches=(1, 8))
    watch()  # it takes a moment to begin
    host.facts["matrix_tflops"] = host.part("matrix rate", matrix_rate)
    network = host.part("network", lambda: _network(target, host))
    jobs = [(network[1], target, batch) for batch in target.batches] if network else []
    jobs += [(SHIPPED, Case(DEFAULT, *size), 1) for size in (TARGET[1:], (512, 288))]
    for model, case, batch in jobs:
        for row in host.part(f"{case.name} batch {batch}", _job(model, case, batch, host)) or ():
            host.keep(row)
    if network:
        _torch(network[0], target, host)
    return 1 if host.failed else 0


def _job(model: Path, case: Case, batch: int, host: _Host) -> Callable[[], list[dict[str, Any]]]:
    return lambda: measured(model, case, batch, host)


def _network(case: Case, host: _Host) -> tuple[Any, Path]:
    """Of random weights, as a module and as an ONNX file."""
    from benchmarks.gpu.networks import exported, seeded_network

    picture = frames_of(host.frames, case)[:1, :, :256, :256].copy()
    model = seeded_network(case.network, picture)
    return model, exported(model, case.network, host.home / "work")


def _torch(model: Any, case: Case, host: _Host) -> None:
    from benchmarks.gpu.torch_case import gflop_a_picture, torch_rows

    host.facts["gflop_a_picture"] = host.part("gflop", lambda: gflop_a_picture(model, case))
    host.part("torch", lambda: torch_rows(model, case, host.keep))


if __name__ == "__main__":
    raise SystemExit(main())
