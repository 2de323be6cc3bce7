"""Subtitles of the source into the output: copied, or as the container's own kind of text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError
from av.subtitles.subtitle import SubtitleSet

from .ffmpeg import fraction
from .notices import Notices
from .passage import Copied, Packet, Passage

__all__ = ["add_subtitles"]

_TEXT = {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"}
_COPYABLE = {
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
    "webm": {"webvtt"},
    "matroska": {"subrip", "srt", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle"},
}
_ENCODERS = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt", "matroska": "subrip"}
_MILLISECOND = Fraction(1, 1000)
# What encoders of text want to know of the styles (Advanced SubStation Alpha 4.00+).
_STYLES = (
    b"[Script Info]\r\nScriptType: v4.00+\r\nPlayResX: 384\r\nPlayResY: 288\r\n\r\n"
    b"[V4+ Styles]\r\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, "
    b"OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, "
    b"Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\r\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1"
    b"\r\n\r\n[Events]\r\n"
    b"Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)
_LINE = b"0,0,Default,,0,0,0,,"


def add_subtitles(
    stream: Any,
    output: av.container.OutputContainer,
    muxer: str,
    notices: Notices,
    label: str,
) -> Passage | None:
    """Add one subtitle track to the output; None, and a line, where it cannot be held.

    Args:
        stream: of the source.
        output: before its header is written.
        muxer: FFmpeg's name of the container format.
        notices: gets the line.
        label: path of the output, for the line.
    """
    context = stream.codec_context
    codec = "unknown" if context is None else context.codec.canonical_name
    try:
        if codec in _COPYABLE.get(muxer, set()):
            return Copied(stream, output.add_stream_from_template(stream))
        if codec in _TEXT and muxer in _ENCODERS:
            return _Rewritten(stream, output, _ENCODERS[muxer])
        why = f"{muxer} cannot hold {codec} subtitles"
    except (FFmpegError, OSError, ValueError) as error:
        why = str(error)
    notices.once(
        f"subtitle{stream.index}",
        f"{label}: subtitle track {stream.index} ({codec}) is left out: {why}",
    )
    return None


class _Rewritten:
    """Text with its styles, decoded and encoded as another kind."""

    def __init__(self, source: Any, output: av.container.OutputContainer, codec: str) -> None:
        self.source = source
        target: Any = output.add_stream(codec)
        target.codec_context.subtitle_header = _STYLES
        target.codec_context.time_base = target.time_base = _MILLISECOND
        target.codec_context.open()
        self._target = target

    def take(self, packet: Packet, shift: int) -> Sequence[Packet]:
        """One packet for every text; empty ones (which only end the last) are not needed."""
        try:
            texts = [bytes(part.dialogue) for part in packet.decode() if hasattr(part, "dialogue")]
        except (FFmpegError, OSError, ValueError):
            return []  # damaged: one text is missing
        if not any(texts):
            return []
        unit = fraction(packet.time_base) / _MILLISECOND
        start = round(((packet.pts or 0) - shift) * unit)
        length = max(1, round((packet.duration or 0) * unit))
        line = _LINE + b"\\N".join(texts).replace(b"\n", b"\\N")
        said = SubtitleSet.create(line, 0, length, pts=start * 1000)
        made = self._target.codec_context.encode_subtitle(said)
        made.stream = self._target
        made.time_base = _MILLISECOND
        made.pts = made.dts = start
        made.duration = length
        return [made]

    def rest(self) -> Sequence[Packet]:
        """Nothing is held."""
        return []
