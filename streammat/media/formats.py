"""What each output path means: which delivery, whether it keeps alpha, how it is encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from streammat.errors import ConfigError, OutputError
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import StreamInfo
from streammat_kernels.layout import Transfer

from .counter import is_pattern
from .deliveries import (
    DELIVERIES,
    Delivery,
    candidates,
    default_delivery,
    delivery,
    named,
    suffix_of,
)
from .encodings import Encoding, Wanted, encoding_of
from .pipe_format import STDOUT, pipe_colour, pipe_label, pipe_layout, pipe_pixel_format
from .rate_control import check_rates, takes_bitrate

__all__ = [
    "Encoding",
    "can_carry_alpha",
    "check_choices",
    "codec_names",
    "delivery_for_request",
    "delivery_of",
    "depth_of",
    "is_image_output",
    "kind_of",
    "parse_bitrate",
    "video_encoding",
]

_MUXERS = {
    ".mov": "mov",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mkv": "matroska",
    ".webm": "webm",
    ".webp": "webp",
}
_IMAGE_SUFFIXES = frozenset(suffix for row in DELIVERIES if row.images for suffix in row.suffixes)


def is_image_output(path: str) -> bool:
    """A folder (``out/``), ``NAME.%05d.png`` or one ``.png``, ``.tif`` or ``.exr``."""
    images = suffix_of(path) in _IMAGE_SUFFIXES - {".mov"}
    return path.endswith(("/", "\\")) or is_pattern(path) or images


def can_carry_alpha(path: str, codec: str | None = None) -> bool:
    """True where the delivery that a bare path gets keeps an alpha channel."""
    row = named(path, codec_names(codec)) or default_delivery(path, None, 8, hdr=False)
    return row.alpha


def codec_names(codec: str | None) -> tuple[str, ...]:
    """The names in ``--codec NAME[,NAME]``.

    Raises:
        ConfigError: an unknown name.
    """
    names = tuple(name.strip() for name in (codec or "").split(",") if name.strip())
    for name in names:
        delivery(name)
    return names


def kind_of(request: OutputRequest, codec: str | None = None) -> OutputKind:
    """The kind asked for, or the one that fits the path: rgba with alpha, else composite.

    Args:
        request: path and kind.
        codec: of the settings.

    Raises:
        OutputError: rgba was asked for where no alpha fits, or the suffix is unknown.
    """
    if request.path == STDOUT:
        return request.kind or OutputKind.COMPOSITE
    kind = request.kind
    if kind is None:
        return OutputKind.RGBA if can_carry_alpha(request.path, codec) else OutputKind.COMPOSITE
    row = named(request.path, codec_names(codec)) or default_delivery(
        request.path, kind, 8, hdr=False
    )
    if kind is OutputKind.RGBA and not row.alpha:
        able = [known.name for known in candidates(request.path) if known.alpha]
        where = row.title if able else suffix_of(request.path)
        way = f"--codec {'|'.join(able)}" if able else ".mov, .webm or .png"
        raise OutputError(
            f"{request.path}: {where} cannot carry alpha; "
            f"use {way}, or ask for alpha=, foreground= or composite="
        )
    return kind


def check_choices(paths: Sequence[str], settings: MatteSettings) -> None:
    """Refuse a ``--codec`` or ``--depth`` that none of the outputs can follow.

    Raises:
        ConfigError: an unknown codec.
        OutputError: as said.
    """
    files = [path for path in paths if path != STDOUT]
    names = codec_names(settings.codec)
    for name in names:
        row = delivery(name)
        if files and not any(row in candidates(path) for path in files):
            path = files[0]
            others = "|".join(known.name for known in candidates(path))
            raise OutputError(
                f"{path}: {suffix_of(path) or 'a folder'} cannot hold {row.title}; "
                f"use {' or '.join(row.suffixes)}, or --codec {others}"
            )
    if settings.depth is not None and files:
        _check_depth(files, names, settings.depth)


def _check_depth(paths: Sequence[str], names: Sequence[str], depth: int) -> None:
    rows = [named(path, names) or default_delivery(path, None, depth, hdr=False) for path in paths]
    rows += [row for path in paths if not names for row in candidates(path) if row.name == "hevc"]
    if any(depth in row.depths for row in rows):
        return
    row, path = rows[0], paths[0]
    others = [known for known in DELIVERIES if depth in known.depths]
    way = ", ".join(f"--codec {known.name} ({' '.join(known.suffixes)})" for known in others[:3])
    way = way or "8, 10, 12 or 16"
    has = " or ".join(str(bits) for bits in row.depths)
    raise OutputError(
        f"{path}: {row.title} is written with {has} bits, not {depth}; "
        f"leave --depth out, or use {way}"
    )


def delivery_for_request(path: str, kind: OutputKind, settings: MatteSettings) -> Delivery | None:
    """The delivery of a path before the source is known, None for stdout.

    Raises:
        OutputError, ConfigError: an unknown suffix or codec.
    """
    if path == STDOUT:
        return None
    return named(path, codec_names(settings.codec)) or default_delivery(path, kind, 8, hdr=False)


def delivery_of(path: str, kind: OutputKind, info: StreamInfo, settings: MatteSettings) -> Delivery:
    """The delivery of one output of a known source.

    Raises:
        OutputError, ConfigError: an unknown suffix or codec.
    """
    row = named(path, codec_names(settings.codec))
    bits = settings.depth or info.layout.bits
    return row or default_delivery(path, kind, bits, hdr=is_hdr(info, settings))


def depth_of(
    path: str, row: Delivery, kind: OutputKind, info: StreamInfo, settings: MatteSettings
) -> int:
    """Bits of a colour sample: as asked where possible, else what loses nothing of the source.

    A matte takes all that a lossless delivery has, and 8 bits in the codecs made for viewing.

    Raises:
        OutputError: an HDR source in 8 bits.
    """
    if settings.depth in row.depths:
        bits = settings.depth
    elif kind is OutputKind.ALPHA:
        bits = row.depths[-1] if row.lossless else row.depths[0]
    else:
        least = max(info.layout.bits, 10 if is_hdr(info, settings) else 8)
        bits = next((d for d in row.depths if d >= least), row.depths[-1])
    if bits == 8 and kind is not OutputKind.ALPHA and is_hdr(info, settings):
        curve = "PQ" if info.colour.transfer is Transfer.PQ else "HLG"
        raise OutputError(
            f"{path}: {row.title} is written with 8 bits, too few for an HDR source ({curve}); "
            "add --to-sdr, or write .mov (ProRes), .exr, or --codec hevc or av1 without alpha"
        )
    return bits


def is_hdr(info: StreamInfo, settings: MatteSettings) -> bool:
    """The pictures that are written are PQ or HLG."""
    return info.colour.transfer in {Transfer.PQ, Transfer.HLG} and not settings.to_sdr


def video_encoding(
    path: str, kind: OutputKind, info: StreamInfo, settings: MatteSettings
) -> Encoding:
    """The encoding of ``path`` with the user's codec, depth, crf, bitrate and encoder preset.

    Raises:
        OutputError: unknown suffix, or a source that the delivery cannot hold.
        ConfigError: a bitrate that is no number, a crf or preset that the encoder does not have, an
            unknown codec.
    """
    if path == STDOUT:
        return _pipe(kind, info)
    row = delivery_of(path, kind, info, settings)
    check_rates(path, row, settings)
    bits = depth_of(path, row, kind, info, settings)
    encoding = encoding_of(row, Wanted(_MUXERS[suffix_of(path)], kind, bits, info, settings))
    if settings.bitrate is not None and takes_bitrate(row):
        options = {k: v for k, v in encoding.options.items() if k not in {"crf", "b"}}
        encoding = replace(encoding, options=options, bitrate=parse_bitrate(settings.bitrate))
    return encoding


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


def _pipe(kind: OutputKind, info: StreamInfo) -> Encoding:
    """Y4M, or raw RGBA; no encoder at all."""
    layout = pipe_layout(kind, info)
    name = pipe_pixel_format(kind, layout)
    muxer = "rawvideo" if kind is OutputKind.RGBA else "yuv4mpegpipe"
    colour, label = pipe_colour(kind, info), pipe_label(kind, layout)
    return Encoding(muxer, "rawvideo", name, layout, colour, label)
