"""Whole jobs with a known alpha, and their outputs read back: colours, alpha, tags, times."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import streammat.pipeline.job as job_module
from streammat.matting import FixedMatter
from streammat.media.layouts import mapping, views
from streammat.pipeline import JobReport, matte_file
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Alpha, ColourTags, Frame, StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer

Planes = list[NDArray[Any]]

# Where the samples R, G, B, A of packed formats lie.
_PACKED = {
    "argb": (1, 2, 3, 0),
    "rgba": (0, 1, 2, 3),
    "bgra": (2, 1, 0, 3),
    "bgr0": (2, 1, 0),
    "rgb24": (0, 1, 2),
    "rgb48be": (0, 1, 2),
    "rgba64be": (0, 1, 2, 3),
    "gray16be": (0,),
}


def rgb_info(transfer: Transfer, width: int = 8, height: int = 4) -> StreamInfo:
    """Facts of one RGB picture of 16 bits."""
    layout = PixelLayout(Family.RGB, 1, 1, 16)
    return StreamInfo(
        path="in", width=width, height=height, rotation=0, sample_aspect=Fraction(1),
        rate=Fraction(25), time_base=Fraction(1, 25), frames=1, duration_seconds=0.04,
        layout=layout, colour=Colour(full_range=True, transfer=transfer),
        tags=ColourTags(1, 13, 0, True), codec="", pixel_format="",
    )  # fmt: skip


def use_matter(monkeypatch: pytest.MonkeyPatch, formula: Callable[[Frame], Alpha]) -> None:
    """Let every job of this test find its alpha by a formula instead of a network."""

    class Known(FixedMatter):
        def warm_up(self, height: int, width: int) -> None:
            del height, width

    monkeypatch.setattr(job_module, "frame_matter", lambda *_, **__: Known(formula))


def ramp_alpha(frame: Frame) -> Alpha:
    """0 in the first rows, 1 in the last, every step between from left to right."""
    height, width = frame.height, frame.width
    alpha = np.empty((height, width), np.uint16)
    alpha[:] = np.linspace(0, 65535, width).round()
    alpha[: height // 4], alpha[-(height // 4) :] = 0, 65535
    return alpha


def opaque_alpha(frame: Frame) -> Alpha:
    """1 everywhere: what is written is the source."""
    return np.full((frame.height, frame.width), 65535, np.uint16)


def run_matte(
    source: Path, *outputs: str, lines: list[str] | None = None, **settings: Any
) -> JobReport:
    """``streammat matte source -o ...``; outputs as on the command line."""
    requests = []
    for output in outputs:
        kind, _, path = output.rpartition("=")
        requests.append(OutputRequest(path, OutputKind(kind) if kind else None))
    options: dict[str, Any] = {"smooth": "off", "threads": 1, **settings}
    wanted = MatteSettings(**options)
    said = lines if lines is not None else []
    return matte_file(str(source), requests, wanted, notify=said.append)


def read_video(path: Path) -> tuple[list[Planes], list[Fraction], str]:
    """Planes (R, G, B or Y, U, V, then A), times in seconds and pixel format of every frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = Fraction(stream.time_base or 0)
        if stream.codec_context.codec.canonical_name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")  # the native one drops alpha
            packets = [p for p in container.demux(stream) if p.size]
            frames: Sequence[Any] = [f for p in [*packets, None] for f in decoder.decode(p)]
        else:
            frames = list(container.decode(stream))
        planes = [_planes(frame) for frame in frames]
        return planes, [frame.pts * base for frame in frames], frames[0].format.name


def _planes(frame: av.VideoFrame) -> Planes:
    if mapping(frame.format.name) is not None:
        return [plane.copy() for plane in views(frame, keep_alpha=True)[0]]
    pixels = frame.to_ndarray()
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    own = pixels.dtype.newbyteorder("=")
    return [pixels[..., place].astype(own) for place in _PACKED[frame.format.name]]


def read_images(paths: Sequence[Path]) -> list[Planes]:
    """Planes R, G, B, A as stored."""
    return [_image(path) for path in paths]


def _image(path: Path) -> Planes:
    if path.suffix == ".exr":
        import OpenEXR

        with OpenEXR.File(str(path), separate_channels=True) as file:
            fill, matte = (part.channels for part in file.parts)
            return [*(fill[name].pixels for name in "RGB"), matte["A"].pixels]
    if path.suffix == ".tif":
        import tifffile

        pixels = tifffile.imread(path)
    else:
        with av.open(str(path)) as container:
            return _planes(next(container.decode(video=0)))
    return [pixels[..., channel] for channel in range(pixels.shape[2])]


def read_animation(path: Path) -> tuple[list[Planes], list[Fraction]]:
    """Every picture of an animated WebP and the moment at which it appears."""
    planes, times, now = [], [], Fraction(0)
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            pixels = np.asarray(image.convert("RGBA"))
            planes.append([pixels[..., channel] for channel in range(4)])
            times.append(now)
            now += Fraction(int(image.info.get("duration", 0)), 1000)
    return planes, times


def tags_by_pyav(path: Path) -> tuple[int, int, int, int]:
    """Primaries, transfer, matrix, range as the first frame, or else the file, states them."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        context = container.streams.video[0].codec_context
        names = ("color_primaries", "color_trc", "colorspace", "color_range")
        unknown = {"color_range": 0}
        values = []
        for name in names:
            own = int(getattr(frame, name))
            values.append(int(getattr(context, name)) if own == unknown.get(name, 2) else own)
    return tuple(values)  # type: ignore[return-value]


def probe_by_ffprobe(path: Path, *entries: str) -> dict[str, Any]:
    """What the other program says of the file."""
    shown = [word for entry in entries for word in ("-show_entries", entry)]
    command = ["ffprobe", "-v", "error", "-of", "json", *shown, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
