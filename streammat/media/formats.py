"""What each output suffix means: container, codec, pixel format, alpha, the product's defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from streammat.errors import ConfigError, OutputError
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer

from .layouts import mapping
from .pipe_format import STDOUT, pipe_colour, pipe_label, pipe_layout, pipe_pixel_format
from .sequence import is_pattern

_MUXERS = {
    ".mov": "mov",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mkv": "matroska",
    ".webm": "webm",
}
_ALPHA_SUFFIXES = {".mov", ".webm", ".png"}
# One frame at a time over all cores and six frames of foresight instead of twenty: 731 -> 502 MiB
# for the encoder alone at 1080p (48 plain frames, medium, two cores).
_X265_PARAMS = "log-level=error:frame-threads=1:rc-lookahead=6"
_SMALLEST_HEVC = 16  # libx265 refuses smaller pictures


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one output video is written.

    Attributes:
        muxer, codec, pixel_format: FFmpeg's names.
        layout, colour: of the planes that the encoder wants (alpha outputs: one gray plane).
        options: of the encoder.
        bitrate: bits per second, None = constant quality.
        codec_tag: four characters, "" = the muxer's choice.
        align: the encoder's width and height must be multiples of this.
        label: for people.
    """

    muxer: str
    codec: str
    pixel_format: str
    layout: PixelLayout
    colour: Colour
    label: str
    options: dict[str, str] = field(default_factory=dict)
    bitrate: int | None = None
    codec_tag: str = ""
    align: int = 1


def is_image_output(path: str) -> bool:
    """A folder (``out/``), ``NAME.%05d.png`` or one ``.png``."""
    return path.endswith(("/", "\\")) or is_pattern(path) or Path(path).suffix.lower() == ".png"


def can_carry_alpha(path: str) -> bool:
    """True where the suffix's default codec keeps an alpha channel."""
    return is_image_output(path) or Path(path).suffix.lower() in _ALPHA_SUFFIXES


def kind_of(request: OutputRequest) -> OutputKind:
    """The kind asked for, or the one that fits the suffix: rgba with alpha, else composite.

    Raises:
        OutputError: rgba was asked for where no alpha fits, or the suffix is unknown.
    """
    if request.path == STDOUT:
        return request.kind or OutputKind.COMPOSITE
    check_suffix(request.path)
    fits = can_carry_alpha(request.path)
    if request.kind is OutputKind.RGBA and not fits:
        raise OutputError(
            f"{request.path}: {Path(request.path).suffix} cannot carry alpha; "
            "use .mov, .webm or .png, or ask for alpha=, foreground= or composite="
        )
    return request.kind or (OutputKind.RGBA if fits else OutputKind.COMPOSITE)


def check_suffix(path: str) -> None:
    """Refuse what cannot be written.

    Raises:
        OutputError: unknown suffix.
    """
    suffix = Path(path).suffix.lower()
    if is_pattern(path) and suffix != ".png":
        raise OutputError(f"{path}: image sequences are written as PNG; use NAME.%05d.png")
    if not is_image_output(path) and suffix not in _MUXERS:
        known = " ".join(_MUXERS)
        raise OutputError(
            f"{path}: unknown output format '{suffix}'; use {known} .png or a folder/"
        )


def video_encoding(
    path: str, kind: OutputKind, info: StreamInfo, settings: MatteSettings
) -> Encoding:
    """The default encoding of ``path`` with the user's crf, bitrate and encoder preset.

    Raises:
        OutputError: unknown suffix.
        ConfigError: a bitrate that is no number.
    """
    if path == STDOUT:
        return _pipe(kind, info)
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    if suffix == ".mov":
        encoding = _prores(kind, info)
    elif suffix == ".webm":
        encoding = _vp9(kind, info, settings)
    else:
        encoding = _mpeg(_MUXERS[suffix], kind, info, settings)
    if settings.bitrate is not None and encoding.codec != "prores_ks":
        encoding.options.pop("crf", None)
        encoding = replace(encoding, bitrate=parse_bitrate(settings.bitrate))
    return encoding


def _pipe(kind: OutputKind, info: StreamInfo) -> Encoding:
    """Y4M, or raw RGBA; no encoder at all."""
    layout = pipe_layout(kind, info)
    name = pipe_pixel_format(kind, layout)
    muxer = "rawvideo" if kind is OutputKind.RGBA else "yuv4mpegpipe"
    colour, label = pipe_colour(kind, info), pipe_label(kind, layout)
    return Encoding(muxer, "rawvideo", name, layout, colour, label)


def parse_bitrate(text: str) -> int:
    """Bits per second from ``8M``, ``900k`` or a number.

    Raises:
        ConfigError: not a bit rate.
    """
    scale = {"k": 1_000, "m": 1_000_000}.get(text.strip()[-1:].lower(), 1)
    digits = text.strip().rstrip("kKmM")
    try:
        value = round(float(digits) * scale)
    except ValueError:
        value = 0
    if value <= 0:
        raise ConfigError(f"--bitrate {text}: not a bit rate; give bits a second such as 8M")
    return value


def _prores(kind: OutputKind, info: StreamInfo) -> Encoding:
    """ProRes is always limited range."""
    if kind is OutputKind.RGBA:
        name, options = "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}
        label = "ProRes 4444, 16-bit alpha"
    elif kind is not OutputKind.ALPHA and info.layout.chroma_x == 1:
        name, options, label = "yuv444p10le", {"profile": "4444"}, "ProRes 4444"
    else:
        name, options, label = "yuv422p10le", {"profile": "hq"}, "ProRes 422 HQ"
    return _encoding("mov", "prores_ks", name, kind, info, label, options, full_range=False)


def _vp9(kind: OutputKind, info: StreamInfo, settings: MatteSettings) -> Encoding:
    """libvpx is built without high bit depth, so 8 bits whatever the source."""
    name = "yuva420p" if kind is OutputKind.RGBA else "yuv420p"
    options = {
        "crf": str(24 if settings.crf is None else settings.crf),
        "b": "0",
        "row-mt": "1",
        "deadline": "good",
        "cpu-used": "4",
        # Alternate reference frames would tear apart the alpha stream, which has none.
        "auto-alt-ref": "0",
    }
    preset = settings.encoder_preset
    if preset in {"good", "best", "realtime"}:
        options["deadline"] = preset
    elif preset is not None:
        options["cpu-used"] = preset
    label = "VP9 with alpha" if kind is OutputKind.RGBA else "VP9"
    return _encoding("webm", "libvpx-vp9", name, kind, info, label, options)


def _mpeg(muxer: str, kind: OutputKind, info: StreamInfo, settings: MatteSettings) -> Encoding:
    """H.264, and HEVC Main10 where the source has more than 8 bits."""
    deep = info.layout.bits > 8 and kind is not OutputKind.ALPHA
    name = "yuv420p10le" if deep else "yuv420p"
    hevc = deep and min(info.width, info.height) >= _SMALLEST_HEVC
    options = {
        "crf": str(18 if settings.crf is None else settings.crf),
        "preset": settings.encoder_preset or "medium",
    }
    if hevc:
        options["x265-params"] = _X265_PARAMS
    label = "HEVC Main10" if hevc else "H.264"
    codec = "libx265" if hevc else "libx264"
    encoding = _encoding(muxer, codec, name, kind, info, label, options)
    tag = "hvc1" if hevc and muxer == "mp4" else ""
    return replace(encoding, codec_tag=tag, align=2)


def _encoding(
    muxer: str,
    codec: str,
    pixel_format: str,
    kind: OutputKind,
    info: StreamInfo,
    label: str,
    options: dict[str, str],
    full_range: bool | None = None,
) -> Encoding:
    found = mapping(pixel_format)
    assert found is not None
    layout = found.layout
    colour = _colour_for(layout, info, full_range)
    if kind is OutputKind.ALPHA:
        layout = PixelLayout(Family.GRAY, 1, 1, layout.bits)
        colour = Colour(colour.matrix, False, Siting.LEFT, Transfer.SDR)
    return Encoding(muxer, codec, pixel_format, layout, colour, label, options)


def _colour_for(layout: PixelLayout, info: StreamInfo, full_range: bool | None) -> Colour:
    """The source's own colour, as far as the encoder can hold it."""
    source, rgb = info.colour, info.layout.family is Family.RGB
    same = (layout.chroma_x, layout.chroma_y) == (info.layout.chroma_x, info.layout.chroma_y)
    return Colour(
        matrix=source.matrix,
        full_range=False if rgb else source.full_range if full_range is None else full_range,
        siting=source.siting if same and not rgb else Siting.LEFT,
        transfer=source.transfer,
    )
