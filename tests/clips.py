"""Tiny generated clips whose true alpha is known; shared by every test that needs a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from streammat.types import ColourTags

BT709 = ColourTags(primaries=1, transfer=1, matrix=1, full_range=False)
BT601 = ColourTags(primaries=6, transfer=6, matrix=6, full_range=False)
BT2020_PQ = ColourTags(primaries=9, transfer=16, matrix=9, full_range=False)

_AUDIO_RATE = 48000
_SUBJECT_RGB = np.array([235.0, 190.0, 160.0])  # brighter than every background pixel


@dataclass(frozen=True, slots=True, eq=False)
class MadeClip:
    """A clip on disk and what is truly in it.

    Attributes:
        path: the file.
        alphas: (T, H, W) uint16, 65535 = subject, upright.
        rgb: (T, H, W, 3) uint8, upright, before encoding.
        pts_seconds: presentation time of each frame.
    """

    path: Path
    alphas: NDArray[np.uint16]
    rgb: NDArray[np.uint8]
    pts_seconds: list[Fraction]


def make_clip(
    path: Path,
    frames: int = 12,
    size: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int | Fraction = 25,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    audio: bool = False,
    rotation: int = 0,
    interlaced: bool = False,
    tags: ColourTags | None = BT709,
    subject: str = "disc",
    sample_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> MadeClip:
    """Encode a moving subject over a gradient.

    Args:
        path: the suffix chooses the container.
        frames, size: number of frames; upright (width, height) in pixels.
        codec, pix_fmt: FFmpeg's names.
        rate: frames a second where ``pts`` is None.
        pts: time stamps in units of ``time_base`` (variable frame rate), one a frame.
        audio: add a 440 Hz tone (Opus in WebM, AAC elsewhere) as long as the picture.
        rotation: stored turned, with the container tag "turn this many degrees
            counter-clockwise to show upright" (0, 90, 180, 270).
        interlaced: bottom field first, the two fields half a frame apart.
        tags: colour tags of stream and frames; None leaves them unspecified.
        subject: "disc" (moves), "still", "square", "none" or "full".
    """
    stamps = list(pts) if pts is not None else None
    base = time_base if stamps is not None else 1 / Fraction(rate)
    stamps = stamps if stamps is not None else list(range(frames))
    pictures = [_picture(i, frames, size, subject, interlaced) for i in range(len(stamps))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        assert isinstance(stream, av.VideoStream)
        stored = size if rotation % 180 == 0 else size[::-1]
        stream.width, stream.height = stored
        stream.pix_fmt = pix_fmt
        stream.time_base = base
        stream.codec_context.time_base = base
        stream.codec_context.thread_count = 1
        stream.codec_context.options = _encoder_options(codec, interlaced) | (options or {})
        if sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        if rotation:
            stream.set_display_rotation(rotation if rotation <= 180 else rotation - 360)
        _tag(stream.codec_context, tags)
        sound = _add_sound(container, path) if audio else None
        for (rgb, _), stamp in zip(pictures, stamps, strict=True):
            frame = _encodable(rgb, pix_fmt, rotation, tags)
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_tone(container, sound, float((stamps[-1] + 1) * base))
    return MadeClip(
        path,
        np.stack([alpha for _, alpha in pictures]),
        np.stack([rgb for rgb, _ in pictures]),
        [stamp * base for stamp in stamps],
    )


def make_size_change_clip(
    path: Path,
    first: tuple[int, int] = (96, 64),
    second: tuple[int, int] = (64, 96),
    frames: int = 6,
) -> Path:
    """A transport stream whose H.264 picture changes size half-way (``path`` must end in .ts)."""
    base = Fraction(1, 25)
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = first[0], first[1], "yuv420p"
        for part, size in enumerate((first, second)):
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = size[0], size[1], "yuv420p"
            encoder.time_base, encoder.framerate = base, Fraction(25)
            encoder.options = {"preset": "ultrafast", "bf": "0"}
            _tag(encoder, BT709)
            for i in range(frames):
                rgb, _ = _picture(i, frames, size, "disc", interlaced=False)
                frame = _encodable(rgb, "yuv420p", 0, BT709)
                frame.pts, frame.time_base = part * frames + i, base
                for packet in encoder.encode(frame):
                    packet.stream = stream
                    container.mux(packet)
            for packet in encoder.encode(None):
                packet.stream = stream
                container.mux(packet)
    return path


def make_audio_file(path: Path, seconds: float = 0.5) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as container:
        _write_tone(container, _add_sound(container, path), seconds)
    return path


def truncate(path: Path, keep: float) -> Path:
    """Cut the file to the first ``keep`` (0..1) of its bytes, in place."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def _picture(
    index: int, frames: int, size: tuple[int, int], subject: str, interlaced: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    rgb, alpha = _moment(index / max(frames, 1), size, subject)
    if interlaced:
        later_rgb, later_alpha = _moment((index + 0.5) / max(frames, 1), size, subject)
        rgb[0::2], alpha[0::2] = later_rgb[0::2], later_alpha[0::2]
    return rgb, alpha


def _moment(
    when: float, size: tuple[int, int], subject: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """RGB (H, W, 3) and alpha (H, W) at ``when`` 0..1 of the clip's length."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    alpha = _subject_alpha(x, y, when, size, subject)
    background = np.stack(
        [40 + 80 * x / width, 60 + 120 * y / height, 150 - 60 * x / width], axis=-1
    )
    rgb = background + (_SUBJECT_RGB - background) * alpha[..., None]
    return np.rint(rgb).astype(np.uint8), np.rint(alpha * 65535).astype(np.uint16)


def _subject_alpha(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    when: float,
    size: tuple[int, int],
    subject: str,
) -> NDArray[np.float64]:
    width, height = size
    if subject in {"none", "full"}:
        return np.full(x.shape, float(subject == "full"))
    radius = 0.3 * min(size)
    centre_x = width * (0.5 if subject == "still" else 0.3 + 0.4 * when)
    dx, dy = x + 0.5 - centre_x, y + 0.5 - height * 0.5
    distance = np.maximum(abs(dx), abs(dy)) if subject == "square" else np.hypot(dx, dy)
    return np.clip(radius - distance + 0.5, 0.0, 1.0)


def _encoder_options(codec: str, interlaced: bool) -> dict[str, str]:
    if codec == "libx264":
        params = {"x264-params": "interlaced=1"} if interlaced else {}
        return {"preset": "ultrafast", "crf": "10"} | params
    if codec == "libx265":
        return {
            "preset": "ultrafast",
            "bf": "0",  # with B-frames libx265 leaves the dts of very short clips to chance
            "x265-params": "log-level=error:pools=1:frame-threads=1",
        }
    if codec == "libvpx-vp9":
        return {"deadline": "realtime", "cpu-used": "8", "crf": "20", "auto-alt-ref": "0"}
    return {}


def _encodable(
    rgb: NDArray[np.uint8], pix_fmt: str, rotation: int, tags: ColourTags | None
) -> av.VideoFrame:
    stored = np.ascontiguousarray(np.rot90(rgb, -(rotation // 90)))
    frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
    matrix = {6: "ITU601", 9: "bt2020"}.get(tags.matrix if tags else 1, "ITU709")
    full = tags is not None and tags.full_range is True
    frame = frame.reformat(
        format=pix_fmt, dst_colorspace=matrix, dst_color_range="JPEG" if full else "MPEG"
    )
    _tag(frame, tags or ColourTags())
    return frame


def _tag(target: av.VideoFrame | av.VideoCodecContext, tags: ColourTags | None) -> None:
    if tags is None:
        return
    target.color_primaries, target.color_trc = tags.primaries, tags.transfer
    target.colorspace = tags.matrix
    target.color_range = 0 if tags.full_range is None else 1 + int(tags.full_range)


def _add_sound(container: av.container.OutputContainer, path: Path) -> av.AudioStream:
    codec = {".webm": "libopus", ".wav": "pcm_s16le"}.get(path.suffix, "aac")
    stream = container.add_stream(codec, rate=_AUDIO_RATE)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = "mono"
    return stream


def _write_tone(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float
) -> None:
    chunk = 1024
    for start in range(0, max(chunk, int(seconds * _AUDIO_RATE)), chunk):
        time = np.arange(start, start + chunk) / _AUDIO_RATE
        tone = np.rint(8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _AUDIO_RATE, start, Fraction(1, _AUDIO_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
