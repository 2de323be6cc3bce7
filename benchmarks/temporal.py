"""What refinement brings: edges when alpha is enlarged, flicker and lag of the smoothing, cuts.

``python -m benchmarks temporal [--data DIR] [--json FILE]``. Without ``--data`` the rows over real
photographs are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.matting.smoothing import AUTO_STRENGTH
from streammat_kernels.guided import guided_upsample
from streammat_kernels.layout import Family, PixelLayout
from streammat_kernels.resize import area, bilinear
from streammat_kernels.temporal import smooth

from .record import write_result

RGB8 = PixelLayout(family=Family.RGB, chroma_x=1, chroma_y=1)
GREY8 = PixelLayout(family=Family.GRAY, chroma_x=1, chroma_y=1)
NETWORK_AREA = 512 * 288
PHOTO_FOLDERS = ("gfm_am2k_demo", "gfm_samples", "p3m_demo", "p3m_samples", "aim_samples")
Grey = NDArray[np.float32]


def _photographs(data: Path) -> Iterator[tuple[str, NDArray[np.uint8], Grey]]:
    """(name, rgb (H, W, 3), alpha (H, W)) wherever picture and alpha have the same size."""
    from PIL import Image

    pairs = [
        (picture, data / "alphas" / folder / f"{picture.stem}.png")
        for folder in PHOTO_FOLDERS
        for picture in sorted((data / "images" / folder).glob("*.jpg"))
    ]
    lemur = data / "images" / "pymatting_lemur"
    pairs.append((lemur / "lemur.png", lemur / "lemur_alpha.png"))
    for picture, alpha_path in pairs:
        if not alpha_path.exists():
            continue
        rgb = np.asarray(Image.open(picture).convert("RGB"))
        alpha = np.asarray(Image.open(alpha_path).convert("L"), np.float32) / np.float32(255)
        if rgb.shape[:2] == alpha.shape:
            yield picture.stem, rgb, alpha


def guided_row(data: Path) -> dict[str, Any]:
    """Error in the band of an area-shrunk true alpha, enlarged along edges against bilinear."""
    guided_errors, plain_errors = [], []
    for _, rgb, alpha in _photographs(data):
        H, W = alpha.shape
        scale = min(1.0, (NETWORK_AREA / (H * W)) ** 0.5)
        small = np.zeros((round(H * scale), round(W * scale)), np.float32)
        area(alpha, small)
        planes = tuple(np.ascontiguousarray(rgb[..., c]) for c in range(3))
        plain = np.zeros_like(alpha)
        bilinear(small, plain)
        full = guided_upsample(small, planes, RGB8) / np.float32(65535)
        band = (alpha > 0.02) & (alpha < 0.98)
        guided_errors.append(float(np.abs(full - alpha)[band].mean()))
        plain_errors.append(float(np.abs(plain - alpha)[band].mean()))
    better = 1 - float(np.mean(guided_errors)) / float(np.mean(plain_errors))
    return {
        "case": f"true alpha enlarged along edges, {len(guided_errors)} photographs, in the band",
        "figure": f"{better:.0%} less error than bilinear",
        "limit": "15 %",
        "value": better,
        "guided_error": float(np.mean(guided_errors)),
        "bilinear_error": float(np.mean(plain_errors)),
        "reached": better >= 0.15,
    }


def _disc(size: int, x: float, y: float, radius: float, softness: float = 6.0) -> Grey:
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    distance = np.hypot(columns - np.float32(x), rows - np.float32(y))
    edge = np.clip((radius - distance) / softness + 0.5, 0, 1)
    return np.asarray(edge, np.float32)


def _noisy(alpha: Grey, luma: Grey, random: np.random.Generator) -> tuple[Any, Any]:
    band = (alpha > 0) & (alpha < 1)
    noise = random.normal(0, 0.05, alpha.shape).astype(np.float32) * band
    shaken = np.clip(alpha + noise, 0, 1)
    picture = np.clip(luma + random.normal(0, 2, luma.shape), 0, 255)
    return (shaken * 65535 + 0.5).astype(np.uint16), (picture + 0.5).astype(np.uint8)


def _texture(random: np.random.Generator, size: int) -> Grey:
    coarse = random.uniform(40, 200, (size // 8, size // 8)).astype(np.float32)
    full = np.zeros((size, size), np.float32)
    bilinear(coarse, full)
    return full


def flicker_row(frames: int = 40) -> dict[str, Any]:
    """Temporal standard deviation of alpha on a noisy still, smoothed against not."""
    random = np.random.default_rng(1)
    alpha, texture = _disc(256, 128, 128, 80), _texture(random, 256)
    luma = texture * (1 - alpha) + np.float32(220) * alpha
    raw, smoothed, state = [], [], None
    for _ in range(frames):
        noisy, picture = _noisy(alpha, luma, random)
        out = np.empty_like(noisy)
        state = smooth(noisy, (picture,), GREY8, state, out, strength=AUTO_STRENGTH)
        raw.append(noisy / 65535)
        smoothed.append(out / 65535)
    band = (alpha > 0) & (alpha < 1)
    before = np.std(raw[10:], axis=0)[band].mean()
    after = np.std(smoothed[10:], axis=0)[band].mean()
    return {
        "case": "flicker of alpha on a noisy still, smoothed",
        "figure": f"{after / before:.2f} of the unsmoothed",
        "limit": "0.5",
        "value": float(after / before),
        "reached": bool(after <= 0.5 * before),
    }


def lag_row(frames: int = 40) -> dict[str, Any]:
    """Error against the true alpha of a disc that moves 4 px a frame, smoothed against not."""
    random = np.random.default_rng(2)
    texture = _texture(random, 320)
    before, after, state = [], [], None
    for number in range(frames):
        alpha = _disc(320, 70 + 4 * number, 160, 60)
        luma = texture * (1 - alpha) + np.float32(220) * alpha
        noisy, picture = _noisy(alpha, luma, random)
        out = np.empty_like(noisy)
        state = smooth(noisy, (picture,), GREY8, state, out, strength=AUTO_STRENGTH)
        before.append(np.abs(noisy / 65535 - alpha).mean())
        after.append(np.abs(out / 65535 - alpha).mean())
    cost = float(np.mean(after[5:]) / np.mean(before[5:]) - 1)
    return {
        "case": "error on an edge that moves 4 px a frame, smoothed",
        "figure": f"{cost:+.1%} against unsmoothed",
        "limit": "+5 %",
        "value": cost,
        "reached": cost <= 0.05,
    }


def cut_row() -> dict[str, Any]:
    """A frame after a cut against the same frame as a first frame."""
    random = np.random.default_rng(3)
    first = _noisy(_disc(256, 90, 90, 60), _texture(random, 256), random)
    second = _noisy(_disc(256, 160, 170, 70), 255 - _texture(random, 256), random)
    seen = np.empty_like(first[0])
    state = smooth(first[0], (first[1],), GREY8, None, seen, strength=AUTO_STRENGTH)
    after_cut, fresh = np.empty_like(second[0]), np.empty_like(second[0])
    smooth(second[0], (second[1],), GREY8, state, after_cut, strength=AUTO_STRENGTH)
    smooth(second[0], (second[1],), GREY8, None, fresh, strength=AUTO_STRENGTH)
    equal = bool(np.array_equal(after_cut, fresh))
    return {
        "case": "frame after a cut against a fresh start",
        "figure": "equal bit for bit" if equal else "different",
        "limit": "equal",
        "value": int(equal),
        "reached": equal,
    }


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks temporal", description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = [guided_row(options.data)] if options.data else []
    rows += [flicker_row(), lag_row(), cut_row()]
    for row in rows:
        print(f"{row['case']:<75} {row['figure']:<32} wanted {row['limit']}  {row['reached']}")
    write_result(options.json, "temporal", rows)
    return 0
