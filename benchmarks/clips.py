"""Clips for the benchmarks, made from the bundled sample: scaled, looped, with grain."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import VideoFrame
    from av.filter import Graph

SAMPLE = Path(__file__).resolve().parent.parent / "streammat" / "demo" / "sample.mp4"


def scaled_sample(
    folder: Path, width: int, height: int, frames: int, pixel_format: str = "yuv420p"
) -> Path:
    """Encode ``frames`` frames of the looped sample at ``width`` x ``height`` (H.264, crf 18).

    Fine grain is added by a fixed-seed noise filter: an upscaled picture alone is easier to encode
    than camera footage of the size.
    """
    import av

    target = folder / f"sample_{width}x{height}_{frames}_{pixel_format}.mp4"
    if target.exists():
        return target
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.options = {"crf": "18", "preset": "veryfast"}
        graph = None
        for number, frame in enumerate(_looped(frames)):
            if graph is None:
                graph = _graph(frame, width, height, pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            graph.vpush(frame)
            picture = graph.vpull()
            picture.pts, picture.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return target


def _looped(frames: int) -> Iterator[VideoFrame]:
    import av

    count = 0
    while count < frames:
        with av.open(str(SAMPLE)) as container:
            for frame in container.decode(video=0):
                if count >= frames:
                    return
                yield frame
                count += 1


def _graph(frame: VideoFrame, width: int, height: int, pixel_format: str) -> Graph:
    import av.filter

    graph = av.filter.Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
        ),
        graph.add("scale", f"{width}:{height}:flags=lanczos"),
        graph.add("format", pixel_format),
        graph.add("noise", "alls=2:allf=t:all_seed=7"),
        graph.add("buffersink"),
    ]
    for first, second in pairwise(nodes):
        first.link_to(second)
    graph.configure()
    return graph
