"""Colour tags (ISO/IEC 23091-2 code points) to what the kernels need, and back."""

from __future__ import annotations

from typing import Any, Protocol

from streammat.types import ColourTags
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Siting, Transfer

from .ffmpeg import UNSPECIFIED

_HD_LINES = 720
_RGB_MATRIX = 0
_MATRICES = {1: Matrix.BT709, 5: Matrix.BT601, 6: Matrix.BT601, 9: Matrix.BT2020}
_MATRIX_CODES = {Matrix.BT709: 1, Matrix.BT601: 6, Matrix.BT2020: 9}
_TRANSFERS = {8: Transfer.LINEAR, 13: Transfer.SRGB, 16: Transfer.PQ, 18: Transfer.HLG}
_TRANSFER_CODES = {
    Transfer.SRGB: 13,
    Transfer.PQ: 16,
    Transfer.HLG: 18,
    Transfer.LINEAR: 8,
}
# What goes with a matrix when a stream leaves the rest open: (primaries, transfer).
_COMPANIONS = {1: (1, 1), 5: (5, 6), 6: (6, 6), 9: (9, 14)}
_SWS_NAMES = {Matrix.BT709: "ITU709", Matrix.BT601: "ITU601", Matrix.BT2020: "bt2020"}
_CENTRED_CODECS = {"mjpeg", "mpeg1video", "ljpeg", "webp"}


class Tagged(Protocol):
    """A frame or codec context of PyAV: both carry the four tags."""

    colorspace: int
    color_range: int
    color_primaries: int
    color_trc: int


def read_tags(source: Tagged, fallback: Tagged | None = None) -> ColourTags:
    """The tags of a frame; what it leaves open is taken from ``fallback`` (its codec context)."""
    values = {
        name: int(getattr(source, name)) for name in ("color_primaries", "color_trc", "colorspace")
    }
    range_code = int(source.color_range)
    if fallback is not None:
        for name, value in values.items():
            if value == UNSPECIFIED:
                values[name] = int(getattr(fallback, name))
        range_code = range_code or int(fallback.color_range)
    return ColourTags(
        primaries=values["color_primaries"],
        transfer=values["color_trc"],
        matrix=values["colorspace"],
        full_range=None if range_code == 0 else range_code == 2,
    )


def resolve(
    tags: ColourTags, layout: PixelLayout, height: int, *, codec: str = "", jpeg_range: bool = False
) -> tuple[Colour, ColourTags]:
    """What the code values mean, and the complete tags that say so.

    Untagged YUV is BT.709 from 720 lines up, else BT.601, limited range.

    Args:
        tags: as the stream states them.
        layout: RGB and gray need no matrix.
        height: lines of the stored picture.
        codec: FFmpeg's name; JPEG and MPEG-1 centre their chroma.
        jpeg_range: the pixel format itself says full range (``yuvj420p``).

    Returns:
        The colour and the tags with every gap filled; ``tags.assumed`` says which, in words.
    """
    if layout.family is Family.RGB:
        return _rgb(tags)
    assumed = []
    matrix = tags.matrix if tags.matrix in _MATRICES else UNSPECIFIED
    if matrix == UNSPECIFIED:
        matrix = {1: 1, 9: 9}.get(tags.primaries, 1 if height >= _HD_LINES else 6)
        assumed.append("BT.709" if matrix == 1 else "BT.2020" if matrix == 9 else "BT.601")
    full = jpeg_range if tags.full_range is None else tags.full_range
    if tags.full_range is None and not jpeg_range:
        assumed.append("limited range")
    primaries, transfer = _COMPANIONS[matrix]
    complete = ColourTags(
        primaries=tags.primaries if tags.primaries not in {0, UNSPECIFIED} else primaries,
        transfer=tags.transfer if tags.transfer not in {0, UNSPECIFIED} else transfer,
        matrix=matrix,
        full_range=full,
        assumed=" ".join(assumed),
    )
    colour = Colour(
        matrix=_MATRICES[matrix],
        full_range=full,
        siting=_siting(complete, layout, codec),
        transfer=_TRANSFERS.get(complete.transfer, Transfer.SDR),
    )
    return colour, complete


def _rgb(tags: ColourTags) -> tuple[Colour, ColourTags]:
    """RGB files without tags are sRGB by the web's convention; no need to say so."""
    transfer = tags.transfer if tags.transfer not in {0, UNSPECIFIED} else 13
    primaries = tags.primaries if tags.primaries not in {0, UNSPECIFIED} else 1
    full = tags.full_range is not False
    complete = ColourTags(primaries, transfer, _RGB_MATRIX, full)
    kind = _TRANSFERS.get(transfer, Transfer.SDR)
    matrix = Matrix.BT2020 if primaries == 9 else Matrix.BT709
    return Colour(matrix=matrix, full_range=full, transfer=kind, siting=Siting.CENTER), complete


def _siting(tags: ColourTags, layout: PixelLayout, codec: str) -> Siting:
    """PyAV does not tell the sample location; each codec family's standard default is taken."""
    if layout.chroma_x == 1 and layout.chroma_y == 1:
        return Siting.LEFT
    if codec in _CENTRED_CODECS:
        return Siting.CENTER
    if tags.transfer in {16, 18} and layout.chroma_y == 2:
        return Siting.TOPLEFT  # BT.2100 and UHD delivery rules for 4:2:0
    return Siting.LEFT


def tags_of(colour: Colour, source: ColourTags | None = None) -> ColourTags:
    """Complete tags for YUV code values of ``colour``; primaries and transfer from ``source``."""
    matrix = _MATRIX_CODES[colour.matrix]
    primaries, transfer = _COMPANIONS[matrix]
    if source is not None and source.matrix == 5 and colour.matrix is Matrix.BT601:
        matrix = 5
    if source is not None and source.primaries not in {0, UNSPECIFIED}:
        primaries = source.primaries
    if source is not None and source.transfer not in {0, UNSPECIFIED}:
        transfer = source.transfer
    else:
        transfer = _TRANSFER_CODES.get(colour.transfer, transfer)
    return ColourTags(primaries, transfer, matrix, colour.full_range)


def write_tags(target: Tagged, tags: ColourTags) -> None:
    """Set all four tags on a frame or codec context (an encoder needs them on both)."""
    target.color_primaries = tags.primaries
    target.color_trc = tags.transfer
    target.colorspace = tags.matrix
    target.color_range = 0 if tags.full_range is None else 1 + int(tags.full_range)


def sws_arguments(colour: Colour) -> dict[str, Any]:
    """Explicit colour arguments for ``VideoFrame.reformat``: unspecified would mean BT.601."""
    name = _SWS_NAMES[colour.matrix]
    code = 2 if colour.full_range else 1
    return {"src_colorspace": name, "dst_colorspace": name, "src_color_range": code}
