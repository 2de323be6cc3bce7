"""From a model of the catalogue to its engine: what is asked of the engine package."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from streammat.catalogue.cards import ModelCard
from streammat.errors import ConfigError, DependencyError, DeviceUnavailable
from streammat.gpu.frames import sample_frames
from streammat.matting.cache import cache_folder

if TYPE_CHECKING:
    from streammat_engines.engine import Engine
    from streammat_engines.tensorrt.cache import PlanCache, PlanEntry
    from streammat_engines.tensorrt.host import HostEngine
    from streammat_engines.tensorrt.obtain import Workshop
    from streammat_engines.tensorrt.request import EngineRequest

__all__ = [
    "build_engine",
    "default_backend",
    "engine_request",
    "open_engine",
    "open_workshop",
    "plan_cache",
]

Backend = Literal["tensorrt", "tensorrt-rtx"]
Say = Callable[[str], None]
_MODULES: dict[Backend, str] = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
_GIB = 1 << 30
_MOST_GIB = 1_000_000
_TILE_PX = 512  # where the GPU's memory is too small for a whole picture


def default_backend() -> Backend:
    """The TensorRT that is installed; the one for data centres where both are.

    Raises:
        DependencyError: neither is.
    """
    for backend, module in _MODULES.items():
        found = importlib.util.find_spec(module)
        if found is not None and found.origin is not None:  # any folder of the name is "found"
            return backend
    raise DependencyError(
        "TensorRT is missing, which runs networks on the GPU: pip install "
        "'streammat[tensorrt-rtx]' (GeForce, RTX), or 'streammat[tensorrt]' for data centres"
    )


def plan_cache(limit_gib: float | None = None, *, reading: bool = False) -> PlanCache:
    """Where engines are kept.

    Args:
        limit_gib: of all engines together, 0..1000000; None means the usual 8.
        reading: nothing will be stored; the folder need not be writable.

    Raises:
        ConfigError: the limit is out of range.
        EngineFileError: the folder cannot be written.
    """
    from streammat_engines.tensorrt.cache import LIMIT_BYTES, PlanCache

    if limit_gib is not None and not 0 <= limit_gib <= _MOST_GIB:  # NaN is not within, either
        raise ConfigError(f"room for engines: {limit_gib:g} GiB is not allowed; use 0..{_MOST_GIB}")
    limit = LIMIT_BYTES if limit_gib is None else int(limit_gib * _GIB)
    return PlanCache(cache_folder() / "engines" / "plans", limit, reading=reading)


def engine_request(
    card: ModelCard, width: int, height: int, *, backend: Backend, **options: Any
) -> EngineRequest:
    """The request for a model at a size.

    Args:
        card: of the model.
        width, height: of the network; multiples of 32.
        backend: tensorrt or tensorrt-rtx.
        options: batch, dynamic, precision, via, refit and second_glance of `EngineRequest`.

    Raises:
        EngineFileError: the model's file is missing or not what its card says; an option that
            cannot be.
    """
    from streammat.errors import EngineFileError
    from streammat_engines.manifest import file_sha256
    from streammat_engines.tensorrt.request import EngineRequest

    found = file_sha256(card.path)
    if found != card.sha256.lower():
        raise EngineFileError(
            f"model file {card.path} is damaged: its sha256 is {found[:12]}..., its card says "
            f"{card.sha256[:12]}...; {card.remedy}"
        )
    return EngineRequest(
        model=card.path, sha256=found, height=height, width=width, backend=backend, **options
    )


def open_workshop(
    card: ModelCard,
    backend: Backend,
    say: Say,
    *,
    via: str = "onnx",
    judged: bool = True,
    cache: PlanCache | None = None,
) -> Workshop:
    """Everything that a build needs on this machine.

    Raises:
        DependencyError: TensorRT, with ``via`` torch Torch-TensorRT, or with a GPU CuPy is not
            installed.
        EngineFileError: the cache cannot be written.
    """
    from streammat_engines.tensorrt.api import load_api
    from streammat_engines.tensorrt.build import RULES, build_plan
    from streammat_engines.tensorrt.gpu import find_gpu
    from streammat_engines.tensorrt.judge import PlanJudge
    from streammat_engines.tensorrt.obtain import Workshop
    from streammat_engines.tensorrt.via_torch import build_with_torch, torch_tensorrt_version

    builder, rules = build_plan, dict(RULES)
    if via == "torch":
        builder, rules = build_with_torch, {**RULES, "torch": torch_tensorrt_version(backend)}
    api, gpu = load_api(backend), find_gpu()
    if judged and gpu is not None and importlib.util.find_spec("cupy") is None:
        raise DependencyError(  # before the build, which may take minutes
            "CuPy is missing, which the engine is proved with on the GPU: pip install "
            f"'streammat[{backend}]', or --no-check"
        )
    variant = card.variant if card.variant in {"tt", "ft", "bt"} else "tt"
    opened = None if gpu is None else (lambda request, built: _open_built(api, request, built))
    return Workshop(
        api=api,
        gpu=gpu,
        cache=cache or plan_cache(),
        judge=PlanJudge(variant, opened) if judged else None,
        frames=sample_frames,
        build=builder,
        rules=rules,
        say=say,
    )


def build_engine(request: EngineRequest, shop: Workshop, *, rebuild: bool = False) -> PlanEntry:
    """The engine out of the cache, or built, proved and kept; see `obtain`."""
    from streammat_engines.tensorrt.obtain import obtain

    return obtain(request, shop, rebuild=rebuild)


def open_engine(
    card: ModelCard, width: int, height: int, say: Say, *, second_glance: bool = False
) -> Engine:
    """An engine for frames in ordinary memory, built first where no kept one serves.

    Args:
        card: of the model.
        width, height: of the network; multiples of 32.
        say: gets progress.
        second_glance: see `EngineRequest`.

    Raises:
        DependencyError: TensorRT or CuPy is not installed.
        DeviceUnavailable: no GPU.
        EngineError: the build failed, or the plan cannot be loaded.
    """
    from streammat_engines.tensorrt.cuda import release_kept_memory
    from streammat_engines.tensorrt.gpu import why_no_gpu
    from streammat_engines.tensorrt.kept import obtain_one_picture
    from streammat_engines.tensorrt.memory import open_within_memory
    from streammat_engines.tensorrt.tiles import TiledEngine

    backend = default_backend()
    shop = open_workshop(card, backend, say)
    if shop.gpu is None:  # a portable engine would be built first, and then nothing run it
        raise DeviceUnavailable(f"device cuda: {why_no_gpu()}, or use --device cpu")

    def opened(width: int, height: int) -> Engine:
        request = engine_request(card, width, height, backend=backend, second_glance=second_glance)
        entry = obtain_one_picture(request, shop)
        engine = _on_host(entry.read(), entry.manifest.limited_to(1), shop.api, say)
        engine.try_out()
        return engine

    def tiled() -> Engine:
        side = min(_TILE_PX, width, height)
        return TiledEngine(opened(side, side), height, width, overlap_px=side // 4)

    return open_within_memory(
        lambda _: opened(width, height), 1, tiled, say, release=release_kept_memory
    )[0]


def _open_built(api: Any, request: Any, built: Any) -> Engine:
    """A plan that is not in the cache yet, for its judge."""
    from streammat_engines.tensorrt.gpu import find_gpu
    from streammat_engines.tensorrt.obtain import manifest_of

    return _on_host(built.plan, manifest_of(request, built, api, find_gpu(), "unkept"), api)


def _on_host(plan: bytes, manifest: Any, api: Any, say: Say = lambda _: None) -> HostEngine:
    from streammat_engines.tensorrt.cuda import CupyCuda
    from streammat_engines.tensorrt.host import HostEngine
    from streammat_engines.tensorrt.runner import TensorRtEngine
    from streammat_kernels.staging import CupyStaging

    cuda = CupyCuda()
    stream = cuda.stream()
    engine = TensorRtEngine(plan, manifest, api, cuda, stream=stream, say=say)
    return HostEngine(engine, CupyStaging(stream))
