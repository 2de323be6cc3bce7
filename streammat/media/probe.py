"""What a media file is, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from streammat.types import StreamInfo

from .ffmpeg import open_input
from .reader import open_reader
from .sequence import is_image_source


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One audio stream."""

    codec: str
    channels: int
    sample_rate: int
    language: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What :func:`probe` found; sizes are upright, in pixels.

    Attributes:
        colour: matrix, range, transfer and siting as they will be understood.
        assumptions: one line for everything the file does not say.
        sounds: audio streams in file order.
    """

    path: str
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    bits: int
    rotation_degrees: int
    sample_aspect: str
    rate: str | None
    variable_rate: bool
    time_base: str
    frames: int | None
    duration_seconds: float | None
    interlaced: bool
    alpha: bool
    still: bool
    colour: dict[str, str | bool]
    assumptions: list[str] = field(default_factory=list)
    sounds: list[SoundTrack] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers."""
        return asdict(self)


def probe(path: str) -> ProbeReport:
    """Open a file far enough to decode its first picture and report what it is.

    Raises:
        MediaError: missing, no video, or nothing that can be decoded.
    """
    said: list[str] = []
    with open_reader(path, threads=1, keep_alpha=True, notify=said.append) as reader:
        info = reader.info
    container, sounds = ("images", []) if is_image_source(path) else _container_facts(path)
    return _report(path, info, container, said, sounds)


def _container_facts(path: str) -> tuple[str, list[SoundTrack]]:
    with open_input(path) as container:
        sounds = [
            SoundTrack(
                codec=stream.codec_context.codec.name,
                channels=stream.codec_context.layout.nb_channels,
                sample_rate=stream.codec_context.sample_rate,
                language=stream.metadata.get("language", ""),
            )
            for stream in container.streams.audio
            if stream.codec_context is not None
        ]
        return container.format.name, sounds


def _report(
    path: str, info: StreamInfo, container: str, said: list[str], sounds: list[SoundTrack]
) -> ProbeReport:
    return ProbeReport(
        path=path,
        container=container,
        codec=info.codec,
        pixel_format=info.pixel_format,
        width=info.width,
        height=info.height,
        bits=info.layout.bits,
        rotation_degrees=info.rotation,
        sample_aspect=f"{info.sample_aspect.numerator}:{info.sample_aspect.denominator}",
        rate=None if info.rate is None else str(info.rate),
        variable_rate=info.variable_rate,
        time_base=str(info.time_base),
        frames=info.frames,
        duration_seconds=info.duration_seconds,
        interlaced=info.interlaced,
        alpha=info.layout.alpha,
        still=info.still,
        colour={
            "matrix": str(info.colour.matrix),
            "full_range": info.colour.full_range,
            "transfer": str(info.colour.transfer),
            "siting": str(info.colour.siting),
        },
        assumptions=[line.removeprefix(f"{path}: ") for line in said],
        sounds=sounds,
        metadata=info.metadata,
    )
