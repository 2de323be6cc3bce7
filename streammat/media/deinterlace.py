"""Interlaced pictures become progressive at frame rate (FFmpeg's bwdif), time stamps untouched."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingLeft

from .ffmpeg import fraction
from .layouts import in_time_of, to_direct

_SMALLEST = 4  # bwdif refuses pictures with fewer rows or columns
_SEMI_PLANAR = {"nv12": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p"}


class Deinterlacer:
    """Passes frames through until the first interlaced one; from there on through the filter.

    Progressive frames of a mixed stream leave the filter as they came.

    Args:
        time_base: of the frames' time stamps.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take one decoded frame; yield those that are ready (the filter holds one back)."""
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and shape != self._shape:
            yield from self.flush()
        if self._graph is None:
            if not frame.interlaced_frame or min(frame.width, frame.height) < _SMALLEST:
                yield frame
                return
            self._start(frame)
            self._shape = shape
        yield from self._filter(_planar(frame))

    def flush(self) -> Iterator[av.VideoFrame]:
        """Yield what the filter still holds and leave it."""
        if self._graph is not None:
            yield from self._filter(None)
            self._graph = None

    def _start(self, frame: av.VideoFrame) -> None:
        planar = _planar(frame)
        graph = av.filter.Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=planar.width,
            height=planar.height,
            format=planar.format,
            time_base=self._time_base,
        )
        bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        self._graph = graph

    def _filter(self, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        assert self._graph is not None
        self._graph.vpush(frame)
        while True:
            try:
                ready = self._graph.vpull()
            except (NothingYet, NothingLeft):
                return
            if ready.pts is not None:  # the filter counts in half units
                ready.pts = int(ready.pts * fraction(ready.time_base) / self._time_base)
            ready.time_base = self._time_base
            yield ready


def _planar(frame: av.VideoFrame) -> av.VideoFrame:
    """bwdif takes planar formats only; chroma pairs are split, samples unchanged."""
    name = frame.format.name
    if name in _SEMI_PLANAR or name.startswith("p0") or name.startswith(("p2", "p4")):
        planar = frame.reformat(format=_SEMI_PLANAR.get(name) or _planar_of(name))
        return in_time_of(planar, frame)
    return to_direct(frame)


def _planar_of(semi_planar: str) -> str:
    """p010le -> yuv420p10le."""
    chroma = {"0": "420", "2": "422", "4": "444"}[semi_planar[1]]
    return f"yuv{chroma}p{semi_planar[2:]}"
