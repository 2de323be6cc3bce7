"""The alpha of a still by the name of a strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.matting.strategies.choose import Strategy, checked_strategy, strategy_for_still
from streammat.matting.strategies.edges import drawn_still, redraws
from streammat.matting.strategies.mirrored import Mirrored
from streammat.matting.strategies.multi_scale import multi_scale
from streammat.matting.strategies.network import AnyPass, NetworkPass, RimPass, is_rim
from streammat.matting.strategies.official import official, shrink_sample
from streammat.matting.strategies.planes import rgb_layout, rgb_planes
from streammat.matting.strategies.published import hybrid, resize
from streammat.matting.strategies.resample import enlarge, shrink_bytes
from streammat.matting.strategies.rim import rim
from streammat.matting.strategies.second_glance import second_glance
from streammat.matting.strategies.single import single
from streammat.matting.strategies.tiled import tiled
from streammat.types import Alpha

__all__ = ["still_alpha"]


def still_alpha(
    network: AnyPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    strategy: str = "auto",
    size: str = "balanced",
    edges: str = "auto",
) -> Alpha:
    """Alpha (H, W) uint16 of a still, 65535 = opaque, whatever the strategy.

    official is its sample mode (large pictures at a shorter side of 1080), enlarged to the
    picture's own size, and takes 16-bit pictures at 8 bits, as the released code would. A network
    with all three representations (RIM) has one pass at a third of the picture's size in hybrid,
    resize and official alike, as released (see `rim`); it takes no mirror image, no
    second glance, no multi-scale and no tiles.

    Args:
        network: the passes are its.
        rgb: (H, W, 3) uint8 or uint16 full scale.
        strategy: auto (see `strategy_for_still`), single, second-glance, mirrored, multi-scale,
            hybrid, resize, official or tiled.
        size: of ``single``, ``second-glance`` and ``mirrored``, of the glance pass of ``tiled``,
            and the middle one of ``multi-scale``.
        edges: auto, closed-form or network; see `redraws`.

    Raises:
        ConfigError: an unknown strategy, size or kind of edges, one that RIM does not take, or
            closed-form in tiles.
        InputError: a picture too small for the strategy.
    """
    if strategy == "auto":
        strategy = strategy_for_still(network.network, rgb.shape[0], rgb.shape[1])
    chosen = checked_strategy(strategy)
    redrawn = redraws(edges, network.network, chosen)
    if chosen == "single":
        return single(network, rgb, size=size, redrawn=redrawn)
    if chosen in _OWN and not is_rim(network):
        return _OWN[chosen](network, rgb, size=size, redrawn=redrawn)
    alpha = _published_alpha(network, rgb, chosen)
    if redrawn:
        small = np.ascontiguousarray(alpha, np.float32).clip(0, 1)
        return drawn_still(small, rgb_planes(rgb), rgb_layout(rgb))
    return _codes(alpha if alpha.shape == rgb.shape[:2] else enlarge(alpha, rgb.shape[:2]))


def _mirrored(
    network: NetworkPass, rgb: NDArray[np.uint8] | NDArray[np.uint16], *, size: str, redrawn: bool
) -> Alpha:
    return single(Mirrored(network), rgb, size=size, redrawn=redrawn)


def _tiled(
    network: NetworkPass, rgb: NDArray[np.uint8] | NDArray[np.uint16], *, size: str, redrawn: bool
) -> Alpha:
    assert not redrawn, "refused by `redraws`"
    return tiled(network, rgb, size=size)


# What the released code does not have.
_OWN: dict[Strategy, Callable[..., Alpha]] = {
    "mirrored": _mirrored,
    "multi-scale": multi_scale,
    "second-glance": second_glance,
    "tiled": _tiled,
}


def _published_alpha(
    network: AnyPass, rgb: NDArray[Any], strategy: Strategy
) -> NDArray[np.float64]:
    """Alpha 0..1 of a released strategy; of official at the size that it shrinks pictures to."""
    if is_rim(network):
        return _rim_alpha(network, rgb, strategy)
    network = cast("NetworkPass", network)
    if strategy == "official":
        return official(network, _bytes(rgb), sample_mode=True).alpha
    return (hybrid if strategy == "hybrid" else resize)(network, rgb).alpha


def _rim_alpha(network: RimPass, rgb: NDArray[Any], strategy: Strategy) -> NDArray[np.float64]:
    if strategy in _OWN:
        raise ConfigError(
            f"strategy {strategy}: a RIM network merges by what the whole picture holds at one "
            "size; use single or hybrid"
        )
    if strategy != "official":
        return rim(network, rgb).alpha
    return rim(network, shrink_sample(_bytes(rgb)), shrink=shrink_bytes).alpha


def _bytes(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    if rgb.dtype == np.uint8:
        return rgb
    return ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _codes(alpha: NDArray[np.float64]) -> Alpha:
    return np.rint(np.clip(alpha, 0, 1) * 65535).astype(np.uint16)
