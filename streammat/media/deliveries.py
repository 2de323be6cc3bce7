"""The deliveries: what ``--codec NAME`` chooses among, and what each of them can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streammat.errors import ConfigError, OutputError
from streammat.settings import OutputKind

from .counter import has_two_counters, is_pattern

__all__ = [
    "DELIVERIES",
    "Delivery",
    "candidates",
    "default_delivery",
    "delivery",
    "is_images",
    "named",
    "suffix_of",
]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way to write pictures.

    Attributes:
        name: as in ``--codec``.
        title: for people.
        suffixes: of the files that can hold it.
        depths: bits of a colour sample that can be asked for with ``--depth``.
        alpha: it keeps an alpha channel.
        lossless: what is drawn into it comes back bit for bit.
        images: one file a frame instead of one file.
        premultiplied: ``--alpha-mode auto`` means premultiplied (in linear light) here.
        extra: optional part of the installation that it needs, "" for none.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    depths: tuple[int, ...]
    alpha: bool = False
    lossless: bool = False
    images: bool = False
    premultiplied: bool = False
    extra: str = ""


DELIVERIES: tuple[Delivery, ...] = (
    Delivery("prores", "ProRes 4444 / 422 HQ", (".mov", ".mkv"), (10,), alpha=True),
    Delivery("qtrle", "QuickTime Animation", (".mov",), (8,), alpha=True, lossless=True),
    Delivery("cineform", "CineForm", (".mov",), (12,), alpha=True),
    Delivery("ffv1", "FFV1", (".mkv",), (8, 10, 12, 16), alpha=True, lossless=True),
    Delivery("vp9", "VP9", (".webm", ".mkv"), (8,), alpha=True),
    Delivery("h264", "H.264", (".mp4", ".m4v", ".mov", ".mkv"), (8, 10)),
    Delivery("hevc", "HEVC", (".mp4", ".m4v", ".mov", ".mkv"), (8, 10)),
    Delivery("av1", "AV1", (".mp4", ".mkv", ".webm"), (8, 10)),
    Delivery("webp", "animated WebP", (".webp",), (8,), alpha=True),
    # In a .mov the pictures lie in one file; elsewhere they are a sequence.
    Delivery("png", "PNG", (".png", ".mov"), (8, 16), alpha=True, lossless=True, images=True),
    Delivery(
        "tiff", "TIFF", (".tif", ".tiff"), (8, 16),
        alpha=True, lossless=True, images=True, extra="film",
    ),
    Delivery(
        "exr", "OpenEXR", (".exr",), (16,),
        alpha=True, images=True, premultiplied=True, extra="film",
    ),
)  # fmt: skip

_BY_NAME = {row.name: row for row in DELIVERIES}
# Delivery with alpha, and without.
_DEFAULTS = {
    ".mov": ("prores", "prores"),
    ".webm": ("vp9", "vp9"),
    ".mkv": ("ffv1", "h264"),
    ".mp4": ("h264", "h264"),
    ".m4v": ("h264", "h264"),
    ".webp": ("webp", "webp"),
    ".png": ("png", "png"),
    ".tif": ("tiff", "tiff"),
    ".tiff": ("tiff", "tiff"),
    ".exr": ("exr", "exr"),
}


def delivery(name: str) -> Delivery:
    """The delivery of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in _BY_NAME:
        raise ConfigError(f"--codec {name}: unknown; use {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def suffix_of(path: str) -> str:
    """The suffix in lower case; of a ``folder/`` that of its images, or "" while it is open."""
    return "" if path.endswith(("/", "\\")) else Path(path).suffix.lower()


def candidates(path: str) -> list[Delivery]:
    """Every delivery that ``path`` can hold.

    Raises:
        OutputError: an unknown suffix, a numbered name with that of a video, or two counters.
    """
    if has_two_counters(path):
        raise OutputError(f"{path}: has two counters; keep one, such as NAME.%04d.png")
    suffix = suffix_of(path)
    numbered = is_pattern(path)
    if not suffix and not numbered and path.endswith(("/", "\\")):
        return [row for row in DELIVERIES if row.images]
    found = [row for row in DELIVERIES if suffix in row.suffixes]
    if numbered:
        found = [row for row in found if is_images(row, path)]
    if not found and numbered:
        raise OutputError(
            f"{path}: image sequences are written as PNG, TIFF or OpenEXR; use NAME.%05d.png"
        )
    if not found:
        known = " ".join(_DEFAULTS)
        raise OutputError(f"{path}: unknown output format '{suffix}'; use {known} or a folder/")
    return found


def is_images(row: Delivery, path: str) -> bool:
    """One file a frame (or one still), not one file for all; PNG is both."""
    return row.images and suffix_of(path) != ".mov"


def named(path: str, names: Sequence[str]) -> Delivery | None:
    """The first of ``names`` that ``path`` can hold, None without one.

    Raises:
        OutputError, ConfigError: as ``candidates`` and ``delivery``.
    """
    possible = candidates(path)
    return next((row for row in map(delivery, names) if row in possible), None)


def default_delivery(path: str, kind: OutputKind | None, bits: int, hdr: bool) -> Delivery:
    """What a path gets where ``--codec`` says nothing about it.

    Args:
        path: its suffix is known.
        kind: None: not said by the user.
        bits: of a colour sample that are wanted.
        hdr: PQ or HLG.
    """
    suffix = suffix_of(path)
    opaque = kind in {OutputKind.FOREGROUND, OutputKind.COMPOSITE}
    row = _BY_NAME[_DEFAULTS[suffix or ".png"][0 if kind is OutputKind.RGBA else 1]]
    if row.name == "h264" and (bits > 8 or hdr) and opaque:
        return _BY_NAME["hevc"]
    if suffix == ".webm" and hdr and opaque:
        return _BY_NAME["av1"]  # VP9 has 8 bits here
    return row
