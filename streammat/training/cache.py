"""Decoded training images in one flat file, so that loading a sample costs a copy.

`build_cache` reads a data folder once: `pairs.jsonl` with `pairs/NAME.webp|.png`, `cutouts/*.png`
(RGBA) and `backgrounds/*`. Pairs are stored as (H, W, 7) uint8: image, alpha, estimated foreground
colours; cutouts as (H, W, 4); backgrounds as (H, W, 3). Colours are RGB.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating[Any]]

BACKGROUND_MAX_SIDE_PX = 640
DIGEST = "data.sha256"  # of the pixels; caches of earlier versions lack it


class Entry(NamedTuple):
    """Where one image lies in the cache, and what it is."""

    kind: str  # pair, cutout or background
    name: str
    source: str
    offset: int
    shape: tuple[int, ...]


def _blur_fusion(image: Reals, fg: Reals, bg: Reals, alpha: Reals, size: int) -> list[Reals]:
    kernel = (size, size)
    soft = cv2.blur(alpha, kernel)[..., None]
    a = alpha[..., None]
    blurred_fg = cv2.blur(fg * a, kernel) / (soft + 1e-5)
    blurred_bg = cv2.blur(bg * (1 - a), kernel) / (1 - soft + 1e-5)
    rest = image - a * blurred_fg - (1 - a) * blurred_bg
    return [np.clip(blurred_fg + a * rest, 0, 1), blurred_bg]


def estimate_foreground(image: Bytes, alpha: Bytes) -> Bytes:
    """Foreground colours by two passes of blur fusion (Forte, 2021): (H, W, 3) uint8."""
    rgb = image.astype(np.float32) / 255
    a = alpha.astype(np.float32) / 255
    fg, bg = _blur_fusion(rgb, rgb, rgb, a, 45)
    fg, _ = _blur_fusion(rgb, fg, bg, a, 7)
    return np.asarray(fg * 255 + 0.5, np.uint8)


def _read(path: Path, flags: int) -> Bytes:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise ValueError(f"cannot read {path}")
    return np.asarray(image, np.uint8)


def _pairs(folder: Path) -> Iterator[tuple[str, str, str, Bytes]]:
    for line in (folder / "pairs.jsonl").read_text().splitlines():
        record = json.loads(line)
        stem = folder / "pairs" / record["name"]
        image = _read(stem.with_suffix(".webp"), cv2.IMREAD_COLOR)[..., ::-1]
        alpha = _read(stem.with_suffix(".png"), cv2.IMREAD_GRAYSCALE)
        fg = estimate_foreground(image, alpha)
        data = np.concatenate([image, alpha[..., None], fg], axis=2)
        yield "pair", record["name"], record["src"], data


def _cutouts(folder: Path) -> Iterator[tuple[str, str, str, Bytes]]:
    for path in sorted((folder / "cutouts").glob("*.png")):
        data = _read(path, cv2.IMREAD_UNCHANGED)
        yield "cutout", path.name, "cutouts", data[..., [2, 1, 0, 3]]


def _backgrounds(folder: Path) -> Iterator[tuple[str, str, str, Bytes]]:
    for path in sorted((folder / "backgrounds").iterdir()):
        image = _read(path, cv2.IMREAD_COLOR)[..., ::-1]
        scale = BACKGROUND_MAX_SIDE_PX / max(image.shape[:2])
        if scale < 1:
            resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            image = np.asarray(resized, np.uint8)
        yield "background", path.name, "backgrounds", image


def build_cache(data: Path, cache: Path) -> None:
    """Decode everything under `data` into `cache`; see `write_cache`."""
    write_cache((item for part in (_pairs, _cutouts, _backgrounds) for item in part(data)), cache)


def write_cache(items: Iterable[tuple[str, str, str, Bytes]], cache: Path) -> None:
    """Write kind, name, source and pixels of every picture.

    The index is written last, so a cache with an index is complete.

    Raises:
        OSError: the disk is full.
    """
    cache.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, object]] = []
    digest = hashlib.sha256()
    with (cache / "data.bin").open("wb") as out:
        for kind, name, source, pixels in items:
            entry = Entry(kind, name, source, out.tell(), pixels.shape)
            index.append(entry._asdict())
            data = np.ascontiguousarray(pixels).tobytes()
            digest.update(data)
            out.write(data)
    (cache / DIGEST).write_text(digest.hexdigest())
    (cache / "index.json").write_text(json.dumps(index))


class Cache:
    """Read access to a built cache; pixels are mapped, not loaded."""

    def __init__(self, folder: Path) -> None:
        text = (folder / "index.json").read_bytes()
        digest = folder / DIGEST
        pixels = digest.read_bytes() if digest.is_file() else b""
        self.fingerprint = hashlib.sha256(text + pixels).hexdigest()
        records = json.loads(text)
        self.entries = [
            Entry(r["kind"], r["name"], r["source"], r["offset"], tuple(r["shape"]))
            for r in records
        ]
        self._pixels = np.memmap(folder / "data.bin", np.uint8, "r")

    def pixels(self, entry: Entry) -> Bytes:
        """The stored (H, W, channels) uint8 array."""
        size = int(np.prod(entry.shape))
        flat = self._pixels[entry.offset : entry.offset + size]
        return np.asarray(flat).reshape(entry.shape)

    def of_kind(self, kind: str) -> list[Entry]:
        """All entries of one kind, in file order."""
        return [e for e in self.entries if e.kind == kind]
