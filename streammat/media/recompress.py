"""Frames through a codec and back, in memory: what compression does to a clip."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import numpy as np
from numpy.typing import NDArray

__all__ = ["through_h264"]

FRAMES_A_SECOND = 24


def through_h264(
    frames: Sequence[NDArray[np.uint8]], crf: int, preset: str = "medium"
) -> list[NDArray[np.uint8]]:
    """Encode to H.264, 4:2:0, and decode again.

    Args:
        frames: (H, W, 3) uint8 R'G'B' of one size, both sides even.
        crf: constant rate factor, 0 (lossless but for colour) .. 51.
        preset: of x264.

    Returns:
        As many frames, as a player would show them.
    """
    memory = io.BytesIO()
    options = {"crf": str(crf), "preset": preset, "threads": "1"}
    with av.open(memory, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=FRAMES_A_SECOND, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as back:
        decoded = [frame.to_ndarray(format="rgb24") for frame in back.decode(video=0)]
    return [np.asarray(frame, np.uint8) for frame in decoded]
