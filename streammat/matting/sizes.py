"""The network's working size: named or WxH, the frame's aspect kept, sides multiples of 32."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from streammat.errors import ConfigError
from streammat.settings import SIZE_SIDE_PX

__all__ = [
    "BALANCED_AREA_PX",
    "GRID_PX",
    "SIZES",
    "NetworkSize",
    "area_size",
    "network_size",
    "size_note",
    "working_area",
]

GRID_PX = 32
BALANCED_AREA_PX = 512 * 288
SIZES = {"fast": 0.55, "balanced": 1.0, "best": 2.25}  # areas relative to balanced


class NetworkSize(NamedTuple):
    """Pixels of the network's input, and the part at its top left that the picture covers."""

    width: int
    height: int
    content_width: int
    content_height: int


def network_size(width: int, height: int, size: str = "balanced") -> NetworkSize:
    """The working size for a frame of ``width`` x ``height`` pixels.

    The picture is never squashed: it is scaled evenly, and what is missing to the next multiple of
    32 is padding at the right and below.

    Args:
        width, height: of the upright frame.
        size: fast, balanced or best (the area of 512x288 times 0.55, 1 and 2.25 at the frame's own
            aspect), or WxH. WxH is rounded up to multiples of 32; it is turned when the frame
            stands upright and WxH lies, or the other way round.

    Raises:
        ConfigError: another name, or a side outside 32..4096.
    """
    if size in SIZES:
        return area_size(width, height, BALANCED_AREA_PX * SIZES[size])
    asked_width, asked_height = _turned(_parse(size), width, height)
    net_width, net_height = _grid(asked_width), _grid(asked_height)
    return _fit(width, height, net_width, net_height)


def working_area(size: str) -> float:
    """About how many pixels a network sees at ``size``: fast, balanced, best or WxH.

    Raises:
        ConfigError: as of `network_size`.
    """
    if size in SIZES:
        return BALANCED_AREA_PX * SIZES[size]
    width, height = _parse(size)
    return width * height


def size_note(width: int, height: int, size: str) -> str:
    """One line for the user when WxH was changed, else empty."""
    if size in SIZES:
        return ""
    asked, used = _parse(size), network_size(width, height, size)
    if asked == (used.width, used.height):
        return ""
    turned = _turned(asked, width, height)
    reasons = []
    if turned != asked:
        reasons.append("turned with the frame")
    if turned != (used.width, used.height):
        reasons.append(f"rounded up to multiples of {GRID_PX}")
    return f"size {size}: {' and '.join(reasons)}: {used.width}x{used.height}"


def _parse(size: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", size)
    if not match:
        raise ConfigError(f"size {size!r}: use {', '.join(SIZES)} or WxH, for example 640x360")
    width, height = int(match[1]), int(match[2])
    low, high = SIZE_SIDE_PX
    if min(width, height) < low or max(width, height) > high:
        raise ConfigError(f"size {size}: each side must be {low}..{high} pixels")
    return width, height


def _turned(asked: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """``asked``, its sides swapped when one of frame and ``asked`` stands and the other lies."""
    across = (asked[0] - asked[1]) * (width - height) < 0
    return (asked[1], asked[0]) if across else asked


def _grid(length: float) -> int:
    """Round up to the grid; the tiny slack forgives float error just above a multiple."""
    return max(GRID_PX, math.ceil(length / GRID_PX - 1e-6) * GRID_PX)


def area_size(width: int, height: int, area: float) -> NetworkSize:
    """The working size of about ``area`` pixels at the frame's own aspect; see `network_size`."""
    scale = math.sqrt(area / (width * height))
    padded = _grid(width * scale) * _grid(height * scale)
    if padded > 2 * area:  # a sliver of a frame: its short side is padded to 32 pixels
        scale *= 2 * area / padded
    content = (max(1, round(width * scale)), max(1, round(height * scale)))
    return NetworkSize(_grid(content[0]), _grid(content[1]), *content)


def _fit(width: int, height: int, net_width: int, net_height: int) -> NetworkSize:
    scale = min(net_width / width, net_height / height)
    content_width = min(net_width, max(1, round(width * scale)))
    content_height = min(net_height, max(1, round(height * scale)))
    return NetworkSize(net_width, net_height, content_width, content_height)
