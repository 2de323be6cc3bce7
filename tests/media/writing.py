"""Helpers of the sink tests: copy a clip through reader and sink, and read packets back."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streammat.errors import StreammatError
from streammat.media.formats import kind_of
from streammat.media.notices import Notify
from streammat.media.reader import open_reader
from streammat.media.sink import Picture, Sink, open_sink
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Frame
from streammat_kernels.layout import Family


def silent(line: str) -> None:
    """Tests that look at the lines collect them."""


def names(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(entry.name for entry in folder.iterdir())


def fill(sink: Sink, picture: Picture, frame: Frame, level: int = 128) -> None:
    """The frame's luma where the depth allows, ``level`` (of 8 bits) elsewhere, a ramp as alpha."""
    bits = sink.layout.bits
    for plane in picture.planes:
        plane[:] = level << (bits - 8)
    if sink.layout.family is Family.PLANAR and frame.layout.bits == bits:
        picture.planes[0][:] = frame.planes[0]
    if sink.layout.alpha:
        picture.planes[-1][:] = ramp(sink.width, bits)


def ramp(width: int, bits: int) -> NDArray[np.uint16]:
    """0 to full scale from left to right."""
    return np.linspace(0, (1 << bits) - 1, width).round().astype(np.uint16)


def copy_clip(
    source: Path,
    target: Path | str,
    kind: OutputKind | None = None,
    notify: Notify = silent,
    metadata: Mapping[str, str] | None = None,
    noise: bool = False,
    **settings: Any,
) -> Sink:
    """Send every frame of ``source`` into a sink and close it."""
    wanted = MatteSettings(**settings)
    with open_reader(
        source,
        start=wanted.start,
        end=wanted.end,
        frames=wanted.frames,
        limit=wanted.limit,
        notify=silent,
    ) as reader:
        request = OutputRequest(str(target), kind)
        sink = open_sink(
            request,
            kind_of(request, wanted.codec),
            reader.info,
            wanted,
            notify=notify,
            metadata=metadata,
        )
        try:
            for frame in reader:
                picture = sink.new_picture()
                fill(sink, picture, frame)
                if noise:
                    add_noise(picture, sink.layout.bits, frame.index)
                sink.write(picture, frame)
            sink.close()
        except StreammatError:
            sink.abort(partial=True)
            raise
    return sink


def add_noise(picture: Picture, bits: int, seed: int) -> None:
    """Content that no encoder can make small."""
    rng = np.random.default_rng(seed)
    for plane in picture.planes:
        plane[:] = rng.integers(0, 1 << bits, plane.shape)


def packet_times(path: Path, kind: str = "video", track: int = 0) -> list[Fraction]:
    """Presentation times in seconds, in display order."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[track]
        packets = [p for p in container.demux(stream) if p.size and p.pts is not None]
        return sorted(p.pts * Fraction(p.time_base) for p in packets)


def packet_bytes(path: Path) -> list[bytes]:
    """The first sound track's packets as they lie in the file."""
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]
