"""What half precision costs, by rule: which operators stay FP32, and how far the outputs move.

``python -m benchmarks half [--json FILE] [--model FILE ...] [--size WxH]``. The FP16 graph is
computed on the CPU with every half tensor rounded, against FP32, on frames of the sample clip.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.gpu.frames import sample_frames
from streammat_engines.accuracy import Network, compare
from streammat_engines.graph.blame import layer_errors, worst_layers
from streammat_engines.graph.emulate import CpuGraph, rounded_graph
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import KEPT_SINGLE, half_graph

from .record import ROOT, write_result

MODEL = ROOT / "streammat" / "weights" / "gfm_lite0_tt.onnx"
RULES: dict[str, frozenset[str]] = {
    "everything half": frozenset(),
    "pooling single": frozenset({"MatMul"}),
    "sigmoids single": frozenset({"Sigmoid"}),
    "the rule: both single": KEPT_SINGLE,
}


def measure(model: Path, height: int, width: int) -> list[dict[str, Any]]:
    """One row a rule, then the layers that lose most under the rule in force."""
    single = fixed_graph(model, height, width)
    frames = sample_frames(height, width)
    reference = _remembered(CpuGraph(single), frames)
    variant: Any = model.stem.rpartition("_")[2]
    rows = []
    for name, kept in RULES.items():
        graph = CpuGraph(rounded_graph(half_graph(single, kept)))
        found = compare(reference, _network(graph), frames, variant)
        rows.append({"model": model.stem, "rule": name, **found.to_dict()})
    small = sample_frames(96, 160)[0]
    graph96 = fixed_graph(model, 96, 160)
    worst = worst_layers(layer_errors(graph96, half_graph(graph96), small), 5)
    return [*rows, {"model": model.stem, "rule": "worst layers", "layers": list(worst)}]


def _network(graph: CpuGraph) -> Network:
    return lambda rgb: graph({"rgb": rgb})


def _remembered(graph: CpuGraph, frames: Sequence[NDArray[np.float32]]) -> Network:
    """The reference, computed once a frame."""
    known = {id(frame): graph({"rgb": frame}) for frame in frames}
    return lambda rgb: known[id(rgb)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one line a row, store JSON when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks half")
    parser.add_argument("--json", type=Path, help="store the record here")
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--size", default="512x288")
    args = parser.parse_args(arguments)
    width, height = (int(side) for side in args.size.split("x"))
    rows = []
    for model in args.model or [MODEL]:
        for row in measure(model, height, width):
            rows.append(row)
            print(_line(row), flush=True)
    write_result(args.json, "half", rows, size=args.size)
    return 0


def _line(row: dict[str, Any]) -> str:
    if "glance" not in row:
        return f"{row['model']}: worst layers {', '.join(row['layers'])}"
    glance, focus = row["glance"]["relative_l2"], row["focus"]["relative_l2"]
    return (
        f"{row['model']}  {row['rule']:<22} relative L2 glance {glance:.1e} focus {focus:.1e}  "
        f"alpha mean {row['alpha']['mean']:.1e}  flips {row['flips']:.1e}"
    )
