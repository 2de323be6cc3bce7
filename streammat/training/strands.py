"""Generated objects made of hair: balls, tufts and loose strands with an exact alpha.

Photographs teach a network little about fur at the scale of single strands; drawn strands have a
known alpha. Everything is drawn premultiplied, oversampled, then shrunk.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from streammat.training.cache import Bytes, Floats, Reals

OVERSAMPLING = 2
POINTS = 9  # per strand
BUNDLES = 60  # groups of strands of one colour, drawn over each other in random order
FIXED_BITS = 4  # cv2's sub-pixel coordinates


class HairStyle(NamedTuple):
    """How an object's strands look."""

    strands: int
    length: float  # in body radii, beyond the body
    curl: float  # radians over the strand
    wind: float  # common bend, radians
    body: float  # 1: opaque body, 0: strands only
    colour: Floats  # (3,) 0..255
    spread: float  # colour variation


def random_style(rng: np.random.Generator) -> HairStyle:
    """Draw a style: short dense fur half of the time, else longer, curlier, thinner hair."""
    short = rng.random() < 0.5
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(5, 245))
    return HairStyle(
        strands=int(rng.integers(900, 2200)) if short else int(rng.integers(150, 1200)),
        length=rng.uniform(0.03, 0.2) if short else rng.uniform(0.2, 0.9),
        curl=rng.uniform(0.0, 1.5) if short else rng.uniform(0.2, 4.0),
        wind=rng.normal(0, 0.5),
        body=1.0 if rng.random() < 0.85 else 0.0,
        colour=colour.astype(np.float32),
        spread=rng.uniform(5, 60),
    )


def _curves(
    rng: np.random.Generator, style: HairStyle, centre: Floats, radii: Floats, outline: Floats
) -> Floats:
    """(strands, POINTS, 2) float: strands that start inside the body and grow outwards."""
    n = style.strands
    angle = rng.uniform(0, 2 * np.pi, n)
    depth = np.sqrt(rng.uniform(0.1, 1.0, n))
    bulge = np.interp(angle, np.linspace(0, 2 * np.pi, len(outline)), outline)
    root = centre + np.stack([np.cos(angle), np.sin(angle)], 1) * radii * (depth * bulge)[:, None]
    length = (style.length * radii.mean() * rng.uniform(0.4, 1.2, n)) / (POINTS - 1)
    turn = (rng.normal(0, style.curl, n) + style.wind) / (POINTS - 1)
    return grown(root, angle + rng.normal(0, 0.35, n), turn, length, POINTS)


def grown(roots: Reals, heading: Reals, turn: Reals, step: Reals, points: int) -> Floats:
    """(strands, points, 2) x, y: strands that bend evenly.

    Args:
        roots: (strands, 2) x, y.
        heading: (strands,) of the first step, radians.
        turn: (strands,) from one step to the next, radians.
        step: (strands,) its length.
        points: of each strand, the root included.
    """
    headings = heading[:, None] + turn[:, None] * np.arange(points - 1)
    steps = np.stack([np.cos(headings), np.sin(headings)], 2) * step[:, None, None]
    curves = np.concatenate([roots[:, None], roots[:, None] + np.cumsum(steps, 1)], 1)
    return np.asarray(curves, np.float32)


def _body(canvas: Bytes, style: HairStyle, centre: Floats, radii: Floats, outline: Floats) -> None:
    angle = np.linspace(0, 2 * np.pi, len(outline))
    edge = centre + np.stack([np.cos(angle), np.sin(angle)], 1) * radii * outline[:, None]
    points = (edge * (1 << FIXED_BITS)).astype(np.int32)
    colour = (*(float(c) for c in style.colour), 255.0)
    cv2.fillPoly(canvas, [points], colour, cv2.LINE_AA, FIXED_BITS)


def _shade(rgba: Floats, rng: np.random.Generator) -> Floats:
    """Light from one side: colours (not alpha) scaled by a linear ramp."""
    height, width = rgba.shape[:2]
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    ramp = 1 + depth * np.clip(x * np.cos(angle) + y * np.sin(angle), -1, 1)
    rgba[..., :3] = np.minimum(rgba[..., :3] * ramp[..., None], rgba[..., 3:])
    return rgba


def hair_object(rng: np.random.Generator, height_px: int, width_px: int) -> Floats:
    """A hairy object somewhere in the frame: (H, W, 4) float32 RGBA, premultiplied, 0..1."""
    style = random_style(rng)
    size = np.array([width_px, height_px], np.float32) * OVERSAMPLING
    canvas = np.zeros((int(size[1]), int(size[0]), 4), np.uint8)
    radius = rng.uniform(0.14, 0.38) * size.min()
    radii = (radius * rng.uniform(0.8, 1.25, 2)).astype(np.float32)
    centre = (size * rng.uniform(0.25, 0.75, 2)).astype(np.float32)
    wobble = np.cumsum(rng.normal(0, 0.05, 33))
    outline = (1 + wobble - np.linspace(0, wobble[-1], 33)).clip(0.6, 1.4).astype(np.float32)
    outline = outline if rng.random() < 0.5 else np.ones(33, np.float32)
    if style.body:
        _body(canvas, style, centre, radii, outline)
    curves = _curves(rng, style, centre, radii, outline)
    points = (curves * (1 << FIXED_BITS)).astype(np.int32)
    thick = 1 if rng.random() < 0.7 else 2
    for group in np.array_split(points, BUNDLES):
        colour = np.clip(style.colour + rng.normal(0, style.spread), 0, 255)
        values = (*(float(c) for c in colour), 255.0)
        cv2.polylines(canvas, list(group), False, values, thick, cv2.LINE_AA, FIXED_BITS)
    small = cv2.resize(canvas, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return _shade(np.asarray(small, np.float32) / np.float32(255), rng)
