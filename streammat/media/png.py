"""PNG bytes from planes of 8 or 16 bits, in several threads, with a comment inside."""

from __future__ import annotations

import struct
import zlib
from collections import deque
from fractions import Fraction
from pathlib import Path

import av

from streammat.types import ColourTags, Frame, Plane
from streammat_kernels.layout import Family, PixelLayout

from .colour_tags import write_tags
from .interleave import interleave

_HEADER_END = 33  # signature (8) and IHDR chunk (25)
_LEVEL = "3"  # zlib level: a third of the time of 6 for a few percent of size


class PngEncoder:
    """Encodes pictures in order; with threads, the bytes of one come out a few pictures later.

    Args:
        layout: gray or RGB, 8 or 16 bits, alpha allowed.
        width, height: in pixels.
        tags: written as sRGB or cICP chunks.
        text: keyword to text, written as iTXt chunks.
        threads: pictures encoded at the same time.
        profile: ICC profile, written as an iCCP chunk in place of those of ``tags``.
    """

    def __init__(
        self,
        layout: PixelLayout,
        width: int,
        height: int,
        tags: ColourTags,
        text: dict[str, str],
        threads: int,
        profile: bytes | None = None,
    ) -> None:
        self._layout = layout
        self._tags = tags = tags if profile is None else ColourTags(full_range=True)
        self._text = b"".join(_text_chunk(key, value) for key, value in text.items())
        if profile is not None:
            self._text = _profile_chunk(profile) + self._text
        self._format = _format(layout)
        context = av.CodecContext.create("png", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height = width, height
        context.pix_fmt = self._format
        context.time_base = Fraction(1, 25)
        context.sample_aspect_ratio = Fraction(1)  # unset, the file would state 0 to 1
        context.thread_count = threads
        context.thread_type = "FRAME"
        context.options = {"compression_level": _LEVEL, "pred": "up"}
        write_tags(context, tags)
        self._targets: deque[Path] = deque()
        self._context = context
        self._count = 0

    def encode(self, planes: tuple[Plane, ...]) -> list[bytes]:
        """Take one picture; return the files that are ready, in order."""
        frame = av.VideoFrame(self._context.width, self._context.height, self._format)
        interleave(planes, range(len(planes)), frame)
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        write_tags(frame, self._tags)
        return [self._with_text(bytes(packet)) for packet in self._context.encode(frame)]

    def put(self, planes: tuple[Plane, ...], frame: Frame, target: Path) -> list[Path]:
        """Take one picture; write the files that are ready, and return their paths."""
        del frame
        self._targets.append(target)
        return self._store(self.encode(planes))

    def flush(self) -> list[Path]:
        """Write the files that are still being encoded."""
        return self._store([self._with_text(bytes(p)) for p in self._context.encode(None)])

    def close(self) -> None:
        """Forget what is not written."""
        self._targets.clear()

    def _store(self, files: list[bytes]) -> list[Path]:
        done = []
        for data in files:
            target = self._targets.popleft()
            try:
                target.write_bytes(data)
            except OSError:
                target.unlink(missing_ok=True)
                raise
            done.append(target)
        return done

    def _with_text(self, png: bytes) -> bytes:
        return png[:_HEADER_END] + self._text + png[_HEADER_END:]


def _format(layout: PixelLayout) -> str:
    name = {
        (Family.RGB, True): "rgba",
        (Family.RGB, False): "rgb",
        (Family.GRAY, True): "ya",
        (Family.GRAY, False): "gray",
    }[layout.family, layout.alpha]
    narrow = {"rgb": "rgb24", "ya": "ya8"}.get(name, name)
    wide = {"rgba": "rgba64be", "rgb": "rgb48be", "ya": "ya16be", "gray": "gray16be"}[name]
    return narrow if layout.bits == 8 else wide


def _text_chunk(keyword: str, text: str) -> bytes:
    """An iTXt chunk: UTF-8, uncompressed (PNG specification, 11.3.3.4)."""
    body = keyword.encode("latin-1", "replace")[:79] + b"\0\0\0\0\0" + text.encode()
    return _chunk(b"iTXt", body)


def _profile_chunk(profile: bytes) -> bytes:
    """An iCCP chunk (PNG specification, 11.3.2.3)."""
    return _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))


def _chunk(name: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)
