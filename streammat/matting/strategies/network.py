"""What a strategy needs of a network: one picture in, glance and focus out."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelVariant, Variant

__all__ = [
    "AnyPass",
    "NetworkPass",
    "PassOutput",
    "RimPass",
    "RimPassOutput",
    "StillMaps",
    "is_rim",
]


class PassOutput(NamedTuple):
    """Sigmoid outputs, 0..1, at the size of the pass."""

    glance: NDArray[
        np.float32
    ]  # (3, h, w) for tt: background, transition, foreground; else (2, h, w)
    focus: NDArray[np.float32]  # (h, w)


class RimPassOutput(NamedTuple):
    """Three representations and what the network made of them (raw: may leave 0..1)."""

    tt: PassOutput
    ft: PassOutput
    bt: PassOutput
    alpha: NDArray[np.float32]  # (h, w)


class AnyPass(Protocol):
    """A GFM network, on whatever engine: a `NetworkPass` or a `RimPass`."""

    @property
    def network(self) -> str:
        """Which network it is, e.g. ``gfm_r34_tt``; empty where nothing says."""

    @property
    def variant(self) -> ModelVariant:
        """How glance and focus are fused."""

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput | RimPassOutput:
        """The network's answer to (h, w, 3) R'G'B' 0..255; both sides are multiples of 32."""

    def close(self) -> None:
        """Free the network; may be called again."""


class NetworkPass(Protocol):
    """A GFM network of one representation, on whatever engine."""

    @property
    def network(self) -> str:
        """As of `AnyPass`."""

    @property
    def variant(self) -> Variant:
        """How glance and focus are fused."""

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        """Glance and focus of (h, w, 3) R'G'B' 0..255; both sides are multiples of 32."""

    def close(self) -> None:
        """Free the network; may be called again."""


class RimPass(Protocol):
    """A GFM network with all three representations."""

    @property
    def network(self) -> str:
        """As of `AnyPass`."""

    @property
    def variant(self) -> Literal["rim"]:
        """``rim``."""

    def __call__(self, rgb: NDArray[np.float32], /) -> RimPassOutput:
        """As of `NetworkPass`."""

    def close(self) -> None:
        """Free the network; may be called again."""


def is_rim(network: AnyPass) -> TypeGuard[RimPass]:
    """Whether ``network`` has all three representations."""
    return network.variant == "rim"


class StillMaps(NamedTuple):
    """A strategy's maps at the size of the picture, (H, W)."""

    glance: NDArray[
        np.float64
    ]  # 0..255: label map, tt 0 / 128 / 255, ft and bt 0 / 255, interpolated
    focus: NDArray[np.float64]  # 0..1
    alpha: NDArray[np.float64]  # 0..1
