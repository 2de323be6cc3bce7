"""What a container holds beside the picture: time code, chapters, sound, subtitles and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import av

from streammat.types import Chapter, Timecode, Track

from .ffmpeg import fraction
from .timecode import parse_timecode

__all__ = ["chapters_of", "reel_tag", "stated_timecode", "timecode_texts", "tracks_of"]


def tracks_of(container: av.container.InputContainer, picture: int) -> tuple[Track, ...]:
    """Every stream but the one with index ``picture``, in file order."""
    streams: Iterable[Any] = container.streams
    return tuple(_track(stream) for stream in streams if stream.index != picture)


def _track(stream: Any) -> Track:
    tags = _lowered(stream.metadata)
    context = stream.codec_context
    sound = stream.type == "audio" and context is not None
    codec = str(context.codec.name) if context is not None else ""
    if stream.type == "data" and "timecode" in tags:
        codec = "timecode"
    elif stream.type == "data" and getattr(stream.discard, "name", "").lower() == "all":
        codec = "chapters"  # QuickTime and MP4 keep their names in a track, which FFmpeg drops
    language = tags.get("language", "")
    return Track(
        index=int(stream.index),
        kind=str(stream.type),
        codec=codec,
        language="" if language == "und" else language,
        channels=int(context.layout.nb_channels) if sound else 0,
        sample_rate=int(context.sample_rate) if sound else 0,
        title=tags.get("title", ""),
        default="default" in (getattr(stream.disposition, "name", None) or ""),
    )


def chapters_of(container: av.container.InputContainer) -> tuple[Chapter, ...]:
    """In the container's order, on its own clock."""
    found = []
    for chapter in container.chapters():
        unit = fraction(chapter["time_base"])
        title = _lowered(chapter.get("metadata") or {}).get("title", "")
        start, end = int(chapter["start"]) * unit, int(chapter["end"]) * unit
        found.append(Chapter(start, end, title))
    return tuple(found)


def timecode_texts(
    container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[str, ...]:
    """Time codes that the file states, most specific first: picture, tmcd tracks, container."""
    return _stated("timecode", container, stream)


def reel_tag(container: av.container.InputContainer, stream: av.VideoStream) -> dict[str, str]:
    """``reel_name``, which stands beside the time code, as a tag; empty without one."""
    names = _stated("reel_name", container, stream)
    return {"reel_name": names[0]} if names else {}


def _stated(
    tag: str, container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[str, ...]:
    others: Iterable[Any] = container.streams.data
    places = [stream.metadata, *(other.metadata for other in others), container.metadata]
    texts = (_lowered(place).get(tag, "") for place in places)
    return tuple(text for text in texts if text)


def stated_timecode(texts: Iterable[str], rate: Fraction | None) -> Timecode | None:
    """The first of ``texts`` whose numbers exist at ``rate``; None without any, or without rate."""
    if rate is None:
        return None
    return next((found for text in texts if (found := parse_timecode(text, rate))), None)


def _lowered(metadata: Mapping[str, str]) -> dict[str, str]:
    """Matroska writes its tags in capitals."""
    return {key.lower(): value for key, value in metadata.items()}
