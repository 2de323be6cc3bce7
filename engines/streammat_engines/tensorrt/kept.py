"""A kept engine that computes what is asked for, though it was built for more than that."""

from __future__ import annotations

from .cache import PlanEntry
from .obtain import Workshop, obtain
from .plan import PlanManifest
from .request import EngineRequest, cache_key, looks_of

__all__ = ["obtain_one_picture", "serves"]


def obtain_one_picture(request: EngineRequest, shop: Workshop) -> PlanEntry:
    """A plan that computes one picture as ``request`` says.

    Engines that were built ahead with a dynamic batch, to take other weights, or by Torch-TensorRT
    give the same as the plain one, and are not built again. An FP32 engine stands in where no FP16
    one is kept: whoever built it may have been told to.

    Args:
        request: for batch 1.
        shop: as for `obtain`, which builds where nothing serves; see there for errors.
    """
    if shop.cache.find(cache_key(request, shop.api, shop.gpu, shop.rules)) is None:
        found = [e for e in shop.cache.entries() if serves(e.manifest, request, shop)]
        for entry in sorted(found, key=lambda e: _excess(e.manifest, request)):
            if (whole := shop.cache.find(entry.manifest.key)) is not None:
                _say_other(whole.manifest, request, shop)
                return whole
    return obtain(request, shop)


def serves(made: PlanManifest, request: EngineRequest, shop: Workshop) -> bool:
    """The kept plan computes one picture of this model and size here, as exactly as asked for."""
    gpu = shop.gpu
    unproved = made.precision == "fp16" and made.accuracy is None and shop.judge is not None
    if gpu is None or unproved:
        return False
    here = (shop.api.backend, shop.api.version, gpu.name, gpu.sm, gpu.driver)
    return (
        (made.backend, made.version, made.gpu, made.sm, made.driver) == here
        and made.model_sha256 == request.sha256
        and looks_of(made.profile) == request.looks
        and made.batches[0] == 1
        and made.precision in {request.precision, "fp32"}
        and shop.rules.items() <= made.rules.items()
    )


def _excess(made: PlanManifest, request: EngineRequest) -> tuple[bool, int, bool]:
    """How far from what was asked for, for sorting."""
    return made.precision != request.precision, made.batches[2], made.via != request.via


def _say_other(made: PlanManifest, request: EngineRequest, shop: Workshop) -> None:
    if made.precision != request.precision:
        name, size = request.model.stem, f"{request.width}x{request.height}"
        shop.say(
            f"{name} {request.looks}: the FP32 engine is used, as no FP16 one is kept; 'streammat "
            f"engine build {name} --size {size}' builds one"
        )
