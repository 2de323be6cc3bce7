"""What is done to one training sample: decided before, so that any backend can carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LineTaps", "SamplePlan", "Span", "line_taps", "reach"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """One sample's decisions.

    Attributes:
        x, y: top left corner of the crop in the foreground, pixels.
        side: of the square crop, pixels; it lies inside the foreground.
        flip: mirror left and right.
        blur_px: side of the box that blurs the background, 0 for none.
        denoise_foreground, denoise_background: standard deviation of the noise to take out of
            each, in levels of 0..255; 0 leaves it alone.
        noise_sigma: standard deviation of the noise that is added to all, 0 for none.
        noise_seed: which noise, 0..2^32-1.
    """

    x: int
    y: int
    side: int
    flip: bool = False
    blur_px: int = 0
    denoise_foreground: float = 0.0
    denoise_background: float = 0.0
    noise_sigma: float = 0.0
    noise_seed: int = 0


class LineTaps(NamedTuple):
    """Linear interpolation along one axis: output i is between two source positions."""

    first: NDArray[np.int32]  # (n,) source position
    second: NDArray[np.int32]  # (n,) the next one, or the same at the end
    weight: NDArray[np.float32]  # (n,) share of the second


@lru_cache(maxsize=256)
def line_taps(start: int, length: int, outputs: int, flip: bool) -> LineTaps:
    """Half-pixel centres, ends repeated: OpenCV's INTER_LINEAR over ``start``..``start+length``."""
    position = (np.arange(outputs) + 0.5) * length / outputs - 0.5
    position = np.clip(position, 0, length - 1)
    first = np.floor(position).astype(np.int32)
    weight = (position - first).astype(np.float32)
    second = np.where(weight > 0, np.minimum(first + 1, length - 1), first).astype(np.int32)
    order = slice(None, None, -1) if flip else slice(None)
    first, second = first[order] + np.int32(start), second[order] + np.int32(start)
    return LineTaps(first, second, np.ascontiguousarray(weight[order]))


def reach(start: int, length: int, before: int, after: int, limit: int) -> Span:
    """First and end of the positions that a window around ``start``..``start + length`` touches."""
    return max(start - before, 0), min(start + length + after, limit)
