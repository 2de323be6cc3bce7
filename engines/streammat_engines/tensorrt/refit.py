"""Other weights into a plan that is there: seconds instead of a build.

A retrained network has the same graph and other weights. A plan that was built refittable takes
them, on the GPU that it was built on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..errors import EngineError
from .api import Api
from .log import make_log

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["refitted_plan", "structure_sha256"]


def structure_sha256(graph: ModelProto) -> str:
    """Hash of a graph without its weights' values; equal for trainings of the same network."""
    digest = hashlib.sha256()
    for node in graph.graph.node:
        digest.update(node.SerializeToString(deterministic=True))
    for weight in graph.graph.initializer:
        # Small constants (slice bounds, scales, limits) are structure, not weights.
        values = weight.raw_data if len(weight.dims) < 1 or weight.data_type == _INT64 else b""
        facts = (weight.name, tuple(weight.dims), weight.data_type, values)
        digest.update(repr(facts).encode())
    return digest.hexdigest()


_INT64 = 7  # onnx.TensorProto.INT64


def refitted_plan(api: Api, plan: bytes, graph: ModelProto) -> bytes:
    """The plan with the weights of ``graph``.

    Raises:
        EngineError: the plan cannot be loaded here, is not refittable, or the weights do not fit.
    """
    log = make_log(api.trt)
    engine = api.trt.Runtime(log).deserialize_cuda_engine(plan)
    if engine is None or not api.can_refit(engine):
        raise EngineError(f"the plan takes no other weights: {log.reason() or 'not refittable'}")
    refitter = api.trt.Refitter(engine, log)
    parser = api.trt.OnnxParserRefitter(refitter, log)
    if not parser.refit_from_bytes(graph.SerializeToString()) or not refitter.refit_cuda_engine():
        raise EngineError(f"the weights do not fit the plan: {log.reason() or 'no reason given'}")
    return bytes(engine.serialize())
