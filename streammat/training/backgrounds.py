"""Backgrounds that make a subject hard to tell: lettering, and colours of the subject itself.

Images are (H, W, 3) float32 RGB 0..255, alphas (H, W) float32 0..1.
"""

from __future__ import annotations

import string

import cv2
import numpy as np

from streammat.training.cache import Bytes, Floats, Reals

MOST_SIGNS = 4
_LETTERS = np.array(list(string.ascii_letters + string.digits + "  !?&%"))
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def printed(image: Floats, rng: np.random.Generator) -> Floats:
    """One to four signs, most with lettering: posters and shop fronts are no subjects."""
    codes = np.ascontiguousarray(image, np.float32).clip(0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(1, MOST_SIGNS + 1))):
        _sign(codes, rng)
    return codes.astype(np.float32)


def _sign(image: Bytes, rng: np.random.Generator) -> None:
    h, w = image.shape[:2]
    x, y = int(rng.integers(-w // 8, w)), int(rng.integers(-h // 8, h))
    width, height = int(w * rng.uniform(0.1, 0.6)), int(h * rng.uniform(0.08, 0.5))
    paper, ink = (tuple(map(float, rng.uniform(0, 255, 3))) for _ in range(2))
    if rng.random() < 0.7:
        cv2.rectangle(image, (x, y), (x + width, y + height), paper, cv2.FILLED)
    size = rng.uniform(0.3, 2.5)
    line = max(round(30 * size), 8)
    font, thick = _FONTS[int(rng.integers(len(_FONTS)))], max(1, round(size * rng.uniform(1, 3)))
    for row in range(y + line, y + height, line):
        letters = "".join(rng.choice(_LETTERS, int(rng.integers(2, 14))))
        cv2.putText(image, letters, (x + 4, row), font, size, ink, thick, cv2.LINE_AA)


def alike(image: Floats, premultiplied: Reals, alpha: Floats, rng: np.random.Generator) -> Floats:
    """The image moved to the mean colour of a band of rows of the subject, its contrast lowered.

    So a white shirt gets a bright sky, and a black cat a dark room. `premultiplied` is the
    subject's colour times `alpha`.
    """
    rows = np.flatnonzero(alpha.max(1) > 0.5)
    if not len(rows):
        return image
    count = max(len(rows) // 5, 1)
    first = int(rng.integers(0, len(rows) - count + 1))
    band = rows[first : first + count]
    colour = premultiplied[band].sum((0, 1)) / alpha[band].sum()
    mean = image.mean((0, 1))
    moved = mean + rng.uniform(0.6, 1.0) * (colour - mean)
    return np.asarray((image - mean) * rng.uniform(0.2, 1.0) + moved, np.float32).clip(0, 255)
