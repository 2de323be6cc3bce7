"""What a media file is, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from streammat.settings import MatteSettings
from streammat.types import Chapter, Chromaticities, HdrMetadata, StreamInfo, Track

from .ffmpeg import open_input
from .read_options import ReadOptions, read_options
from .reader import open_options
from .sequence import is_image_source
from .stdin import STDIN
from .timecode import timecode_text


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What :func:`probe` found; sizes are upright, in pixels.

    Attributes:
        colour: matrix, range, transfer, siting and code points as they will be understood.
        view: what a network is shown: "" for the plate as it is, else the curve it is mapped from.
        hdr: static HDR metadata, None without.
        timecode: of the first frame, "" without.
        sounds, subtitles, other_tracks: streams in file order.
        first_number, holes: of an image sequence.
        assumptions: one line for everything the file does not say.
    """

    path: str
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    bits: int
    chroma: str
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
    floating_point: bool
    colour: dict[str, str | bool | int]
    view: str = ""
    hdr: HdrMetadata | None = None
    chromaticities: Chromaticities | None = None
    timecode: str = ""
    first_number: int | None = None
    holes: list[int] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    sounds: list[Track] = field(default_factory=list)
    subtitles: list[Track] = field(default_factory=list)
    other_tracks: list[Track] = field(default_factory=list)
    chapters: list[dict[str, float | str]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers."""
        return asdict(self)


def probe(path: str, settings: MatteSettings | None = None) -> ProbeReport:
    """Open a file far enough to decode its first picture and report what it is.

    Args:
        path: as of ``open_reader``; ``-`` is stdin.
        settings: how to read it (frame rate, raw format, input colour); None = defaults.

    Raises:
        MediaError: missing, no video, or nothing that can be decoded.
        ConfigError: a setting that does not go with the source.
    """
    said: list[str] = []
    options: ReadOptions = read_options(settings or MatteSettings(), 1, keep_alpha=True)
    if is_image_source(path):
        options = replace(options, missing="hold")
    with open_options(path, options, said.append) as reader:
        info = reader.info
    return _report(info, _container_name(path), said)


def _container_name(path: str) -> str:
    if is_image_source(path):
        return "images"
    if path == STDIN:
        return "stdin"
    with open_input(path) as container:
        return container.format.name


def _report(info: StreamInfo, container: str, said: list[str]) -> ProbeReport:
    layout, kinds = info.layout, _by_kind(info.tracks)
    return ProbeReport(
        path=info.path,
        container=container,
        codec=info.codec,
        pixel_format=info.pixel_format,
        width=info.width,
        height=info.height,
        bits=layout.bits,
        chroma=f"{layout.family} {layout.chroma_x}x{layout.chroma_y}",
        rotation_degrees=info.rotation,
        sample_aspect=f"{info.sample_aspect.numerator}:{info.sample_aspect.denominator}",
        rate=None if info.rate is None else str(info.rate),
        variable_rate=info.variable_rate,
        time_base=str(info.time_base),
        frames=info.frames,
        duration_seconds=info.duration_seconds,
        interlaced=info.interlaced,
        alpha=layout.alpha,
        still=info.still,
        floating_point=info.scene,
        colour=_colour(info),
        view=info.input_colour,
        hdr=info.hdr,
        chromaticities=info.chromaticities,
        timecode="" if info.timecode is None else timecode_text(info.timecode),
        first_number=info.first_number,
        holes=list(info.holes),
        assumptions=[line.removeprefix(f"{info.path}: ") for line in said],
        sounds=kinds["audio"],
        subtitles=kinds["subtitle"],
        other_tracks=kinds["other"],
        chapters=[_chapter(chapter) for chapter in info.chapters],
        metadata=info.metadata,
    )


def _colour(info: StreamInfo) -> dict[str, str | bool | int]:
    return {
        "matrix": str(info.colour.matrix),
        "full_range": info.colour.full_range,
        "transfer": str(info.colour.transfer),
        "siting": str(info.colour.siting),
        "primaries_code": info.tags.primaries,
        "transfer_code": info.tags.transfer,
        "matrix_code": info.tags.matrix,
    }


def _by_kind(tracks: tuple[Track, ...]) -> dict[str, list[Track]]:
    kinds: dict[str, list[Track]] = {"audio": [], "subtitle": [], "other": []}
    for track in tracks:
        kinds[track.kind if track.kind in kinds else "other"].append(track)
    return kinds


def _chapter(chapter: Chapter) -> dict[str, float | str]:
    """Seconds as decimals: programs that read JSON have no fractions."""
    start, end = float(chapter.start_seconds), float(chapter.end_seconds)
    return {"start_seconds": start, "end_seconds": end, "title": chapter.title}
