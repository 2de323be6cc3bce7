"""Where the subject keeps to, over the alphas of a clip."""

from __future__ import annotations

import numpy as np

from streammat.matting.window import Rect
from streammat.types import Alpha

__all__ = ["Extent"]

_SOLID = 32768
_SPECK = 0.003  # of a side: what has fewer solid pixels in a row or column is not the subject
_ROOM = 0.05  # of the longer side, for what happens between two looks
_STEP_PX = 4  # every fourth pixel of every fourth row will do


class Extent:
    """The smallest rectangle that holds what is solid in every alpha it was shown."""

    def __init__(self) -> None:
        self._held: tuple[int, int, int, int] | None = None

    def add(self, alpha: Alpha) -> None:
        """See another alpha (H, W) of the same size; specks do not count."""
        solid = alpha[::_STEP_PX, ::_STEP_PX] >= _SOLID
        across = np.flatnonzero(solid.sum(axis=0) > _SPECK * solid.shape[0])
        down = np.flatnonzero(solid.sum(axis=1) > _SPECK * solid.shape[1])
        if not (across.size and down.size):
            return
        found = across[0], down[0], across[-1] + 1, down[-1] + 1
        left, top, right, bottom = (int(place) * _STEP_PX for place in found)
        if self._held is not None:
            left, top = min(left, self._held[0]), min(top, self._held[1])
            right, bottom = max(right, self._held[2]), max(bottom, self._held[3])
        self._held = left, top, right, bottom

    def rect(self) -> Rect | None:
        """X, Y, W, H with some room around it, not cut to the frame; None without a subject."""
        if self._held is None:
            return None
        left, top, right, bottom = self._held
        room = round(_ROOM * max(right - left, bottom - top))
        return left - room, top - room, right - left + 2 * room, bottom - top + 2 * room
