"""Makes ``sample.mp4``, the demo's clip, from two photographs that scikit-image ships.

    python -m streammat.demo.make_clip [OUTPUT]

An astronaut (NASA, public domain) stands before a launch pad at dusk (SpaceX, CC0); she sways and
turns her head, the camera drifts behind her, and both move independently. The sound is computed.
Sources and licences: ``sample.json``. Needs scikit-image, pymatting and scipy, which streammat
itself does not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CutOut", "cut_out", "make_clip", "render"]

Image = NDArray[np.float64]

WIDTH, HEIGHT, RATE, SECONDS = 960, 540, 25, 5
AUDIO_RATE = 48000

# The astronaut's outline in the 512 x 512 photograph, clockwise from the left sleeve, drawn by
# hand to within three pixels: (x, y, half the width of the band in which alpha is unknown).
OUTLINE = [
    (42, 525, 7), (36, 495, 7), (26, 450, 6), (21, 408, 6), (24, 370, 6), (26, 338, 6),
    (35, 309, 6), (40, 290, 6), (49, 267, 6), (63, 248, 6), (77, 234, 6), (96, 220, 6),
    (113, 208, 6), (115, 188, 6), (126, 182, 6), (134, 169, 6), (145, 157, 6), (164, 149, 6),
    (184, 150, 6), (182, 135, 7), (174, 130, 8), (168, 119, 9), (159, 110, 10), (155, 89, 10),
    (154, 70, 10), (162, 54, 10), (180, 40, 10), (192, 30, 10), (211, 20, 10), (230, 15, 10),
    (253, 19, 10), (272, 28, 10), (284, 44, 10), (298, 61, 10), (302, 84, 10), (300, 103, 10),
    (293, 120, 9), (282, 128, 8), (277, 135, 7), (268, 136, 6), (264, 155, 6), (257, 174, 6),
    (277, 190, 6), (291, 206, 6), (302, 230, 6), (307, 239, 6), (323, 246, 6), (338, 260, 6),
    (347, 277, 6), (353, 286, 6), (358, 305, 6), (361, 328, 6), (363, 350, 6), (384, 345, 5),
    (408, 343, 5), (431, 347, 5), (450, 358, 5), (469, 377, 5), (483, 398, 5), (492, 422, 5),
    (497, 454, 5), (506, 457, 6), (513, 470, 6), (513, 525, 6),
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A subject free of its background.

    Attributes:
        rgb: (H, W, 3) linear light, 0..1, extended smoothly past the edge.
        alpha: (H, W), 0..1.
    """

    rgb: Image
    alpha: Image


def cut_out() -> CutOut:
    """The astronaut: closed-form matting (Levin et al. 2008) within the band of `OUTLINE`.

    Foreground colours come from multi-level estimation (Germer et al. 2020).
    """
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    photo = _photograph("astronaut")
    alpha = estimate_alpha_cf(photo, _trimap(photo.shape[0], photo.shape[1]))
    # Closed-form matting leaves a faint veil; hair keeps its soft tips, cloth has a firm edge.
    veil = np.where(np.arange(photo.shape[0]) < 140, 0.03, 0.15)[:, None]
    alpha = np.clip((alpha - veil) / (1 - 2 * veil), 0, 1)
    return CutOut(_linear(estimate_foreground_ml(photo, alpha)), alpha)


def _trimap(height: int, width: int) -> Image:
    """1 inside, 0 outside, 0.5 in the band around the outline."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    inside = Pillow.new("L", (width, height), 0)
    ImageDraw.Draw(inside).polygon([(x, y) for x, y, _ in OUTLINE], fill=255)
    band = Pillow.new("L", (width, height), 0)
    draw = ImageDraw.Draw(band)
    for (x0, y0, r0), (x1, y1, r1) in pairwise(OUTLINE):
        draw.line([(x0, y0), (x1, y1)], fill=255, width=r0 + r1)
        draw.ellipse([x1 - r1, y1 - r1, x1 + r1, y1 + r1], fill=255)
    return np.where(np.asarray(band) > 0, 0.5, np.asarray(inside) / 255.0)


def _linear(encoded: Image) -> Image:
    return np.asarray(np.clip(encoded, 0, 1) ** 2.2)


def _backdrop() -> Image:
    """The launch pad, brightened, in linear light: (427, 640, 3)."""
    return _linear(_photograph("rocket") ** 0.8)


def _photograph(name: str) -> Image:
    """An RGB photograph of scikit-image, encoded, 0..1."""
    from skimage import data

    return np.asarray(getattr(data, name)() / 255.0)


def _sample(image: Image, x: Image, y: Image) -> Image:
    """Cubic look-up of an (H, W, C) image at pixel centres; the edge is repeated."""
    from scipy.ndimage import map_coordinates

    return np.stack(
        [
            map_coordinates(image[..., c], (y, x), order=3, mode="nearest", prefilter=False)
            for c in range(image.shape[2])
        ],
        axis=-1,
    )


def _pan(seconds: float) -> tuple[Image, Image]:
    """Where each frame pixel lies in the launch-pad photograph: a slow pan, zoom and hand shake."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    zoom = 1.68 + 0.012 * seconds
    centre_x = 338 + 2.0 * seconds + 1.1 * np.sin(2.3 * seconds) + 0.5 * np.sin(5.1 * seconds)
    centre_y = 232 + 1.0 * np.sin(1.7 * seconds + 1) + 0.5 * np.sin(4.3 * seconds)
    return (x - WIDTH / 2) / zoom + centre_x, (y - HEIGHT / 2) / zoom + centre_y


def _sway(seconds: float) -> tuple[Image, Image]:
    """Where each frame pixel lies in the astronaut's photograph: she sways and tilts her head."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    scale = 1.0 + 0.015 * np.sin(1.1 * seconds)
    feet_x, feet_y = 662 + 42 * np.sin(1.25 * seconds - 0.6), HEIGHT + 8 + 5 * np.sin(2.5 * seconds)
    angle = 0.045 * np.sin(1.25 * seconds - 0.2)
    dx, dy = (x - feet_x) / scale, (y - feet_y) / scale
    u = np.cos(angle) * dx + np.sin(angle) * dy + 256
    v = -np.sin(angle) * dx + np.cos(angle) * dy + 512
    head = np.clip((200 - v) / 140, 0, 1) ** 2 * (3 - 2 * np.clip((200 - v) / 140, 0, 1))
    return u + 9 * np.sin(2.1 * seconds + 0.8) * head, v


def render(subject: CutOut, backdrop: Image, seconds: float) -> tuple[NDArray[np.uint8], Image]:
    """One moment: (H, W, 3) uint8 gamma-encoded picture and its true alpha (H, W), 0..1.

    Args:
        subject: from `cut_out`, or with coefficients of a cubic spline in place of samples.
        backdrop: (h, w, 3) linear light, as ``subject``.
        seconds: from the start of the clip.
    """
    behind = _sample(backdrop, *_pan(seconds))
    x, y = _sway(seconds)
    premultiplied = _sample(np.dstack([subject.rgb, subject.alpha]), x, y)
    outside = (x < 0) | (x > subject.alpha.shape[1] - 1) | (y < -0.5)
    alpha = np.where(outside, 0.0, np.clip(premultiplied[..., 3], 0, 1))
    # The studio light is brought near to dusk.
    lit = np.clip(premultiplied[..., :3], 0, 1) * (0.80, 0.78, 0.84)
    linear = lit * alpha[..., None] + np.clip(behind, 0, 1) * (1 - alpha[..., None])
    return np.rint(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8), alpha


def _spline(image: Image) -> Image:
    """Cubic spline coefficients, once, so that every frame's look-up needs no filter."""
    from scipy.ndimage import spline_filter

    planes = image if image.ndim == 3 else image[..., None]
    out = np.stack(
        [spline_filter(planes[..., c], order=3, mode="nearest") for c in range(planes.shape[2])], -1
    )
    return out if image.ndim == 3 else out[..., 0]


def _sound() -> NDArray[np.float32]:
    """A soft chord over a rumble that swells: (2, samples), -1..1."""
    rng = np.random.default_rng(7)
    time = np.arange(SECONDS * AUDIO_RATE) / AUDIO_RATE
    swell = np.sin(np.pi * time / SECONDS) ** 0.6
    chord = sum(
        np.sin(2 * np.pi * pitch * time + 0.3 * np.sin(2 * np.pi * 0.7 * time))
        for pitch in (110.0, 164.81, 220.0, 277.18)
    )
    noise = np.cumsum(rng.standard_normal((2, time.size)), axis=1)
    # The difference to a running mean keeps the rumble and drops the drift of the random walk.
    drift = np.stack([np.convolve(row, np.ones(2400) / 2400, mode="same") for row in noise])
    rumble = (noise - drift) / np.abs(noise - drift).max()
    return np.asarray((0.09 * np.asarray(chord) + 0.3 * rumble * swell) * swell, dtype=np.float32)


def make_clip(output: Path, crf: int = 20) -> None:
    """Render and encode: H.264 High, 960 x 540, 25 fps, 5 s, BT.709, AAC stereo, faststart."""
    import av

    subject = cut_out()
    subject = CutOut(_spline(subject.rgb), _spline(subject.alpha))
    backdrop = _spline(_backdrop())
    with av.open(str(output), "w", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container, crf)
        audio: Any = container.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
        audio.bit_rate = 80_000
        for index in range(RATE * SECONDS):
            picture, _ = render(subject, backdrop, index / RATE)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(_sound(), format="fltp", layout="stereo")
        sound.sample_rate, sound.pts = AUDIO_RATE, 0
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))


def _video_stream(container: Any, crf: int) -> Any:
    video = container.add_stream("libx264", rate=RATE)
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context = video.codec_context
    context.options = {"crf": str(crf), "preset": "slow"}
    context.color_primaries = context.color_trc = context.colorspace = 1
    context.color_range = 1
    return video


if __name__ == "__main__":
    make_clip(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("sample.mp4"))
