"""Small plans and requests for the tests of building and keeping."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from streammat_engines.manifest import file_sha256
from streammat_engines.tensorrt.api import Api
from streammat_engines.tensorrt.gpu import Gpu
from streammat_engines.tensorrt.plan import PlanManifest, PlanTensor
from streammat_engines.tensorrt.request import EngineRequest
from tests.engines.tensorrt.fake_trt import fake_module

GPU = Gpu("NVIDIA Test 1", "9.0", "580.1")
_TEXT = (
    "model",
    "model_sha256",
    "graph_sha256",
    "weights_sha256",
    "structure_sha256",
    "profile",
    "version",
    "via",
    "gpu",
    "sm",
    "driver",
)


def plan_of(key: str, plan: bytes = b"plan") -> PlanManifest:
    """A manifest that fits these bytes."""
    facts: dict[str, Any] = dict.fromkeys(_TEXT, "x")
    tensor = PlanTensor("rgb", (1, 3, 64, 64), "float32")
    return PlanManifest(
        **facts,
        key=key,
        inputs=(tensor,),
        outputs=(tensor,),
        batches=(1, 1, 1),
        precision="fp16",
        backend="tensorrt",
        targets=(),
        build_seconds=1.5,
        plan_bytes=len(plan),
        plan_sha256=hashlib.sha256(plan).hexdigest(),
    )


def api(version: str = "11.4.0", backend: Any = "tensorrt") -> Api:
    """A fake release."""
    return Api(backend, fake_module(version), version)


def request_for(model: Path, **options: Any) -> EngineRequest:
    """An engine for 64 x 64."""
    base = EngineRequest(model=model, sha256=file_sha256(model), height=64, width=64)
    return replace(base, **options)
