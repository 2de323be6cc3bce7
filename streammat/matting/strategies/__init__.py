"""How a picture is put to a network: one size or several, in tiles, or as the released code."""

from __future__ import annotations

from streammat.matting.strategies.choose import (
    STRATEGIES,
    Strategy,
    checked_strategy,
    strategy_for_clip,
    strategy_for_source,
    strategy_for_still,
)
from streammat.matting.strategies.edges import redraws
from streammat.matting.strategies.multi_scale import multi_scale
from streammat.matting.strategies.network import (
    AnyPass,
    NetworkPass,
    PassOutput,
    RimPass,
    RimPassOutput,
    StillMaps,
)
from streammat.matting.strategies.official import official
from streammat.matting.strategies.published import hybrid, resize
from streammat.matting.strategies.rim import RimMaps, rim
from streammat.matting.strategies.second_glance import second_glance
from streammat.matting.strategies.single import single
from streammat.matting.strategies.still import still_alpha
from streammat.matting.strategies.tiled import tiled

__all__ = [
    "STRATEGIES",
    "AnyPass",
    "NetworkPass",
    "PassOutput",
    "RimMaps",
    "RimPass",
    "RimPassOutput",
    "StillMaps",
    "Strategy",
    "checked_strategy",
    "hybrid",
    "multi_scale",
    "official",
    "redraws",
    "resize",
    "rim",
    "second_glance",
    "single",
    "still_alpha",
    "strategy_for_clip",
    "strategy_for_source",
    "strategy_for_still",
    "tiled",
]
