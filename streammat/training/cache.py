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

from streammat.datasets import Faults
from streammat.errors import ConfigError, InputError

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating[Any]]

INDEX, PIXELS = "index.json", "data.bin"
DIGEST = "data.sha256"  # of the pixels; caches of earlier versions lack it
ORIGIN = "origin.sha256"  # of the files that were decoded; they lack it, too
LEFT_OUT = "left_out.json"  # files that could not be used; they lack it, too
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


def within(pixels: Bytes, most_px: int) -> Bytes:
    """A picture (H, W, channels), scaled down where a side is longer than `most_px`."""
    height, width = pixels.shape[:2]
    scale = most_px / max(height, width)
    if scale >= 1:
        return pixels
    if round(min(height, width) * scale) < 1:  # thinner than a pixel
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def write_cache(
    items: Iterable[Item], cache: Path, origin: str = "", faults: Faults | None = None
) -> None:
    """Write kind, name, source and pixels of every picture.

    The index is written last, so a cache with an index is complete.

    Args:
        items: the pictures.
        cache: folder, made if it is missing; what an earlier run decoded into it is replaced.
        origin: tells the files apart that the pictures come from, see `check_origin`.
        faults: what was left out of the pictures, kept for `name_again`.

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
    left_out = faults.left_out if faults else []
    _write_text(cache / LEFT_OUT, json.dumps([(str(p), *rest) for p, *rest in left_out]))
    _write_text(cache / INDEX, json.dumps(index))


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def check_origin(cache: Path, origin: str | None, *, overwrite: bool = False) -> bool:
    """Whether a cache is there and was decoded from these files.

    Args:
        cache: folder; one of an earlier version does not say what it was decoded from, and passes.
        origin: of the files; None takes whatever it holds.
        overwrite: others are no error.

    Raises:
        ConfigError: it was decoded from others.
    """
    if not (cache / INDEX).is_file():
        return False
    path = cache / ORIGIN
    if origin is None or not path.is_file():
        return True
    same = path.read_text(encoding="utf-8") in {origin, ""}
    if not same and not overwrite:
        raise ConfigError(
            f"{cache} was decoded from other files than those that are given now: --overwrite "
            "decodes these and begins again, another --out keeps both"
        )
    return same


def name_again(cache: Path, faults: Faults) -> None:
    """Tell `faults` what was left out when the cache was decoded.

    Raises:
        InputError: there is something, and they are strict; or the list is damaged.
    """
    path = cache / LEFT_OUT
    if not path.is_file():
        return
    try:
        known = [(Path(file), kind, detail) for file, kind, detail in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: decoded data is damaged ({error}); {_AGAIN}") from error
    for file, kind, detail in known:
        faults.leave_out(file, kind, detail)


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
