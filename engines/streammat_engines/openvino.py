"""GFM graphs on the CPU through OpenVINO.

Several requests of one thread each give the most frames a second (files); one request with all
threads gives the shortest wait (live). Arrays are bound, never copied.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import StreammatError

from .engine import Arrays, Ticket, check_arrays, closed_error
from .errors import EngineError, EngineFileError
from .farther import farther_size
from .manifest import Manifest, TensorSpec, file_sha256
from .openvino_concats import split_concats
from .openvino_glances import join_looks
from .openvino_module import load_openvino, openvino_core
from .psp import STRIDE_PX, psp_matrices

if TYPE_CHECKING:
    import openvino

__all__ = ["OpenVinoEngine", "OpenVinoTicket"]

IMAGE_INPUT = "rgb"


@dataclass(slots=True, eq=False)
class OpenVinoTicket:
    """One submitted frame; keeps its arrays alive until it is redeemed."""

    engine: OpenVinoEngine
    request: _Request
    redeemed: bool = False


@dataclass(slots=True, eq=False)
class _Request:
    """An OpenVINO infer request and the arrays that are bound to it."""

    infer: Any
    bound: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def bind(self, arrays: Arrays) -> None:
        openvino = load_openvino()
        for name, array in arrays.items():
            if self.bound.get(name) is not array:
                self.infer.set_tensor(name, openvino.Tensor(array, shared_memory=True))
                self.bound[name] = array


class OpenVinoEngine:
    """A GFM graph compiled by OpenVINO for one input size, in float32 on the CPU.

    The graph takes ``rgb`` (B, 3, H, W) float32 0..255 and, where it has pyramid pooling, the
    matrices of `psp`, which are computed and baked in here. Requests beyond ``requests`` wait in
    OpenVINO's queue, so that preparing one frame and computing others overlap.

    Args:
        path: the ONNX file.
        shape: (B, 3, H, W) of ``rgb``; H and W multiples of 32.
        requests: frames computed at the same time.
        threads: threads of all requests together, at least ``requests``.
        sha256: what the file must hash to; None accepts any file.
        cache_dir: where OpenVINO keeps the compiled graph between runs; None keeps nothing.
        second_glance: glance is the mean of two looks, see `graph.second_glance`; sizes that are
            too small for a second one get one.
        remedy: what to do where the hash is another, for the message.

    Raises:
        EngineFileError: the size is not a multiple of 32; the file is missing, damaged, of another
            hash, or not of this form.
        DependencyError: OpenVINO is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        shape: tuple[int, int, int, int],
        requests: int = 1,
        threads: int = 1,
        *,
        sha256: str | None = None,
        cache_dir: Path | None = None,
        second_glance: bool = False,
        remedy: str = "get the file again from where it came",
    ) -> None:
        path = Path(path)
        _check_size(shape)
        found = file_sha256(path)
        if sha256 is not None and found != sha256.lower():
            raise EngineFileError(
                f"model file {path} is damaged: its sha256 is {found[:12]}..., its card says "
                f"{sha256[:12]}...; {remedy}"
            )
        requests = max(1, requests)
        options = _options(requests, max(threads, requests), cache_dir)
        farther = farther_size(*shape[2:]) if second_glance else None
        self._compiled, options = _compile(_read(path, shape, farther), options, path)
        self.requests = requests
        self.manifest = _manifest(self._compiled, path, found, options)
        self._lock = threading.Lock()
        self._idle: list[_Request] = []
        self._busy: set[_Request] = set()
        self._closed = False

    def submit(self, inputs: Arrays, outputs: Arrays) -> OpenVinoTicket:
        """Start one frame and return at once; see `Engine.submit`."""
        check_arrays(self.manifest.inputs, inputs, "input", writable=False)
        check_arrays(self.manifest.outputs, outputs, "output", writable=True)
        request = self._take()
        try:
            request.bind(inputs)
            request.bind(outputs)
            request.infer.start_async()
        except RuntimeError as error:
            self._give(request)
            raise EngineError(f"{self.manifest.model}: {_last_line(error)}") from error
        return OpenVinoTicket(self, request)

    def wait(self, ticket: Ticket) -> None:
        """Block until the ticket's outputs are written; see `Engine.wait`."""
        if not isinstance(ticket, OpenVinoTicket) or ticket.engine is not self or ticket.redeemed:
            raise EngineError("a ticket is redeemed once, at the engine that gave it")
        ticket.redeemed = True
        try:
            ticket.request.infer.wait()
        except RuntimeError as error:
            raise EngineError(f"{self.manifest.model}: {_last_line(error)}") from error
        finally:
            self._give(ticket.request)

    def run(self, inputs: Arrays, outputs: Arrays) -> None:
        """Submit one frame and wait for it."""
        self.wait(self.submit(inputs, outputs))

    def close(self) -> None:
        """Wait for what is under way and free the compiled graph; may be called again."""
        with self._lock:
            self._closed = True
            requests = [*self._busy, *self._idle]
            self._idle.clear()
        for request in requests:
            request.infer.wait()
            request.bound.clear()
        self._compiled = None

    def _take(self) -> _Request:
        with self._lock:
            if self._closed:
                raise closed_error(self.manifest.model)
            request = (
                self._idle.pop() if self._idle else _Request(self._compiled.create_infer_request())
            )
            self._busy.add(request)
        return request

    def _give(self, request: _Request) -> None:
        with self._lock:
            self._busy.discard(request)
            if not self._closed:
                self._idle.append(request)


def _check_size(shape: tuple[int, int, int, int]) -> None:
    _, channels, height, width = shape
    if channels != 3:
        raise EngineFileError(
            f"input shape {shape}: the second number must be 3 (red, green, blue)"
        )
    if min(height, width) < STRIDE_PX or height % STRIDE_PX or width % STRIDE_PX:
        raise EngineFileError(
            f"network size {width}x{height}: both sides must be multiples of {STRIDE_PX}, "
            f"at least {STRIDE_PX}"
        )


def _read(
    path: Path, shape: tuple[int, int, int, int], farther: tuple[int, int] | None
) -> openvino.Model:
    """The graph at a fixed size, and at that of a second look; ``rgb`` is its only input."""
    try:
        model = _read_one(path, shape)
        if farther is not None:
            model = join_looks(model, _read_one(path, (*shape[:2], *farther)), IMAGE_INPUT)
    except StreammatError:
        raise
    except Exception as error:  # OpenVINO raises several types, none of them documented
        raise EngineFileError(
            f"model file {path} is damaged or not a GFM graph in ONNX form: {_last_line(error)}"
        ) from error
    return model


def _read_one(path: Path, shape: tuple[int, int, int, int]) -> openvino.Model:
    """The graph at a fixed size, its pooling matrices baked in."""
    openvino = load_openvino()
    # Asked for by name: guessing the format makes every other reader complain on stderr.
    frontend = openvino.frontend.FrontEndManager().load_by_framework("onnx")
    model = frontend.convert(frontend.load(str(path)))
    _bake(model, psp_matrices(shape[2], shape[3]))
    _check_inputs(model, path)
    split_concats(model)
    model.reshape({IMAGE_INPUT: list(shape)})
    return model


def _bake(model: openvino.Model, matrices: dict[str, NDArray[np.float32]]) -> None:
    """Put constants in place of the graph inputs of these names."""
    opset13 = load_openvino().opset13
    for parameter in model.get_parameters():
        for name in matrices.keys() & parameter.output(0).get_names():
            constant = opset13.constant(matrices[name])
            for use in parameter.output(0).get_target_inputs():
                use.replace_source_output(constant.output(0))
            model.remove_parameter(parameter)


def _check_inputs(model: openvino.Model, path: Path) -> None:
    names = sorted(port.get_any_name() for port in model.inputs)
    if names != [IMAGE_INPUT]:
        raise EngineFileError(
            f"model file {path} has inputs {', '.join(names)}; expected are {IMAGE_INPUT} and the "
            "pooling matrices pool_h, pool_w, up_h, up_w: export it with streammat's exporter"
        )


def _options(requests: int, threads: int, cache_dir: Path | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": requests,
        "INFERENCE_NUM_THREADS": threads,
        # The cores are shared with kernels and codecs: pinned threads would fight for the same one.
        "ENABLE_CPU_PINNING": False,
    }
    if cache_dir is not None:
        options["CACHE_DIR"] = str(cache_dir)
    return options


def _compile(
    model: openvino.Model, options: dict[str, Any], path: Path
) -> tuple[Any, dict[str, Any]]:
    """The compiled graph, and the options that it was compiled with."""
    core = openvino_core()
    if "CACHE_DIR" in options:
        # The cache only saves time, and it fails where two processes write the same file at once.
        with contextlib.suppress(RuntimeError):
            return core.compile_model(model, "CPU", options), options
        options = {key: value for key, value in options.items() if key != "CACHE_DIR"}
    try:
        return core.compile_model(model, "CPU", options), options
    except RuntimeError as error:
        raise EngineError(f"{path.name} cannot be compiled: {_last_line(error)}") from error


def _manifest(compiled: Any, path: Path, sha256: str, options: dict[str, Any]) -> Manifest:
    def specs(ports: Any) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(port.get_any_name(), tuple(port.shape)) for port in ports)

    return Manifest(
        model=path.name,
        sha256=sha256,
        runtime=f"openvino {load_openvino().__version__.split('-')[0]}",
        device="CPU",
        precision="f32",
        inputs=specs(compiled.inputs),
        outputs=specs(compiled.outputs),
        requests=options["NUM_STREAMS"],
        threads=options["INFERENCE_NUM_THREADS"],
        options={name: str(value) for name, value in options.items()},
    )


def _last_line(error: BaseException) -> str:
    """OpenVINO's messages are several lines long, the cause last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
