"""What is said of frames of the source that were lost."""

from __future__ import annotations

from streammat.media.reader import Reader

__all__ = ["lost_line"]

_NAMED = 5  # of the places; the report has all


def lost_line(path: str, reader: Reader) -> str:
    """One line: how many frames were lost so far and where, "" where none was.

    ``clip.mp4: 2 frames lost or damaged: near 2.90 s, near 3.20 s``
    """
    lost, places = reader.lost_frames, reader.lost_places
    if not lost:
        return ""
    named = ", ".join(places[:_NAMED])
    rest = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    plural = "s" * (lost != 1)
    return f"{path}: {lost} frame{plural} lost or damaged" + f": {named}{rest}" * bool(places)
