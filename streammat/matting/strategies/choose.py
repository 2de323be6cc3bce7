"""Strategies by name, and which one suits a network and a source."""

from __future__ import annotations

from typing import Literal, get_args

from streammat.errors import ConfigError
from streammat.matting.sizes import BALANCED_AREA_PX, working_area
from streammat.matting.strategies.pass_size import least_side
from streammat.matting.strategies.published import GLANCE_RATIO

__all__ = [
    "STRATEGIES",
    "Strategy",
    "checked_strategy",
    "is_released",
    "strategy_for_clip",
    "strategy_for_source",
    "strategy_for_still",
]

Strategy = Literal[
    "single", "second-glance", "mirrored", "multi-scale", "hybrid", "resize", "official", "tiled"
]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
_RELEASED = ("gfm_d121", "gfm_r34", "gfm_r101")  # encoders that their authors test with hybrid


def checked_strategy(name: str) -> Strategy:
    """``name``, if it is a strategy; auto has to be decided before.

    Raises:
        ConfigError: an unknown strategy.
    """
    for known in STRATEGIES:
        if name == known:
            return known
    raise ConfigError(f"strategy {name!r}: use auto, {', '.join(STRATEGIES)}")


def is_released(network: str) -> bool:
    """Whether a network is one that was released with a paper, by its name."""
    return network.startswith(_RELEASED)


def strategy_for_still(network: str, height: int, width: int) -> Strategy:
    """What auto means for a picture.

    Args:
        network: which one it is, e.g. ``gfm_r34_tt``; empty where nothing says.
        height, width: of the picture.

    Returns:
        multi-scale; for the encoders of the released networks hybrid, which is their own, or single
        where the picture is too small for it.
    """
    if not is_released(network):
        return "multi-scale"
    return "hybrid" if min(height, width) >= least_side(GLANCE_RATIO) else "single"


def strategy_for_clip(network: str, size: str = "balanced") -> Strategy:
    """What auto means for the frames of a clip, which all pay for it.

    Args:
        network: as of `strategy_for_still`.
        size: fast, balanced, best or WxH.

    Returns:
        single up to balanced; second-glance for larger sizes, at which a network sees too little
        of a subject at a time; single for the released networks, whose authors know no other.

    Raises:
        ConfigError: a size that cannot be.
    """
    large = working_area(size) > BALANCED_AREA_PX
    return "second-glance" if large and not is_released(network) else "single"


def strategy_for_source(
    name: str, network: str, height: int, width: int, *, still: bool, size: str = "balanced"
) -> Strategy:
    """The strategy for a source: auto is decided by the network and by what the source is.

    Args:
        name: as asked for.
        network, height, width: as of `strategy_for_still`.
        still: whether the source is one picture.
        size: as of `strategy_for_clip`.

    Raises:
        ConfigError: an unknown strategy.
    """
    if name == "auto":
        if still:
            return strategy_for_still(network, height, width)
        return strategy_for_clip(network, size)
    return checked_strategy(name)
