"""From the network's answer to the final alpha: upsampling, smoothing, finesse. In order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streammat.matting.extent import Extent
from streammat.matting.protocol import FrameMatter
from streammat.matting.touch_up import TouchUp
from streammat.types import Alpha, Frame
from streammat_kernels.temporal import TemporalState, smooth

from .queue import Pool
from .work import Work

__all__ = ["Finesse", "GuideAt", "RefineStage"]

GuideAt = Callable[[Frame], Alpha]
_EXTENT_FRAMES = 8  # between two looks at where the subject is


@dataclass(frozen=True, slots=True)
class Finesse:
    """What is done to the matte after smoothing; the defaults do nothing.

    Attributes:
        despeckle_px: islands of less than a disc of this diameter go.
        grow_px, shrink_px, feather_px: pixels of the full frame.
        clip_black, clip_white: 0..1.
        garbage, holdout: (H, W) uint16 for a frame, 65535 forces alpha to 0 / 1.
        roi: X, Y, W, H; alpha is 0 outside.
    """

    despeckle_px: float = 0.0
    grow_px: float = 0.0
    shrink_px: float = 0.0
    feather_px: float = 0.0
    clip_black: float = 0.0
    clip_white: float = 1.0
    garbage: GuideAt | None = None
    holdout: GuideAt | None = None
    roi: tuple[int, int, int, int] | None = None


class RefineStage:
    """Upsample, smooth and finesse the alpha of one frame after the other.

    Args:
        matter: its slot is given back to ``slots`` as soon as the alpha is full size.
        slots, alphas: where slots and (H, W) uint16 buffers are borrowed.
        strength: of the temporal smoothing, 0..1; 0 leaves it out.
        touch: None leaves finesse out.

    Attributes:
        cuts: numbers of the frames, the first left out, at which smoothing started afresh.
        extent: where the subject was.
    """

    name = "refine"

    def __init__(
        self,
        matter: FrameMatter,
        slots: Pool[int],
        alphas: Pool[Alpha],
        strength: float = 0.0,
        touch: Finesse | None = None,
    ) -> None:
        self._matter = matter
        self._slots = slots
        self._alphas = alphas
        self._strength = strength
        self._touch = touch
        self._state: TemporalState | None = None
        self._raw: Alpha | None = None
        self.cuts: list[int] = []
        self.extent = Extent()
        self._touch_up = TouchUp()

    def process(self, work: Work) -> Work:
        """Fill in ``work.alpha`` and ``work.cut``."""
        final = self._alphas.take()
        raw = final if self._touch is None else self._buffer(final)
        self._matter.alpha(work.frame, work.slot, raw)
        self._slots.give(work.slot)
        work.slot, work.cut = -1, work.frame.reset
        if self._strength > 0:
            work.cut = self._smooth(work.frame, raw)
        if self._touch is not None:
            self._apply(self._touch, work.frame, raw, final)
        if work.cut and work.frame.index:
            self.cuts.append(work.frame.index)
        if work.frame.index % _EXTENT_FRAMES == 0:
            self.extent.add(final)
        work.alpha = final
        return work

    def _buffer(self, like: Alpha) -> Alpha:
        if self._raw is None or self._raw.shape != like.shape:
            self._raw = np.empty_like(like)
        return self._raw

    def _smooth(self, frame: Frame, alpha: Alpha) -> bool:
        fresh = frame.reset or self._state is None
        state = None if fresh else self._state
        self._state = smooth(
            alpha, frame.planes, frame.layout, state, alpha, strength=self._strength
        )
        return fresh or self._state.cut

    def _apply(self, touch: Finesse, frame: Frame, alpha: Alpha, out: Alpha) -> None:
        self._touch_up(
            alpha,
            out,
            despeckle_px=touch.despeckle_px,
            grow_px=touch.grow_px,
            shrink_px=touch.shrink_px,
            feather_px=touch.feather_px,
            clip_black=touch.clip_black,
            clip_white=touch.clip_white,
            garbage=touch.garbage(frame) if touch.garbage else None,
            holdout=touch.holdout(frame) if touch.holdout else None,
            roi=touch.roi,
        )
