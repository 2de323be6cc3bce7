"""Lets a real Torch-TensorRT convert our graphs on a machine without a GPU, and looks at them.

``python -m tests.engines.tensorrt.convert_without_gpu [MODEL.onnx] [--dynamic] [--release 2.13.0]``
takes the Python sources of torch-tensorrt-rtx (pip, 4 MB) without its libraries, answers for the
driver what it asks on the way, and lets the real TensorRT-RTX build. It prints the types by kind of
layer, which have to be those that TensorRT's own parser gives the same graph (a Clip is an
activation to one and arithmetic to the other, so that activations in half are not counted). Needs
torch, onnx, tensorrt-rtx-cu13, psutil and packaging; takes minutes. It cannot show that plans run.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import streammat
from streammat_engines.manifest import file_sha256
from streammat_engines.tensorrt import via_torch
from streammat_engines.tensorrt.api import Api, load_api
from streammat_engines.tensorrt.build import graph_of
from streammat_engines.tensorrt.log import make_log
from streammat_engines.tensorrt.request import EngineRequest
from tests.engines.tensorrt.read_torch_tensorrt import download

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"
KINDS = ("CONVOLUTION", "MATRIX_MULTIPLY", "ACTIVATION", "RESIZE", "CAST", "CONCATENATION")


def answer_for_the_driver() -> None:
    """What torch.cuda would say of some GPU; nothing is computed there."""
    import torch

    gpu = SimpleNamespace(name="none", major=8, minor=9, total_memory=1 << 34)
    answers: dict[str, Any] = {
        "get_device_capability": lambda *_: (8, 9),
        "get_device_properties": lambda *_: gpu,
        "current_device": lambda: 0,
        "mem_get_info": lambda *_: (1 << 34, 1 << 34),
        "empty_cache": lambda: None,
        "synchronize": lambda *_: None,
    }
    for name, given in answers.items():
        setattr(torch.cuda, name, given)
    if not hasattr(torch._C, "_CudaDeviceProperties"):
        setattr(torch._C, "_CudaDeviceProperties", SimpleNamespace)  # noqa: B010 - unknown to types


@contextmanager
def _unloaded_plans(interpreter: Any) -> Iterator[list[Any]]:
    """A runtime that loads nothing, which needs a driver; gives the networks that were built."""
    networks: list[Any] = []

    class Runtime:
        def __init__(self, _: Any) -> None: ...
        def deserialize_cuda_engine(self, plan: Any) -> Any:
            return SimpleNamespace(serialize=lambda: plan)

    class TensorRt:
        def __getattr__(self, name: str) -> Any:
            return Runtime if name == "Runtime" else getattr(real, name)

    real, plain = interpreter.trt, interpreter.TRTInterpreter.run

    def run(self: Any, *given: Any, **options: Any) -> Any:
        made = plain(self, *given, **options)
        networks.append(layers(real, self.ctx.net))
        return made

    interpreter.trt, interpreter.TRTInterpreter.run = TensorRt(), run
    yield networks
    interpreter.trt, interpreter.TRTInterpreter.run = real, plain


def layers(trt: Any, network: Any) -> dict[str, Any]:
    """Names and shapes of inputs and outputs; types by kind of layer."""
    found: Counter[str] = Counter()
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        kind = next(k for k in (*KINDS, "") if not k or layer.type == getattr(trt.LayerType, k))
        name = f"{kind} {layer.get_output(0).dtype.name}"
        if kind and name != "ACTIVATION HALF" and "INT" not in name:
            found[name] += 1
    ends = [network.get_input(i) for i in range(network.num_inputs)]
    ends += [network.get_output(i) for i in range(network.num_outputs)]
    return {
        "tensors": [(end.name, tuple(end.shape), end.dtype.name) for end in ends],
        "layers": dict(sorted(found.items())),
    }


def parsed(api: Api, request: EngineRequest) -> dict[str, Any]:
    """The same of TensorRT's own parser."""
    trt, log = api.trt, make_log(api.trt)
    builder = trt.Builder(log)
    network = builder.create_network(api.network_flags())
    assert trt.OnnxParser(network, log).parse(graph_of(request).SerializeToString())
    return layers(trt, network)


def convert(request: EngineRequest, release: str, folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The plan and its network, by the real Torch-TensorRT."""
    wheel = download(release, "torch-tensorrt-rtx", folder)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, "dllist"], check=True)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(folder)], check=True)
    for library in (folder / "torch_tensorrt").rglob("*.so"):
        library.unlink()  # they need CUDA's libraries; only running a plan needs them
    sys.path.insert(0, str(folder))
    answer_for_the_driver()
    package = importlib.import_module("torch_tensorrt")
    with _unloaded_plans(importlib.import_module(via_torch._INTERPRETER)) as networks:
        plan, _ = via_torch._converted(package, graph_of(request), request, "cpu", b"")
    return plan, networks[0]


def main() -> int:
    """Convert by both ways; 0 when tensors and types are the same."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", nargs="?", type=Path, default=MODEL)
    parser.add_argument("--dynamic", action="store_true")
    parser.add_argument(
        "--release", default="2.13.0", help="the one of the torch that is installed"
    )
    args = parser.parse_args()
    request = EngineRequest(
        model=args.model,
        sha256=file_sha256(args.model),
        height=64,
        width=96,
        batch=8 if args.dynamic else 1,
        dynamic=args.dynamic,
        backend="tensorrt-rtx",
    )
    with tempfile.TemporaryDirectory() as folder:
        plan, by_torch = convert(request, args.release, Path(folder))
    by_parser = parsed(load_api("tensorrt-rtx"), request)
    print(f"plan of {len(plan) / 1e6:.1f} MB")
    for name, found in (("torch ", by_torch), ("parser", by_parser)):
        print(name, found["tensors"], found["layers"], sep="\n  ")
    same = all(by_torch[part] == by_parser[part] for part in by_parser)
    print("the same" if same else "NOT the same")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
