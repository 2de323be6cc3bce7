"""Soft edges as the network says, or redrawn along the colours of the picture.

A network answers at its own size, and a small one blurs hair even there. Closed-form matting (see
`streammat_kernels.closed_form`) finds it again, as far as its colours differ from what lies behind,
and steadies edges from frame to frame. The networks that were released with a paper are left as
their authors made them. `benchmarks quality` compares.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.matting.sizes import NetworkSize, area_size
from streammat.matting.strategies.choose import Strategy, is_released
from streammat.matting.strategies.planes import planar_view
from streammat.types import Alpha, Plane
from streammat_kernels.closed_form import STILL, closed_form
from streammat_kernels.guided import guided_upsample
from streammat_kernels.layout import PixelLayout
from streammat_kernels.resize import bilinear

__all__ = ["Edges", "drawn_still", "redraws"]

Edges = Literal["auto", "closed-form", "network"]

_OWN: tuple[Strategy, ...] = ("single", "second-glance", "mirrored", "multi-scale")
_STILL_AREA_PX = 2_000_000  # half of it is as good by `benchmarks quality`; more takes long


def redraws(edges: str, network: str, strategy: Strategy) -> bool:
    """Whether soft edges are redrawn.

    Args:
        edges: auto, closed-form or network. auto: closed-form, but not for the released networks,
            nor where a strategy is theirs or goes in tiles.
        network: as of `strategy_for_still`.
        strategy: decided.

    Raises:
        ConfigError: another value, or closed-form in tiles.
    """
    if edges not in get_args(Edges):
        raise ConfigError(f"edges {edges!r}: use {', '.join(get_args(Edges))}")
    if edges == "closed-form" and strategy == "tiled":
        raise ConfigError(
            "edges closed-form: strategy tiled never has the whole picture at hand; use edges auto "
            "or another strategy"
        )
    if edges == "auto":
        return strategy in _OWN and not is_released(network)
    return edges == "closed-form"


def drawn_still(
    small: NDArray[np.float32], planes: tuple[Plane, ...], layout: PixelLayout
) -> Alpha:
    """A photograph's alpha (H, W) uint16 from one of any size, its edges redrawn.

    Args:
        small: (h, w), 0..1, of the whole picture.
        planes, layout: of the picture.
    """
    height, width = planes[0].shape
    area = area_size(width, height, min(width * height, _STILL_AREA_PX))
    size = NetworkSize(area.content_width, area.content_height, *area[2:])  # nothing is padded
    alpha = np.empty((size.height, size.width), np.float32)
    bilinear(small, alpha)
    closed_form(alpha, planar_view(planes, layout, size), alpha, settings=STILL)
    if alpha.shape != (height, width):
        return guided_upsample(alpha, planes, layout)
    codes: Alpha = np.rint(alpha * np.float32(65535)).astype(np.uint16)
    return codes
