"""Video that comes through a pipe: Y4M, or any container that can be read without seeking."""

from __future__ import annotations

import sys
from typing import Any, cast

import av
from av.error import FFmpegError

from streammat.errors import MediaError

from .ffmpeg import reason

__all__ = ["STDIN", "open_stdin"]

STDIN = "-"


def open_stdin(
    demuxer: str | None = None, options: dict[str, str] | None = None
) -> av.container.InputContainer:
    """Open what is piped in.

    Args:
        demuxer: FFmpeg's name where the bytes do not say it (rawvideo).
        options: of the demuxer.

    Raises:
        MediaError: nobody pipes anything, or nothing that FFmpeg knows.
    """
    if sys.stdin.isatty():
        raise MediaError(
            "-: nothing is piped in; use e.g. 'ffmpeg -i clip.mov -f yuv4mpegpipe - | streammat "
            "matte - -o out.mov'"
        )
    pipe: Any = sys.stdin.buffer
    try:
        container = av.open(pipe, "r", format=demuxer, options=options)
        return cast("av.container.InputContainer", container)
    except (FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            f"-: what is piped in is no known video ({reason(error)}); pipe Y4M, or raw video with "
            "--raw-input WIDTHxHEIGHT:FORMAT"
        ) from error
