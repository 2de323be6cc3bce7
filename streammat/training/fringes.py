"""Hair drawn onto the outline of a photographed subject, with an exact alpha.

The alphas of most pairs were made by a network that smooths hair away, so composites of them show
hardly any. Strands that leave the outline in the colours that lie behind it show a network how
hair looks where it is found: around heads and backs, before any background.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from streammat.training.cache import Floats, Reals
from streammat.training.strands import FIXED_BITS, OVERSAMPLING, grown

POINTS = 7  # per strand
MOST_STRANDS = 900
_EDGE_PX = 3  # outlines this near to the picture's edge were cut by it and grow nothing
_INWARDS_PX = (1.0, 6.0)  # from the outline to the roots


class Fringe(NamedTuple):
    """How the hair of one subject looks."""

    share: float  # of the subject's height that it grows on, from the top
    density: float  # strands per pixel of outline
    length: (
        float  # of the longest, in heights or widths of the outline that it grows on, the larger
    )
    curl: float  # radians over a strand
    spread: float  # of directions, radians
    wind: float  # common bend, radians
    colour_spread: float


def random_fringe(rng: np.random.Generator) -> Fringe:
    """Short dense fur, or longer looser hair; on the head in most cases."""
    short = rng.random() < 0.5
    return Fringe(
        share=rng.uniform(0.2, 0.5) if rng.random() < 0.7 else 1.0,
        density=rng.uniform(0.5, 2.0) if short else rng.uniform(0.1, 0.9),
        length=rng.uniform(0.015, 0.06) if short else rng.uniform(0.04, 0.2),
        curl=rng.uniform(0.0, 1.0) if short else rng.uniform(0.2, 3.5),
        spread=rng.uniform(0.2, 0.9),
        wind=rng.normal(0, 0.6),
        colour_spread=rng.uniform(2, 25),
    )


def _outline(alpha: Floats, share: float) -> Floats:
    """(N, 2) x, y of the outline on the subject's upper `share`, not at the picture's edge."""
    mask = (alpha > 0.5).astype(np.uint8)
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not found:
        return np.zeros((0, 2), np.float32)
    points = max(found, key=len)[:, 0].astype(np.float32)
    height, width = alpha.shape
    x, y = points.T
    inside = (x >= _EDGE_PX) & (x < width - _EDGE_PX) & (y >= _EDGE_PX) & (y < height - _EDGE_PX)
    return np.asarray(points[inside & (y <= y.min() + share * (y.max() - y.min()))], np.float32)


def _outwards(alpha: Floats, at: Floats) -> Floats:
    """Directions in radians that lead out of the subject at the points."""
    smooth = cv2.GaussianBlur(alpha, (0, 0), 4)
    x, y = at.astype(int).T
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)[y, x]
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)[y, x]
    return np.asarray(np.arctan2(-dy, -dx), np.float32)


def _strands(rng: np.random.Generator, fringe: Fringe, alpha: Floats) -> Floats:
    """(strands, POINTS, 2) x, y: from inside the outline outwards."""
    outline = _outline(alpha, fringe.share)
    count = min(round(len(outline) * fringe.density), MOST_STRANDS)
    if not count:
        return np.zeros((0, POINTS, 2), np.float32)
    at = outline[rng.integers(0, len(outline), count)]
    angle = _outwards(alpha, at)
    inwards = rng.uniform(*_INWARDS_PX, count)
    roots = at - np.stack([np.cos(angle), np.sin(angle)], 1) * inwards[:, None]
    size = float(np.ptp(outline, axis=0).max())
    step = (inwards + fringe.length * size * rng.uniform(0.2, 1.0, count)) / (POINTS - 1)
    turn = (rng.normal(0, fringe.curl, count) + fringe.wind) / (POINTS - 1)
    return grown(roots, angle + rng.normal(0, fringe.spread, count), turn, step, POINTS)


def with_fringe(
    premultiplied: Reals, alpha: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """A subject with drawn hair on its outline.

    Args:
        premultiplied: (H, W, 3), 0..255: its colours times its alpha.
        alpha: (H, W) float32, 0..1.
        rng: every draw comes from it.

    Returns:
        The same two, hair included.
    """
    height, width = alpha.shape
    fringe = random_fringe(rng)
    curves = _strands(rng, fringe, alpha)
    x, y = np.clip(curves[:, 0].T, 0, [[width - 1], [height - 1]]).astype(int)
    roots = premultiplied[y, x] / np.maximum(alpha[y, x, None], 0.05)
    colours = np.clip(roots + rng.normal(0, fringe.colour_spread, (len(roots), 1)), 0, 255)
    points = ((curves + 0.5) * OVERSAMPLING - 0.5) * (1 << FIXED_BITS)
    canvas = np.zeros((height * OVERSAMPLING, width * OVERSAMPLING, 4), np.uint8)
    for line, colour in zip(points.astype(np.int32), colours, strict=True):
        value = (*(float(c) for c in colour), 255.0)
        cv2.polylines(canvas, [line], False, value, 1, cv2.LINE_AA, FIXED_BITS)
    hair = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    covered = hair[..., 3] / np.float32(255)
    kept = 1 - covered
    out = hair[..., :3] + kept[..., None] * premultiplied
    return np.asarray(out, np.float32), np.asarray(covered + kept * alpha, np.float32)
