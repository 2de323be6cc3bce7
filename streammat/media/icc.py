"""The colour profile of a still."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streammat.errors import MediaError

from .pillow import open_picture

__all__ = ["rgb_profile"]

_SPACE = slice(16, 20)  # data colour space in the header (ICC.1:2022, 7.2.6)


def rgb_profile(paths: Sequence[str]) -> bytes | None:
    """The ICC profile of the only file in ``paths``; None without one, or where it is not of RGB.

    A profile of CMYK or gray would be wrong for the RGB samples that such a picture is read as.
    """
    if len(paths) != 1:
        return None
    try:
        with open_picture(Path(paths[0])) as image:
            profile = image.info.get("icc_profile")
    except (MediaError, OSError, SyntaxError, ValueError):
        return None
    if not isinstance(profile, bytes) or profile[_SPACE] != b"RGB ":
        return None
    return profile
