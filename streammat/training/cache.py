"""Decoded training images in one flat file, so that loading a sample costs a copy.

Pairs are stored as (H, W, 7) uint8: image, alpha, estimated foreground colours; cutouts as
(H, W, 4); backgrounds as (H, W, 3). Colours are RGB. `decode` fills it from a data folder,
`painted` from painted frames.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from streammat.errors import InputError

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating[Any]]

INDEX, PIXELS = "index.json", "data.bin"
DIGEST = "data.sha256"  # of the pixels; caches of earlier versions lack it
ORIGIN = "origin.sha256"  # of the files that were decoded; they lack it, too
_AGAIN = "remove that folder, and it is decoded again"

Item = tuple[str, str, str, "Bytes"]  # kind, name, source, pixels


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


def write_cache(items: Iterable[Item], cache: Path, origin: str = "") -> None:
    """Write kind, name, source and pixels of every picture.

    The index is written last, so a cache with an index is complete.

    Args:
        items: the pictures.
        cache: folder, made if it is missing; what an earlier run decoded into it is replaced.
        origin: tells the files apart that the pictures come from, see `same_origin`.

    Raises:
        OSError: the disk is full.
    """
    cache.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, object]] = []
    digest = hashlib.sha256()
    partial = cache / ".data.bin.partial"
    try:
        with partial.open("wb") as out:
            for kind, name, source, pixels in items:
                entry = Entry(kind, name, source, out.tell(), pixels.shape)
                index.append(entry._asdict())
                data = np.ascontiguousarray(pixels).tobytes()
                digest.update(data)
                out.write(data)
        (cache / INDEX).unlink(missing_ok=True)
        partial.replace(cache / PIXELS)
    finally:
        partial.unlink(missing_ok=True)
    _write_text(cache / DIGEST, digest.hexdigest())
    _write_text(cache / ORIGIN, origin)
    _write_text(cache / INDEX, json.dumps(index))


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def same_origin(cache: Path, origin: str) -> bool:
    """Whether a cache was decoded from these files; one of an earlier version does not say."""
    path = cache / ORIGIN
    return not path.is_file() or path.read_text(encoding="utf-8") in {origin, ""}


class Cache:
    """Read access to a built cache; pixels are mapped, not loaded.

    Raises:
        InputError: the cache is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            text = (folder / INDEX).read_bytes()
            digest = folder / DIGEST
            pixels = digest.read_bytes() if digest.is_file() else b""
            self.fingerprint = hashlib.sha256(text + pixels).hexdigest()
            records = json.loads(text)
            self.entries = [
                Entry(r["kind"], r["name"], r["source"], r["offset"], tuple(r["shape"]))
                for r in records
            ]
            self._pixels = np.memmap(folder / PIXELS, np.uint8, "r")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder}: decoded data is damaged ({error}); {_AGAIN}") from error
        size = max((e.offset + int(np.prod(e.shape)) for e in self.entries), default=0)
        if size > self._pixels.size:
            raise InputError(f"{folder}: decoded data is cut off; {_AGAIN}")

    def pixels(self, entry: Entry) -> Bytes:
        """The stored (H, W, channels) uint8 array."""
        size = int(np.prod(entry.shape))
        flat = self._pixels[entry.offset : entry.offset + size]
        return np.asarray(flat).reshape(entry.shape)

    def of_kind(self, kind: str) -> list[Entry]:
        """All entries of one kind, in file order."""
        return [e for e in self.entries if e.kind == kind]
