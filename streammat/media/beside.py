"""What goes beside the picture without packets: time code, chapters, tags; and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from streammat.types import StreamInfo, Track

from .notices import Notices
from .select import Selection
from .stdin import STDIN
from .timecode import timecode_text

__all__ = ["chapters_of_part", "end_of_part", "kept_tags", "say_left_out", "timecode_tag"]

_KEPT_TAGS = (
    *("title", "artist", "date", "copyright", "creation_time", "description", "comment"),
    *("make", "model"),
)
_APPLE = "com.apple.quicktime."  # as phones name them; other names than the usual:
_APPLE_NAMES = {"date": "creationdate", "artist": "author"}
_CAMERA = ("make", "model")
_MILLISECOND = Fraction(1, 1000)
_CARRIED = {"audio", "subtitle"}
_NAMED = 5  # of a header's attributes
_BROUGHT_ELSEWHERE = {"timecode", "chapters"}  # tracks whose content does not travel as a track


def kept_tags(info: StreamInfo, made: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags of the source that stay true of the output, under the names that all containers know.

    What made the file and what it was made for (encoder, software, brands) is no longer true; where
    somebody was (location) is nobody's business in a delivery.

    Args:
        info: of the source.
        made: tags of the output's own; its comment comes after the source's.
    """
    tags = {name.lower(): value for name, value in info.metadata.items()}  # Matroska: in capitals
    found = {}
    for name in _KEPT_TAGS:
        value = tags.get(name) or tags.get(_APPLE + _APPLE_NAMES.get(name, name))
        if value:
            found[name] = value
    own = dict(made or {})
    if "comment" in found and "comment" in own:
        own["comment"] = f"{found['comment']}; {own['comment']}"
    return found | own


def timecode_tag(info: StreamInfo) -> dict[str, str]:
    """``timecode`` of the first frame that is written; the numbering (drop-frame) is kept."""
    return {} if info.timecode is None else {"timecode": timecode_text(info.timecode)}


def end_of_part(info: StreamInfo, selection: Selection) -> Fraction | None:
    """Where the chosen part ends on the source's clock, None when that is not known before."""
    ends = []
    if selection.end_seconds is not None:
        ends.append(info.clock_start + selection.end_seconds)
    if selection.frame_limit is not None and info.rate:
        ends.append(info.first_pts * info.time_base + selection.frame_limit / info.rate)
    return min(ends) if ends else None


def chapters_of_part(info: StreamInfo, selection: Selection) -> list[dict[str, Any]]:
    """Chapters as PyAV takes them, cut to the chosen part and moved with it."""
    origin = info.first_pts * info.time_base if selection.begins_later else Fraction(0)
    end = end_of_part(info, selection)
    found = []
    for number, chapter in enumerate(info.chapters):
        start = max(chapter.start_seconds - origin, Fraction(0))
        stop = (chapter.end_seconds if end is None else min(chapter.end_seconds, end)) - origin
        if stop <= start:
            continue
        found.append(
            {
                "id": number,
                "start": round(start / _MILLISECOND),
                "end": round(stop / _MILLISECOND),
                "time_base": _MILLISECOND,
                "metadata": {"title": chapter.title} if chapter.title else {},
            }
        )
    return found


def say_left_out(
    path: str,
    info: StreamInfo,
    notices: Notices,
    *,
    pictures_only: bool,
    animated: bool = False,
    timecode: bool = True,
    hdr: bool = False,
    camera: bool = True,
    header: bool = False,
) -> None:
    """One line about what the output does not get of the source beside its pictures.

    Args:
        path: of the output.
        info: of the source.
        notices: gets the line.
        pictures_only: images and animations: no sound, no subtitles, no chapters either.
        animated: pictures only, but each at its time.
        timecode: it gets the time code.
        hdr: it gets the static metadata of HDR, or is not HDR.
        camera: it can hold the camera's make and model.
        header: it can hold the attributes of an EXR's header.
    """
    tracks = [t for t in info.tracks if t.codec not in _BROUGHT_ELSEWHERE]
    piped = info.path == STDIN  # what lies beside the pictures is read a second time
    if not (pictures_only or piped):
        tracks = [track for track in tracks if track.kind not in _CARRIED]
    words = _counted(tracks)
    if pictures_only and info.chapters:
        words.append("chapters")
    if info.timecode is not None and not timecode:
        words.append("time code")
    if info.variable_rate and pictures_only and not animated:
        words.append("variable frame times")
    if info.hdr is not None and not hdr:
        words.append("HDR mastering metadata (HEVC and AV1 hold it)")
    if not camera and set(_CAMERA) & kept_tags(info).keys():
        words.append("the camera's make and model (MOV and MKV hold them)")
    if info.header_names and not header:
        words.append(f"{_few(info.header_names)} of the headers (EXR holds them)")
    if words:
        why = (
            " (a pipe is read once; give the file for sound and subtitles)"
            if piped and tracks
            else ""
        )
        notices.once("left out", f"{path}: left out of the source: {', '.join(words)}{why}")


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _counted(tracks: Iterable[Track]) -> list[str]:
    """``2 audio tracks``, ``data track 3 (unknown)``."""
    by_kind: dict[str, list[Track]] = {}
    for track in tracks:
        by_kind.setdefault(track.kind, []).append(track)
    return [
        f"{len(same)} {kind} tracks"
        if len(same) > 1
        else f"{kind} track {same[0].index} ({same[0].codec or 'unknown'})"
        for kind, same in by_kind.items()
    ]
