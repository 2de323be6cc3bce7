"""The sample clip by ``--device cuda``: its mattes beside the CPU's, which came in the pack.

``python -m benchmarks.gpu.matte_case --reference mattes.npz --json FILE``; with ``--network torch``
PyTorch computes the network, for hosts on which TensorRT does not.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import write_result
from streammat.demo import sample_clip
from streammat.media.reader import open_reader
from streammat.pipeline import matte_file
from streammat.settings import MatteSettings, OutputKind, OutputRequest

FRAMES = 24  # of which the reference is packed
MEAN_ALPHA_ERROR = 1 / 255  # the limit of an FP16 engine


def mattes(device: str, limit: int, folder: Path) -> tuple[NDArray[np.uint16], dict[str, Any]]:
    """(T, H, W) alphas of the sample clip's first frames, and what the job says of itself."""
    path = folder / f"{device}.mkv"
    settings = MatteSettings(device=device, limit=limit, codec="ffv1", overwrite=True)
    report = matte_file(str(sample_clip()), [OutputRequest(str(path), OutputKind.ALPHA)], settings)
    alphas: list[NDArray[Any]] = []
    with open_reader(str(path)) as reader:
        top = (1 << reader.info.layout.bits) - 1
        for frame in reader:
            codes = frame.planes[0].astype(np.uint32)
            alphas.append((codes * 65535 // top).astype(np.uint16))
    steady = report.seconds - report.startup_seconds
    return np.stack(alphas), {
        "frames": report.frames,
        "frames_a_second": (report.frames - 1) / steady if steady > 0 else 0.0,
        "startup_seconds": report.startup_seconds,
        "model": report.model,
        "stages": {stage.name: stage.steady_busy_seconds for stage in report.stages},
    }


def network_of(name: str) -> ExitStack:
    """Until it is closed PyTorch stands in for TensorRT, where ``name`` is torch."""
    stack = ExitStack()
    if name == "torch":
        from benchmarks.gpu.torch_engine import open_with_torch

        stack.enter_context(patch("streammat.device.missing_for_cuda", list))
        stack.enter_context(patch("streammat.matting.passes.tensorrt.open_on_gpu", open_with_torch))
    return stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Matte, compare, write; 0 when the mattes are within the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.matte_case")
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--limit", type=int, default=125)
    parser.add_argument("--network", default="tensorrt", choices=["tensorrt", "torch"])
    args = parser.parse_args(arguments)
    wanted = np.load(args.reference)["alphas"]
    rows = []
    with tempfile.TemporaryDirectory() as folder, network_of(args.network):
        for turn in ("cold", "warm"):  # the engine is built in the first, kernels compiled
            found, facts = mattes(args.device, args.limit, Path(folder))
            count = min(len(found), len(wanted))
            off = np.abs(found[:count].astype(np.int32) - wanted[:count]) / 65535
            errors = {"mean_alpha_error": float(off.mean()), "largest": float(off.max())}
            rows.append({"turn": turn, "device": args.device, "compared": count, **errors, **facts})
            made = {"limit": MEAN_ALPHA_ERROR, "network": args.network}
            write_result(args.json, "gpu matte", rows, **made)
            print(rows[-1], flush=True)
    return 0 if all(row["mean_alpha_error"] <= MEAN_ALPHA_ERROR for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
