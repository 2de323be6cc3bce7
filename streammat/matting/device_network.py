"""The network of a matter for pictures that are on the GPU already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from streammat.catalogue.cards import Variant
from streammat.matting.sizes import NetworkSize
from streammat.matting.window import Window

if TYPE_CHECKING:
    from streammat_engines.tensorrt.runner import TensorRtEngine
    from streammat_kernels.staging import Staging

__all__ = ["DeviceNetwork", "RunsOnDevice"]


@dataclass(frozen=True, slots=True)
class DeviceNetwork:
    """An engine that takes arrays of the GPU, the stream that it runs on, and what it expects.

    Attributes:
        engine: for batch 1 at ``size``; belongs to the matter, which closes it.
        staging: of the engine's stream.
        size: of its input and the part that the picture covers.
        variant: how glance and focus are fused.
        redrawn: whether soft edges are redrawn, see `streammat_kernels.closed_form`.
        window: the part of a frame that the network sees; None is all of it.
    """

    engine: TensorRtEngine
    staging: Staging
    size: NetworkSize
    variant: Variant
    redrawn: bool = False
    window: Window | None = None


@runtime_checkable
class RunsOnDevice(Protocol):
    """A matter that may give its network away."""

    def device_network(self) -> DeviceNetwork | None:
        """None where frames have to take the way over host memory: on the CPU; in tiles; RIM."""
