"""A network pass on an NVIDIA GPU: what ``streammat matte --device cuda`` runs.

Each size that a picture needs is an engine of its own, built when it is first met (said on stderr)
and kept in the cache on disk. Not yet run on a GPU; ``STREAMMAT_REQUIRE_CUDA=1 pytest tests/gpu``
compares it with the CPU.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from streammat.catalogue.cards import ModelCard
from streammat.device import missing_for_cuda
from streammat.errors import DeviceUnavailable
from streammat.matting.passes.engine import EnginePass
from streammat_engines.engine import Engine

__all__ = ["open_on_gpu", "tensorrt_pass"]

Say = Callable[[str], None]


def tensorrt_pass(card: ModelCard, say: Say | None = None) -> EnginePass:
    """The pass of ``card``; engines are built when they are needed, see `open_on_gpu`.

    Raises:
        DeviceUnavailable: driver, CuPy or TensorRT is missing; all that is missing is named.
        DependencyError, EngineError: see `streammat.gpu.engines.open_engine` (at a pass).
    """
    if missing := missing_for_cuda():
        raise DeviceUnavailable(
            f"engine tensorrt needs {'; '.join(missing)}; or use openvino, onnx or torch"
        )
    return EnginePass(card, partial(open_on_gpu, say=say))


def open_on_gpu(
    card: ModelCard,
    width: int,
    height: int,
    *,
    second_glance: bool = False,
    say: Say | None = None,
) -> Engine:
    """The TensorRT engine of a size.

    Args:
        card: of the model.
        width, height: of the network.
        second_glance: see `EngineRequest`.
        say: gets the steps of building it, which may take minutes; None: stderr.
    """
    from streammat.gpu.engines import open_engine

    return open_engine(card, width, height, say or _say, second_glance=second_glance)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
