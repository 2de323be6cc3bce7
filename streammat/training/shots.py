"""Two frames of one shot: what is seen twice, and how it moved in between.

A pair teaches a network to answer alike where only the moment differs. Colours are (H, W, 3)
float32 RGB 0..255, alphas (H, W) float32 0..1. A motion is a (2, 3) affine that maps pixels (x, y)
of the first frame, counted from the centre of the upper left one, to those of the second.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from streammat.training.cache import Floats, Reals

__all__ = ["MARGIN_PX", "Content", "Motion", "draw_motion", "sampling_matrix", "second_frame"]

Motion = NDArray[np.float64]

MARGIN_PX = 12  # around both frames, so that what comes in at the edge has been drawn
MOST_SHIFT_PX = 4.0
MOST_TURN_DEGREES = 1.0
MOST_SCALE = 0.015
_BOTH_STILL, _ONE_STILL = 0.15, 0.35  # shares of shots: a tripod and a sitter, a tripod or a pan


class Content(NamedTuple):
    """What a sample shows before a camera sees it."""

    front: Reals  # (H, W, 3): a photograph, or the subject's colours times its alpha
    alpha: Floats  # (H, W)
    back: Floats | None = None  # (H, W, 3): what lies behind; None for a photograph

    def mirrored(self) -> Content:
        """Left and right exchanged."""
        back = None if self.back is None else self.back[:, ::-1]
        return Content(self.front[:, ::-1], self.alpha[:, ::-1], back)

    def picture(self) -> Floats:
        """(H, W, 3): the layers put together."""
        if self.back is None:
            return np.ascontiguousarray(self.front, np.float32)
        image = self.front + (1 - self.alpha[..., None]) * self.back
        return np.ascontiguousarray(np.clip(image, 0, 255), np.float32)

    def inner(self) -> Content:
        """The first frame: without the margin."""
        inner = slice(MARGIN_PX, -MARGIN_PX)
        back = None if self.back is None else self.back[inner, inner]
        return Content(self.front[inner, inner], self.alpha[inner, inner], back)


def draw_motion(rng: np.random.Generator, height_px: int, width_px: int) -> tuple[Motion, Motion]:
    """How subject and background of a frame of this size move; either may stand still."""
    draw, both = rng.random(), [_motion(rng, height_px, width_px) for _ in range(2)]
    still = np.eye(2, 3)
    if draw < _BOTH_STILL:
        return still, still
    if draw < _BOTH_STILL + _ONE_STILL:
        return (both[0], still) if rng.random() < 0.7 else (still, both[1])
    return both[0], both[1]


def _motion(rng: np.random.Generator, height_px: int, width_px: int) -> Motion:
    """A small turn and change of size about the frame's centre, and a shift."""
    turn = rng.uniform(-MOST_TURN_DEGREES, MOST_TURN_DEGREES)
    scale = 1 + rng.uniform(-MOST_SCALE, MOST_SCALE)
    centre = (width_px - 1) / 2, (height_px - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, turn, scale), np.float64)
    matrix[:, 2] += rng.uniform(-MOST_SHIFT_PX, MOST_SHIFT_PX, 2)
    return matrix


def second_frame(content: Content, subject: Motion, background: Motion) -> Content:
    """The second frame of a content that has a margin; a photograph moves with its subject."""
    back = None if content.back is None else _moved(content.back, background, 255)
    return Content(_moved(content.front, subject, 255), _moved(content.alpha, subject, 1), back)


def _moved(picture: Reals, motion: Motion, most: float) -> Floats:
    """The frame inside the margin, moved; cubic, so that it stays as sharp as the first."""
    matrix = motion.copy()
    matrix[:, 2] -= motion[:, :2] @ (MARGIN_PX, MARGIN_PX)
    height, width = (side - 2 * MARGIN_PX for side in picture.shape[:2])
    source = np.ascontiguousarray(picture, np.float32)
    border = cv2.BORDER_REPLICATE
    moved = cv2.warpAffine(
        source, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=border
    )
    return np.asarray(np.clip(moved, 0, most), np.float32)


def sampling_matrix(motion: Motion, height_px: int, width_px: int) -> Floats:
    """(2, 3) for `torch.nn.functional.affine_grid` (``align_corners=False``): where in the first
    frame what is seen in the second comes from, both in coordinates of -1..1."""
    units = np.array([[2 / width_px, 0, 1 / width_px - 1], [0, 2 / height_px, 1 / height_px - 1]])
    to_units, whole = (np.vstack([part, (0, 0, 1)]) for part in (units, motion))
    return (to_units @ np.linalg.inv(whole) @ np.linalg.inv(to_units))[:2].astype(np.float32)
