"""What a strategy gets of a graph's outputs."""

from __future__ import annotations

import numpy as np

from streammat.matting.fuser import Fuser, Outputs
from streammat.matting.strategies.network import PassOutput, RimPassOutput

__all__ = ["answer"]


def answer(fuser: Fuser, outputs: Outputs) -> PassOutput | RimPassOutput:
    """Glance and focus of the first picture, for RIM all three pairs and their merged alpha.

    Args:
        fuser: of the model.
        outputs: of its graph, float32 (1, C, h, w) by name.
    """
    if fuser.variant != "rim":
        return _pair(outputs, "")
    tt, ft, bt = (_pair(outputs, f"_{name}") for name in ("tt", "ft", "bt"))
    return RimPassOutput(tt, ft, bt, fuser.merge(outputs, np.empty_like(tt.focus)))


def _pair(outputs: Outputs, suffix: str) -> PassOutput:
    return PassOutput(outputs[f"glance{suffix}"][0], outputs[f"focus{suffix}"][0, 0])
