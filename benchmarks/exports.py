"""How exactly the exported graph of a network computes what PyTorch computes.

``python -m benchmarks exports FILE... [--json FILE]``. FILE is a checkpoint of any GFM network (of
a released one, say) or an ONNX file of the light network. It is exported as ``streammat models
import`` does it and computed by ONNX Runtime and OpenVINO at five sizes, small and upright ones
among them, on noise. Each is compared with PyTorch in float32 and, as PyTorch rounds too, all three
with PyTorch in float64. Largest differences of glance and focus, 0..1. ResNet-101 needs 12 GB.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .record import write_result

SIZES = ((64, 96), (96, 64), (128, 160), (224, 128), (192, 256))  # H, W
LIMIT = 1e-5
Maps = dict[str, NDArray[Any]]
Compute = Callable[[NDArray[np.float32]], Maps]


def _torch(model: Any, dtype: Any) -> Compute:
    import torch

    from streammat.models.psp import PspMatrices, matrices_for

    def compute(rgb: NDArray[np.float32]) -> Maps:
        matrices = PspMatrices(*(m.to(dtype) for m in matrices_for(*rgb.shape[2:])))
        with torch.inference_mode():
            output = model(torch.from_numpy(rgb).to(dtype), matrices)
        if hasattr(output, "glance"):
            return {name: getattr(output, name).numpy() for name in ("glance", "focus")}
        parts = {name: getattr(output, name) for name in ("tt", "ft", "bt")}
        return {
            f"{name}_{part}": getattr(maps, name).numpy()
            for part, maps in parts.items()
            for name in ("glance", "focus")
        }

    return compute


def _onnx(path: Path) -> Compute:
    import onnxruntime

    from streammat_engines.psp import psp_matrices

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()]

    def compute(rgb: NDArray[np.float32]) -> Maps:
        given = {"rgb": rgb, **psp_matrices(rgb.shape[2], rgb.shape[3])}
        return dict(zip(names, session.run(names, given), strict=True))

    return compute


def _openvino(path: Path) -> Compute:
    from streammat_engines.openvino import OpenVinoEngine

    def compute(rgb: NDArray[np.float32]) -> Maps:
        engine = OpenVinoEngine(path, (1, 3, rgb.shape[2], rgb.shape[3]))
        outputs = {s.name: np.empty(s.shape, np.float32) for s in engine.manifest.outputs}
        engine.run({"rgb": rgb}, outputs)
        engine.close()
        return outputs

    return compute


def _far(one: Maps, other: Maps) -> float:
    return max(float(np.abs(one[name] - other[name]).max()) for name in other)


def _network(file: Path) -> Any:
    from streammat.models import load_checkpoint
    from streammat.models.from_onnx import gfm_from_onnx

    return gfm_from_onnx(file) if file.suffix == ".onnx" else load_checkpoint(file)


def measure(file: Path) -> list[dict[str, Any]]:
    """One row a size."""
    import torch

    from streammat.models.export import export_onnx
    from streammat.models.registry import config_of

    model = _network(file).eval()
    pictures = [
        np.random.default_rng(0).uniform(0, 255, (1, 3, *size)).astype(np.float32) for size in SIZES
    ]
    found: dict[str, list[Maps]] = {"torch": [_torch(model, torch.float32)(p) for p in pictures]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_onnx(model, path, half=False)
        for engine, opened in (("onnx", _onnx), ("openvino", _openvino)):
            compute = opened(path)
            found[engine] = [compute(picture) for picture in pictures]
    truth = [_torch(model.double(), torch.float64)(picture) for picture in pictures]
    return [
        {
            "network": config_of(model).name,
            "size": f"{size[1]}x{size[0]}",
            **{f"{e}_to_torch": _far(found[e][i], found["torch"][i]) for e in ("onnx", "openvino")},
            **{f"{engine}_to_float64": _far(maps[i], truth[i]) for engine, maps in found.items()},
        }
        for i, size in enumerate(SIZES)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one line a size, store JSON when asked; 1 where the limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks exports")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, help="store the record here")
    args = parser.parse_args(arguments)
    rows = []
    for file in args.files:
        for row in measure(file):
            rows.append(row)
            print(f"{row['network']} {row['size']}: " + ", ".join(_words(row)), flush=True)
    write_result(args.json, "exports", rows, targets={"largest_difference": LIMIT})
    return int(any(row[f"{e}_to_torch"] > LIMIT for row in rows for e in ("onnx", "openvino")))


def _words(row: dict[str, Any]) -> list[str]:
    return [f"{key.replace('_', ' ')} {value:.1e}" for key, value in row.items() if "_to_" in key]


if __name__ == "__main__":
    raise SystemExit(main())
