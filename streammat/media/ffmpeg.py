"""The one place that knows PyAV: exact rationals, readable errors, disk-full detection.

Written for PyAV 18 and 19: version 19 may return a rational type of its own, hence
:func:`fraction` around every time base, rate and aspect that leaves PyAV.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, cast

import av
from av.error import FFmpegError

from streammat.errors import DISK_FULL, MediaError, OutputError, ResourceError

UNSPECIFIED = 2  # ISO/IEC 23091-2 code point


def fraction(value: Any, default: Fraction | None = None) -> Fraction:
    """Any rational of PyAV as a ``Fraction``; None or 0/0 becomes ``default``, itself 0."""
    if value is None or not getattr(value, "denominator", 1):
        return default if default is not None else Fraction(0)
    return Fraction(int(value.numerator), int(value.denominator))


def known_fraction(value: Any) -> Fraction | None:
    """A positive rational of PyAV as a ``Fraction``, None when it says "unknown"."""
    exact = fraction(value)
    return exact if exact > 0 else None


def reason(error: BaseException) -> str:
    """The short cause of an FFmpeg or operating-system error, without codes and paths."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().rstrip(".").lower()


# Before PyAV 19 the caller had to ask that odd bytes in metadata are replaced, not fatal.
_LENIENT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


def open_input(
    path: str, options: dict[str, str] | None = None, demuxer: str | None = None
) -> av.container.InputContainer:
    """Open a media file for reading.

    Args:
        path: of the file.
        options: of the demuxer.
        demuxer: FFmpeg's name of the format where the file does not say it (rawvideo).

    Raises:
        MediaError: not there, not readable, or not a container that FFmpeg knows.
    """
    try:
        container = av.open(path, "r", format=demuxer, options=options, **_LENIENT)
        return cast("av.container.InputContainer", container)
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file; check the path") from error
    except PermissionError as error:
        raise MediaError(f"{path}: not readable; check its permissions") from error
    except IsADirectoryError as error:
        raise MediaError(f"{path}: a folder without images; give a video or images") from error
    except EOFError as error:
        raise MediaError(f"{path}: ends before its first frame; the file is incomplete") from error
    except (FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            f"{path}: not a readable video ({reason(error)}); "
            "give a video file, an image or an image sequence"
        ) from error


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn whatever goes wrong while ``path`` is written into one of our errors.

    Raises:
        ResourceError: the disk (or the quota) is full.
        OutputError: anything else that FFmpeg or the operating system refuses.
    """
    try:
        yield
    except (FFmpegError, OSError, MemoryError) as error:
        if isinstance(error, MemoryError):
            raise ResourceError(f"{path}: out of memory while writing; close programs") from error
        if getattr(error, "errno", None) in DISK_FULL:
            raise ResourceError(
                f"{path}: no space left to write; free some space or write elsewhere"
            ) from error
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from error
