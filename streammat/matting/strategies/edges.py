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
from streammat.matting.strategies.planes import picture_view
from streammat.types import Alpha, Plane
from streammat_kernels.closed_form import FRAME, STILL, Settings, closed_form
from streammat_kernels.guided import guided_upsample
from streammat_kernels.layout import PixelLayout
from streammat_kernels.resize import bilinear

__all__ = ["Edges", "drawn_still", "redraw", "redraws"]

Edges = Literal["auto", "closed-form", "network"]

_OWN: tuple[Strategy, ...] = ("single", "second-glance", "mirrored", "multi-scale")
_STILL_AREA_PX = 2_000_000  # beyond, strands are wider than the windows, and a picture takes long


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


def redraw(
    alpha: NDArray[np.float32],
    view: NDArray[np.float32],
    size: NetworkSize,
    settings: Settings = FRAME,
) -> None:
    """Redraw the soft edges of an alpha in place.

    Args:
        alpha: (h, w), 0..1, at ``size``, padding included.
        view: (h, w, 3) R'G'B' 0..255, see `picture_view`.
        size: its content is the picture.
    """
    rgb = np.ascontiguousarray(view.transpose(2, 0, 1))
    content = size.content_height, size.content_width
    closed_form(alpha, rgb, alpha, settings=settings, content=content)


def drawn_still(
    small: NDArray[np.float32], planes: tuple[Plane, ...], layout: PixelLayout
) -> Alpha:
    """A photograph's alpha (H, W) uint16 from one of any size, its edges redrawn.

    Args:
        small: (h, w), 0..1, of the whole picture.
        planes, layout: of the picture.
    """
    height, width = planes[0].shape
    size = area_size(width, height, min(width * height, _STILL_AREA_PX))
    content = size.content_height, size.content_width
    enlarged = np.empty(content, np.float32)
    bilinear(small, enlarged)
    alpha = np.zeros((size.height, size.width), np.float32)
    alpha[: content[0], : content[1]] = enlarged
    redraw(alpha, picture_view(planes, layout, size), size, STILL)
    if content != (height, width):
        return guided_upsample(alpha, planes, layout, content=content)
    codes: Alpha = np.rint(alpha[:height, :width] * np.float32(65535)).astype(np.uint16)
    return codes
