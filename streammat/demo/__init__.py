"""A short clip to try the program with, and the contact sheet that shows what came out."""

from __future__ import annotations

from pathlib import Path

from streammat.errors import MediaError

__all__ = ["sample_clip"]


def sample_clip() -> Path:
    """The clip that ships: 5 s, 960 x 540, with sound; sources and licences in ``sample.json``.

    Raises:
        MediaError: the installation lacks the file.
    """
    path = Path(__file__).with_name("sample.mp4")
    if not path.is_file():
        raise MediaError(f"{path} is missing; install streammat again or name a clip")
    return path
