"""Headerless video: size and pixel format come from the user."""

from __future__ import annotations

from fractions import Fraction

import av

from streammat.errors import ConfigError

from .ffmpeg import open_input
from .stdin import STDIN, open_stdin

__all__ = ["open_raw"]

_DEFAULT_RATE = Fraction(25)


def open_raw(path: str, form: str, rate: Fraction | None) -> av.container.InputContainer:
    """Open ``path`` (- is stdin) as raw video.

    Args:
        path: a file of bare samples.
        form: ``WIDTHxHEIGHT:PIXEL_FORMAT``, FFmpeg's name of the format.
        rate: frames per second, None = 25.

    Raises:
        ConfigError: an unknown pixel format.
        MediaError: nothing to read.
    """
    size, _, pixel_format = form.partition(":")
    try:
        av.VideoFormat(pixel_format, 16, 16)
    except ValueError as error:
        raise ConfigError(
            f"--raw-input {form}: no pixel format '{pixel_format}'; use FFmpeg's names such as "
            "yuv420p, yuv422p10le, rgb24, rgba or gray"
        ) from error
    options = {
        "video_size": size,
        "pixel_format": pixel_format,
        "framerate": str(rate or _DEFAULT_RATE),
    }
    if path == STDIN:
        return open_stdin("rawvideo", options)
    return open_input(path, options, demuxer="rawvideo")
