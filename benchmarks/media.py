"""Reading and writing beside the bare codecs: CPU time of both loops at 1080p, in one run.

``python -m benchmarks media [--frames N] [--case NAME] [--json FILE]``. The bare loop decodes the
clip with PyAV and hands prepared frames to the same encoder with the same options (sequences: to
the same library). Ours goes through the reader and the sink. Both copy the prepared planes, where
a job would draw, and both use one thread. What ours costs beyond is the overhead; wanted: 10 %.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streammat.media.formats import is_image_output, video_encoding
from streammat.media.layouts import views
from streammat.media.reader import open_reader
from streammat.media.sink import open_sink
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import StreamInfo
from streammat_kernels import colour
from streammat_kernels.planes import empty_planes

from .clips import scaled_sample
from .record import LoadMeter, Spread, write_result

LIMIT = 0.10
Planes = Sequence[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One delivery."""

    name: str
    target: str
    kind: OutputKind = OutputKind.RGBA
    codec: str | None = None


CASES = (
    Case("H.264", "o.mp4", OutputKind.COMPOSITE),
    Case("ProRes 4444", "o.mov"),
    Case("FFV1 with alpha", "o.mkv"),
    Case("QuickTime Animation", "o.mov", codec="qtrle"),
    Case("PNG in MOV", "o.mov", codec="png"),
    Case("VP9 with alpha", "o.webm"),
    Case("PNG sequence", "o.%05d.png"),
    Case("EXR sequence", "o.%04d.exr"),
)


def quiet(line: str) -> None:
    del line


def _settings(case: Case, frames: int) -> MatteSettings:
    codec = "ffv1" if case.target.endswith(".mkv") else case.codec
    return MatteSettings(overwrite=True, threads=1, codec=codec, foreground="source", limit=frames)


def prepared(clip: Path, case: Case, settings: MatteSettings, folder: Path) -> list[Planes]:
    """What would be drawn for each frame."""
    found: list[Planes] = []
    with open_reader(clip, limit=settings.limit, threads=1, notify=quiet) as reader:
        request = OutputRequest(str(folder / case.target), case.kind)
        sink = open_sink(request, case.kind, reader.info, settings)
        for frame in reader:
            planes = empty_planes(sink.layout, frame.height, frame.width)
            alpha = _disc(frame.height, frame.width) if sink.layout.alpha else None
            colour.convert(
                frame.planes, frame.layout, frame.colour, sink.layout, sink.colour, planes,
                alpha=alpha,
            )  # fmt: skip
            found.append(planes)
        sink.abort(partial=False)
    return found


def _disc(height: int, width: int) -> NDArray[np.uint16]:
    """Like a matte: mostly 0 and 1, with a soft edge of a tenth of the height."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(x - width / 2, y - height / 2) / height
    edge = np.clip((0.45 - distance) * 10, 0, 1)
    alpha: NDArray[np.uint16] = np.rint(edge * 65535).astype(np.uint16)
    return alpha


def ours(
    clip: Path, case: Case, settings: MatteSettings, folder: Path, drawn: list[Planes]
) -> None:
    """Reader and sink, as in a job."""
    with open_reader(clip, limit=settings.limit, threads=1, notify=quiet) as reader:
        request = OutputRequest(str(folder / case.target), case.kind)
        sink = open_sink(request, case.kind, reader.info, settings)
        for frame, planes in zip(reader, drawn, strict=True):
            picture = sink.new_picture()
            for target, plane in zip(picture.planes, planes, strict=True):
                target[...] = plane
            sink.write(picture, frame)
        sink.close()


def bare_video(
    clip: Path, case: Case, settings: MatteSettings, folder: Path, pixels: list[Any]
) -> None:
    """Decoder and encoder alone."""
    with open_reader(clip, limit=1, threads=1, notify=quiet) as reader:
        encoding = video_encoding(case.target, case.kind, reader.info, settings)
    with (
        av.open(str(clip)) as source,
        av.open(str(folder / f"bare{Path(case.target).suffix}"), "w", format=encoding.muxer) as out,
    ):
        video = source.streams.video[0]
        video.codec_context.thread_count = 1
        stream = out.add_stream(encoding.codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = (
            video.width,
            video.height,
            encoding.pixel_format,
        )
        assert video.time_base is not None
        stream.codec_context.time_base = stream.time_base = video.time_base
        stream.codec_context.thread_count = 1
        stream.codec_context.options = dict(encoding.options)
        for number, frame in enumerate(source.decode(video)):
            if number == len(pixels):
                break
            picture = av.VideoFrame(video.width, video.height, encoding.pixel_format)
            _fill(picture, pixels[number])
            picture.pts, picture.time_base = frame.pts, frame.time_base
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def _fill(picture: av.VideoFrame, content: Any) -> None:
    if isinstance(content, np.ndarray):  # packed bytes, row by row
        plane: Any = picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(picture.height, plane.line_size)
        rows[:, : content.shape[1]] = content
        return
    for target, plane in zip(views(picture, keep_alpha=True)[0], content, strict=True):
        target[...] = plane


def packed(planes: Planes, order: Sequence[int]) -> NDArray[np.uint8]:
    """Rows of interleaved bytes, as a packed format wants them."""
    wide = planes[0].dtype != np.uint8
    pixels = np.stack([planes[index] for index in order], axis=-1)
    stored = pixels.astype(">u2") if wide else pixels
    return np.ascontiguousarray(stored).view(np.uint8).reshape(pixels.shape[0], -1)


def bare_png(clip: Path, folder: Path, frames: list[NDArray[np.uint8]]) -> None:
    """Decoder, PNG encoder and files."""
    with av.open(str(clip)) as source:
        video = source.streams.video[0]
        video.codec_context.thread_count = 1
        context = av.CodecContext.create("png", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = video.width, video.height, "rgba"
        context.time_base, context.thread_count = Fraction(1, 25), 1
        context.options = {"compression_level": "3", "pred": "up"}
        for number, _ in zip(range(len(frames)), source.decode(video), strict=False):
            picture = av.VideoFrame(video.width, video.height, "rgba")
            _fill(picture, frames[number])
            picture.pts, picture.time_base = number, Fraction(1, 25)
            for packet in context.encode(picture):
                (folder / f"bare{number}.png").write_bytes(bytes(packet))


def bare_exr(clip: Path, folder: Path, frames: list[dict[str, Any]]) -> None:
    """Decoder and OpenEXR with channels that are ready but for the copy that stands for drawing."""
    import OpenEXR

    header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
    with av.open(str(clip)) as source:
        video = source.streams.video[0]
        video.codec_context.thread_count = 1
        for number, _ in zip(range(len(frames)), source.decode(video), strict=False):
            parts = [
                OpenEXR.Part(dict(header), {key: plane.copy() for key, plane in part.items()}, name)
                for name, part in frames[number].items()
            ]
            OpenEXR.File(parts).write(str(folder / f"bare{number}.exr"))


def bare_loop(
    clip: Path, case: Case, settings: MatteSettings, folder: Path, drawn: list[Planes]
) -> Callable[[], None]:
    """The loop to compare with, its pictures made ready."""
    with open_reader(clip, limit=1, threads=1, notify=quiet) as reader:
        info: StreamInfo = reader.info
    if case.target.endswith(".exr"):
        ready = [_exr_arrays(planes, info) for planes in drawn]
        return lambda: bare_exr(clip, folder, ready)
    if is_image_output(case.target):
        rows = [packed(planes, range(4)) for planes in drawn]
        return lambda: bare_png(clip, folder, rows)
    encoding = video_encoding(case.target, case.kind, info, settings)
    pixels: list[Any] = drawn
    if encoding.packed:
        pixels = [packed(planes, encoding.packed) for planes in drawn]
    return lambda: bare_video(clip, case, settings, folder, pixels)


def _exr_arrays(planes: Planes, info: StreamInfo) -> dict[str, Any]:
    from streammat_kernels.colour.transfer import linear_table

    cover = planes[3].astype(np.float32) / 65535
    table = linear_table(info.colour.transfer, 16)
    fill = {
        name: (table[plane] * cover).astype(np.float16)
        for name, plane in zip("RGB", planes, strict=False)
    }
    return {"fill": fill | {"A": cover.astype(np.float16)}, "matte": {"A": cover}}


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and threads that it starts, on one of its cores where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run_case(case: Case, clip: Path, folder: Path, frames: int, repeats: int) -> dict[str, Any]:
    """Both loops by turns; the overhead is the median over the turns, as machines drift."""
    settings = _settings(case, frames)
    drawn = prepared(clip, case, settings, folder)
    bare = bare_loop(clip, case, settings, folder, drawn)
    loops: dict[str, Callable[[], None]] = {
        "bare": bare,
        "ours": lambda: ours(clip, case, settings, folder, drawn),
    }
    spent: dict[str, list[float]] = {name: [] for name in loops}
    with LoadMeter() as meter, one_core():
        for _ in range(repeats):
            for name, loop in loops.items():
                gc.collect()
                start = time.process_time()
                loop()
                spent[name].append((time.process_time() - start) / frames * 1e3)
    pairs = zip(spent["ours"], spent["bare"], strict=True)
    overhead = statistics.median(own / codec for own, codec in pairs) - 1
    return {
        "case": case.name,
        "frames": frames,
        "bare_cpu_ms": Spread.of(spent["bare"]),
        "ours_cpu_ms": Spread.of(spent["ours"]),
        "overhead": round(overhead, 4),
        "overhead_limit": LIMIT,
        "reached": overhead <= LIMIT,
        "foreign_cpu_share": round(meter.load.foreign_cpu_share, 3),
        "valid": meter.load.valid,
    }


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks media", description=__doc__)
    parser.add_argument("--case", help="only cases whose name contains this")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = scaled_sample(folder, 1920, 1080, options.frames)
        for case in CASES:
            if options.case and options.case not in case.name:
                continue
            rows.append(run_case(case, clip, folder, options.frames, options.repeats))
            print(json.dumps(rows[-1], default=asdict))
    write_result(options.json, "media", rows)
    return 0
