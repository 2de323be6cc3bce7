"""The engine that is asked for: from the cache, or built, proved and kept."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import DeviceMemoryError, DeviceUnavailable

from ..accuracy import Accuracy, refuse_inaccurate
from ..errors import EngineError, EngineRefused
from ..graph.fixed import graph_sha256
from .api import Api
from .build import RULES, BuiltPlan, build_plan, check_refit, graph_of, weights_sha256
from .cache import PlanCache, PlanEntry, write_atomically
from .gpu import Gpu, why_no_gpu
from .plan import PlanManifest
from .refit import refitted_plan, structure_sha256
from .request import EngineRequest, cache_key

__all__ = ["Workshop", "manifest_of", "obtain", "usual_seconds"]

Say = Callable[[str], None]
Builder = Callable[..., BuiltPlan]


class Judge(Protocol):
    """Measures a built plan against FP32 and says where."""

    def __call__(
        self, request: EngineRequest, built: BuiltPlan, frames: Sequence[NDArray[np.float32]]
    ) -> tuple[Accuracy, str] | None:
        """The accuracy and what it was measured on; None where it cannot be measured here."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where engines are made.

    Attributes:
        api: the TensorRT that builds.
        gpu: the GPU of this machine, None without one.
        cache: where plans are kept.
        judge: measures their accuracy; None: not measured.
        frames: real pictures (1, 3, H, W) of the asked-for size, for the judge.
        build: makes the plan; Torch-TensorRT may stand in for the backend's own parser.
        rules: revisions of our graph rewriting and of what else makes the plan; part of the key.
        say: gets progress, one line at a time.
    """

    api: Api
    gpu: Gpu | None
    cache: PlanCache
    judge: Judge | None = None
    frames: Callable[[int, int], Sequence[NDArray[np.float32]]] = lambda _h, _w: ()
    build: Builder = field(default=build_plan)
    rules: dict[str, str] = field(default_factory=lambda: dict(RULES))
    say: Say = lambda _: None


def usual_seconds(api: Api) -> str:
    """How long a build takes, for a person who waits."""
    return "a few seconds to a minute" if api.is_rtx else "one to ten minutes, once"


def obtain(request: EngineRequest, shop: Workshop, *, rebuild: bool = False) -> PlanEntry:
    """The plan for ``request``: out of the cache, or built under its lock, judged and kept.

    Raises:
        EngineRefused: it is less accurate than its limits allow; nothing was kept.
        EngineFileError: the model does not fit; the cache cannot be written.
        EngineError: the build failed.
        DeviceUnavailable: TensorRT wants a GPU, and there is none.
    """
    if shop.gpu is None and not shop.api.is_rtx:
        raise DeviceUnavailable(
            f"{shop.api.name} builds on the GPU that runs the engine, and {why_no_gpu()}, or use "
            "--backend tensorrt-rtx"
        )
    key = cache_key(request, shop.api, shop.gpu, shop.rules)
    entry = None if rebuild else shop.cache.find(key)
    if entry is not None and not _unproved(entry, request, shop):
        return entry
    with shop.cache.building(key, lambda: shop.say("another process builds this engine: waiting")):
        entry = None if rebuild else shop.cache.find(key)
        if entry is not None:
            return _proved(entry, request, shop) if _unproved(entry, request, shop) else entry
        return _make(request, shop, key, rebuild)


def _unproved(entry: PlanEntry, request: EngineRequest, shop: Workshop) -> bool:
    """It was kept without its accuracy, which is asked for."""
    wanted = shop.judge is not None and request.precision == "fp16"
    return wanted and entry.manifest.accuracy is None


def _proved(entry: PlanEntry, request: EngineRequest, shop: Workshop) -> PlanEntry:
    """A kept plan with its accuracy, as far as that can be measured here; removed if refused."""
    made = entry.manifest
    kept = BuiltPlan(
        plan=entry.read(),
        inputs=made.inputs,
        outputs=made.outputs,
        graph_sha256=made.graph_sha256,
        weights_sha256=made.weights_sha256,
        structure_sha256=made.structure_sha256,
        targets=made.targets,
        seconds=made.build_seconds,
    )
    try:
        accuracy = _judged(request, kept, shop)
    except EngineRefused:
        shop.cache.remove(made.key)
        raise
    return entry if accuracy is None else shop.cache.restate(replace(made, accuracy=accuracy))


def _make(request: EngineRequest, shop: Workshop, key: str, rebuild: bool) -> PlanEntry:
    check_refit(request, shop.api, shop.gpu is not None)
    what = f"{request.model.stem} {request.profile} {request.precision}"
    shop.say(f"building {what} with {shop.api.name} ({usual_seconds(shop.api)})")
    built = (None if rebuild else _refitted(request, shop)) or _built(request, shop)

    def keep(accuracy: dict[str, Any] | None) -> PlanEntry:
        made = manifest_of(request, built, shop.api, shop.gpu, key, accuracy, shop.rules)
        entry = shop.cache.store(made, built.plan)
        shop.say(f"built {what}: {len(built.plan) / 1e6:.0f} MB in {built.seconds:.0f} s")
        return entry

    try:
        return keep(_judged(request, built, shop))
    except DeviceMemoryError:  # no fault of the plan, which may have taken minutes
        keep(None)
        raise


def _built(request: EngineRequest, shop: Workshop) -> BuiltPlan:
    timing = shop.cache.timing(f"{shop.api.name} {shop.gpu.name if shop.gpu else 'portable'}")
    built = shop.build(
        request,
        shop.api,
        gpu_present=shop.gpu is not None,
        timing_cache=timing.read_bytes() if timing.is_file() else b"",
        say=shop.say,
    )
    if built.timing_cache:
        with contextlib.suppress(OSError):  # it only makes the next build faster
            write_atomically(timing, built.timing_cache)
    return built


def _refitted(request: EngineRequest, shop: Workshop) -> BuiltPlan | None:
    """A kept plan of the same network with the new weights; None where there is none."""
    if not request.refit or shop.gpu is None or not shop.api.strongly_typed:
        return None
    begun = time.perf_counter()
    graph = graph_of(request)
    structure = structure_sha256(graph)
    for entry in shop.cache.entries():
        if not _takes(entry.manifest, request, structure, shop):
            continue
        try:
            plan = refitted_plan(shop.api, entry.read(), graph)
        except (EngineError, OSError) as error:
            shop.say(f"{error}; building instead")
            return None
        made = entry.manifest
        shop.say(f"new weights put into engine {made.key[:12]}")
        return BuiltPlan(
            plan=plan,
            inputs=made.inputs,
            outputs=made.outputs,
            graph_sha256=graph_sha256(graph),
            weights_sha256=weights_sha256(graph),
            structure_sha256=structure,
            targets=made.targets,
            seconds=time.perf_counter() - begun,
        )
    return None


def _takes(made: PlanManifest, request: EngineRequest, structure: str, shop: Workshop) -> bool:
    """The kept plan is of the same network, size, release and GPU, and refittable."""
    gpu = shop.gpu
    assert gpu is not None, "a plan is refitted on a GPU"
    here = (shop.api.backend, shop.api.version, gpu.name, gpu.sm, gpu.driver)
    return (
        made.refittable
        and made.structure_sha256 == structure
        and (made.backend, made.version, made.gpu, made.sm, made.driver) == here
        and (made.profile, made.precision, made.rules)
        == (request.profile, request.precision, shop.rules)
    )


def _judged(request: EngineRequest, built: BuiltPlan, shop: Workshop) -> dict[str, Any] | None:
    if shop.judge is None or request.precision != "fp16":
        return None
    frames = shop.frames(request.height, request.width)
    verdict = shop.judge(request, built, frames) if frames else None
    if verdict is None:
        shop.say(
            "its accuracy was not measured: that needs ONNX Runtime where no GPU is, pip install "
            "'streammat[onnx]'"
        )
        return None
    accuracy, where = verdict
    refuse_inaccurate(accuracy, f"{request.model.stem} {request.profile}")
    return {**accuracy.to_dict(), "measured_on": where}


def manifest_of(
    request: EngineRequest,
    built: BuiltPlan,
    api: Api,
    gpu: Gpu | None,
    key: str,
    accuracy: dict[str, Any] | None = None,
    rules: dict[str, str] | None = None,
) -> PlanManifest:
    """The manifest of a plan that was just built."""
    return PlanManifest(
        key=key,
        model=request.model.name,
        model_sha256=request.sha256,
        graph_sha256=built.graph_sha256,
        weights_sha256=built.weights_sha256,
        structure_sha256=built.structure_sha256,
        inputs=built.inputs,
        outputs=built.outputs,
        profile=request.profile,
        batches=request.batches,
        precision=request.precision,
        backend=api.backend,
        version=api.version,
        via=request.via,
        targets=built.targets,
        gpu=gpu.name if gpu else "",
        sm=gpu.sm if gpu else "",
        driver=gpu.driver if gpu else "",
        build_seconds=round(built.seconds, 2),
        plan_bytes=len(built.plan),
        plan_sha256=hashlib.sha256(built.plan).hexdigest(),
        accuracy=accuracy,
        refittable=request.refit,
        rules=RULES if rules is None else rules,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )
