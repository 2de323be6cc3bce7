"""How long a video stream is, by its own account."""

from __future__ import annotations

from fractions import Fraction

import av

from .ffmpeg import fraction


def indexed_seconds(stream: av.VideoStream, begin: int | None = None) -> Fraction | None:
    """Length where the container knows it for the video stream alone, else None.

    MP4 and MOV index every frame and Matroska tags each stream; what others state may be the
    sound's length or include a lead-in.

    Args:
        stream: of an open container.
        begin: time stamp of its first frame; None = as the stream states it.
    """
    if stream.frames > 0 and stream.duration:
        return stream.duration * fraction(stream.time_base)
    tagged = _tagged_seconds(stream.metadata.get("DURATION", ""))
    if tagged is None or not _tags_the_end(stream):
        return tagged
    start = int(stream.start_time or 0) if begin is None else begin
    return tagged - max(start * fraction(stream.time_base), Fraction(0))


def _tags_the_end(stream: av.VideoStream) -> bool:
    """FFmpeg's muxer writes when a stream ends as its length; others leave its beginning out."""
    return stream.container.metadata.get("ENCODER", "").startswith("Lavf")


def _tagged_seconds(tag: str) -> Fraction | None:
    """Seconds of Matroska's ``HH:MM:SS.nnnnnnnnn``."""
    parts = tag.split(":")
    if len(parts) != 3:
        return None
    try:
        hours, minutes, seconds = (Fraction(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
