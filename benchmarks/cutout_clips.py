"""Clips with a known alpha: a cut-out moves over another place, with noise and compression.

Each clip is a subject of a photograph that no model here was trained on, in its own framing, over a
place that was not used in training either. Subject and place move smoothly and on their own;
sensor noise is added; the frames go through H.264 and back. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streammat.media.recompress import through_h264

from .peers import Grey, Rgb

SIDES = (360, 640)  # short, long; a clip lies or stands as the photograph does
FRAMES = 24
PERIOD = 72  # frames of one round of a motion: three seconds
ZOOM = 1.18  # more than the frame, so that no motion shows the photograph's border
HEADROOM = 0.7  # of half a frame's height, from the subject's top to the frame's middle
PLACES = (
    "images/background_matting/0001_back.jpg",
    "images/pymatting_lemur/beach.png",
    "videos/dance_bgmatting/input_bg.mp4",
)
PLACE_MOMENT = 250  # frame of a clip that serves as a place


Size = tuple[int, int]  # H, W


@dataclass(frozen=True, slots=True)
class MadeClip:
    """Frames as a decoder gives them, and their exact alphas."""

    name: str
    group: str
    frames: list[Rgb]
    alphas: list[Grey]


@dataclass(frozen=True, slots=True)
class Path2D:
    """A smooth motion: an ellipse in pixels, a sway in degrees, a breath in scale."""

    across_px: float
    down_px: float
    sway: float
    breath: float
    phase: float

    @classmethod
    def drawn(cls, random: np.random.Generator, size: Size, vivid: float) -> Path2D:
        """A motion whose reach stays within ZOOM."""
        reach = np.array([0.05 * size[1], 0.035 * size[0], 1.2, 0.02]) * vivid
        across, down, sway, breath = reach * random.uniform(0.4, 1.0, 4)
        return cls(across, down, sway, breath, random.uniform(0, 2 * np.pi))

    def shift(self, moment: float) -> tuple[float, float]:
        """x, y in pixels."""
        angle = 2 * np.pi * moment + self.phase
        return self.across_px * float(np.sin(angle)), self.down_px * float(np.cos(angle))

    def degrees(self, moment: float) -> float:
        """Rotation."""
        return self.sway * float(np.sin(4 * np.pi * moment + self.phase))

    def scale(self, moment: float) -> float:
        """Size, about 1."""
        return 1.0 + self.breath * float(np.cos(2 * np.pi * moment))


def _cover(
    picture: NDArray[np.float32], centre: tuple[float, float], size: Size
) -> NDArray[np.float32]:
    """Scale to cover ZOOM times the frame, and cut that out around ``centre`` (x, y, 0..1)."""
    import cv2

    H, W = round(size[0] * ZOOM), round(size[1] * ZOOM)
    h, w = picture.shape[:2]
    scale = max(H / h, W / w)
    big = (max(W, round(w * scale)), max(H, round(h * scale)))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, big, interpolation=mode)
    x = int(np.clip(centre[0] * big[0] - W / 2, 0, big[0] - W))
    y = int(np.clip(centre[1] * big[1] - H / 2, 0, big[1] - H))
    return np.ascontiguousarray(scaled[y : y + H, x : x + W], np.float32)


def _premultiplied(rgb: Rgb, alpha: Grey) -> NDArray[np.float32]:
    """(H, W, 4) float32, 0..1: estimated foreground colours times alpha, and alpha."""
    from streammat_kernels.foreground import estimate_foreground
    from streammat_kernels.layout import Colour, Family, PixelLayout

    codes = (alpha * 65535 + 0.5).astype(np.uint16)
    planes = tuple(np.ascontiguousarray(rgb[..., channel]) for channel in range(3))
    layout, colour = PixelLayout(Family.RGB, 1, 1), Colour(full_range=True)
    colours = estimate_foreground(planes, layout, colour, codes).transpose(1, 2, 0)
    scaled = colours / np.float32(65535) * alpha[..., None]
    return np.concatenate([scaled, alpha[..., None]], 2, dtype=np.float32)


def _place(path: Path, size: Size) -> NDArray[np.float32]:
    import cv2

    if path.suffix == ".mp4":
        reader = cv2.VideoCapture(str(path))
        reader.set(cv2.CAP_PROP_POS_FRAMES, PLACE_MOMENT)
        _, picture = reader.read()
    else:
        picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))
    if picture.ndim != 3:
        raise FileNotFoundError(path)
    return _cover(picture[..., ::-1].astype(np.float32) / np.float32(255), (0.5, 0.5), size)


def _out_of_focus(place: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.GaussianBlur(place, (0, 0), sigma), np.float32)


def _warp(
    picture: NDArray[np.float32], path: Path2D, moment: float, size: Size
) -> NDArray[np.float32]:
    """The frame-sized view of ``picture`` at ``moment`` (rounds), moved along ``path``."""
    import cv2

    H, W = size
    h, w = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), path.degrees(moment), path.scale(moment))
    dx, dy = path.shift(moment)
    matrix[:, 2] += (W - w) / 2 + dx, (H - h) / 2 + dy
    return np.asarray(cv2.warpAffine(picture, matrix, (W, H), flags=cv2.INTER_LINEAR), np.float32)


def _framing(alpha: Grey, size: Size) -> tuple[float, float]:
    """Where to look, x, y in 0..1: the subject's middle, and high enough to see its top."""
    rows = np.flatnonzero((alpha > 0.5).any(1))
    x = float(alpha.sum(0) @ np.arange(alpha.shape[1])) / float(alpha.sum()) / alpha.shape[1]
    half = 0.5 * min(1.0, alpha.shape[1] / alpha.shape[0] * size[0] / size[1])
    return x, float(rows[0]) / alpha.shape[0] + HEADROOM * half


def made_clip(data: Path, name: str, group: str, rgb: Rgb, alpha: Grey, seed: int) -> MadeClip:
    """The clip that ``seed`` makes of a photograph's subject.

    Args:
        data: with the places.
        name, group: kept in the result.
        rgb: (H, W, 3) uint8.
        alpha: (H, W), 0..1.
        seed: of motion, noise, compression; it also chooses the place.
    """
    random = np.random.default_rng(seed)
    size = SIDES if alpha.shape[0] < 1.1 * alpha.shape[1] else SIDES[::-1]
    subject = _cover(_premultiplied(rgb, alpha), _framing(alpha, size), size)
    place = _place(data / PLACES[seed % len(PLACES)], size)
    if random.random() < 0.5:
        place = _out_of_focus(place, random.uniform(1, 5))
    moves, pans = Path2D.drawn(random, size, 1.0), Path2D.drawn(random, size, 0.5)
    sigma, crf = random.uniform(1, 5), int(random.integers(20, 31))
    frames, alphas = [], []
    for number in range(FRAMES):
        rgba = _warp(subject, moves, number / PERIOD, size)
        back = _warp(place, pans, number / PERIOD, size)
        view = rgba[..., :3] + (1 - rgba[..., 3:]) * back
        noisy = view * 255 + random.normal(0, sigma, view.shape)
        frames.append(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))
        alphas.append(rgba[..., 3].copy())
    return MadeClip(name, group, through_h264(frames, crf), alphas)
