"""How a delivery becomes an encoder's settings: codec, pixel format, depth, colour, options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from streammat.settings import MatteSettings, OutputKind
from streammat.types import StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer

from .colour_tags import tags_of
from .deliveries import Delivery
from .hdr_options import svtav1_hdr, x265_hdr
from .layouts import mapping

__all__ = ["Encoding", "Wanted", "encoding_of"]

# One frame at a time over all cores and six frames of foresight instead of twenty: 731 -> 502 MiB
# for the encoder alone at 1080p (48 plain frames, medium, two cores).
_X265_PARAMS = "log-level=error:frame-threads=1:rc-lookahead=6"
# A quantiser of 1, in FFmpeg's units, instead of a rate.
_FINEST = {"flags": "+qscale", "global_quality": "118"}
_PRORES_NUMBERS = {"hq": "3", "4444": "4"}
# Primaries, transfers and matrices (ISO/IEC 23091-2) that prores_aw writes; it makes 0 of others.
_PRORES_AW_TAGS = ({1, 5, 6, 9, 11, 12}, {1, 16, 18}, {1, 6, 9})
_SMALLEST_HEVC = 16  # libx265 refuses smaller pictures
_CHROMA = {(2, 2): "420", (2, 1): "422", (1, 2): "440", (1, 1): "444"}
# Planes R, G, B, A (or one gray) of each packed format, in its own order.
_PACKED_ORDERS = {
    "rgb24": (0, 1, 2),
    "rgba": (0, 1, 2, 3),
    "argb": (3, 0, 1, 2),
    "bgra": (2, 1, 0, 3),
    "bgr0": (2, 1, 0, 0),
    "rgb48be": (0, 1, 2),
    "rgba64be": (0, 1, 2, 3),
    "gray": (0,),
    "gray16be": (0,),
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one output video is written.

    Attributes:
        muxer, codec, pixel_format: FFmpeg's names.
        layout, colour: of the planes that are drawn (alpha outputs: one gray plane).
        label: for people.
        options: of the encoder.
        bitrate: bits per second, None = constant quality.
        codec_tag: four characters, "" = the muxer's choice.
        align, align_rows: the encoder's width and height must be multiples of these.
        smallest: the encoder takes no smaller side.
        packed: for pixel formats that interleave their samples: the drawn plane of each.
        lossless: what is drawn comes back bit for bit.
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
    align_rows: int = 1
    smallest: int = 1
    packed: tuple[int, ...] = ()
    lossless: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be encoded.

    Attributes:
        muxer: FFmpeg's name of the container.
        kind: what the pictures hold.
        bits: of a colour sample; one of the delivery's depths.
        info: of the source.
        settings: of the job.
    """

    muxer: str
    kind: OutputKind
    bits: int
    info: StreamInfo
    settings: MatteSettings

    @property
    def alpha(self) -> bool:
        """Colours with alpha beside them."""
        return self.kind is OutputKind.RGBA

    @property
    def matte(self) -> bool:
        """The alpha itself as a gray picture."""
        return self.kind is OutputKind.ALPHA


def encoding_of(row: Delivery, wanted: Wanted) -> Encoding:
    """The settings of ``row`` for what is wanted."""
    encoding = _BUILDERS[row.name](wanted)
    return replace(encoding, lossless=row.lossless)


def _prores(wanted: Wanted) -> Encoding:
    """ProRes is always limited range.

    FFmpeg has two encoders. prores_ks searches a quantiser for every slice unless it is told one.
    With alpha it allows itself 20 times the rate and always ends at the finest, so that is what it
    is told: the same pictures for a quarter of the time. A matte never comes near its rate either.
    """
    if wanted.alpha:
        options = {"profile": "4444", "alpha_bits": "16"} | _FINEST
        label = "ProRes 4444, 16-bit alpha"
        return _planar("prores_ks", "yuva444p10le", wanted, label, options, full_range=False)
    if not wanted.matte and wanted.info.layout.chroma_x == 1:
        return _prores_at_its_rate("yuv444p10le", "ProRes 4444", "4444", wanted)
    if not wanted.matte:
        return _prores_at_its_rate("yuv422p10le", "ProRes 422 HQ", "hq", wanted)
    options = {"profile": "hq"} | _FINEST
    return _planar("prores_ks", "yuv422p10le", wanted, "ProRes 422 HQ", options, full_range=False)


def _prores_at_its_rate(name: str, label: str, profile: str, wanted: Wanted) -> Encoding:
    """prores_aw stays near the rate at no less quality in a third of the time of prores_ks.

    Its alpha would lose bits, and it has no word for some colour tags: those keep prores_ks.
    """
    options = {"profile": _PRORES_NUMBERS[profile]}
    encoding = _planar("prores_aw", name, wanted, label, options, full_range=False)
    tags = tags_of(encoding.colour, wanted.info.tags)
    stated = (tags.primaries, tags.transfer, tags.matrix)
    if all(code in known for code, known in zip(stated, _PRORES_AW_TAGS, strict=True)):
        return encoding
    return replace(encoding, codec="prores_ks", options={"profile": profile})


def _ffv1(wanted: Wanted) -> Encoding:
    """Level 3 (RFC 9043), every frame a key frame, each slice with a checksum.

    The source's own planes are kept where its own colours are written, so that what alpha leaves
    untouched is the source bit for bit; estimated colours have detail of their own at every pixel.
    """
    options = {"level": "3", "g": "1", "slicecrc": "1", "slices": "4"}
    bits, source = wanted.bits, wanted.info.layout
    depth = "" if bits == 8 else f"{bits}le"
    label = f"FFV1{' with alpha' if wanted.alpha else ''}, {bits} bits"
    if wanted.matte:
        return _gray("ffv1", f"gray{depth}", wanted, label, options)
    if source.family is Family.RGB and bits == 8:
        return _rgb("ffv1", "bgra" if wanted.alpha else "bgr0", wanted, label, options)
    if source.family is Family.RGB:
        return _rgb("ffv1", f"gbr{'a' if wanted.alpha else ''}p{depth}", wanted, label, options)
    estimated = wanted.settings.foreground == "estimated" or (
        wanted.settings.foreground == "auto" and wanted.kind is not OutputKind.COMPOSITE
    )
    chroma = "444" if estimated else _CHROMA[source.chroma_x, source.chroma_y]
    if chroma == "440":
        chroma = "444"
    name = f"yuv{'a' if wanted.alpha else ''}{chroma}p{depth}"
    if name == "yuva420p12le":  # which does not exist
        name, label = "yuva420p16le", "FFV1 with alpha, 16 bits"
    return _planar("ffv1", name, wanted, label, options)


def _qtrle(wanted: Wanted) -> Encoding:
    label = f"QuickTime Animation{' with alpha' if wanted.alpha else ''}, 8 bits"
    if wanted.matte:
        return replace(_gray("qtrle", "rgb24", wanted, label, {}, bits=8), packed=(0, 0, 0))
    return _rgb("qtrle", "argb" if wanted.alpha else "rgb24", wanted, label, {})


def _png(wanted: Wanted) -> Encoding:
    """In a MOV; sequences have their own sink."""
    wide, options = wanted.bits == 16, {"pred": "up", "compression_level": "3"}
    label = f"PNG{' with alpha' if wanted.alpha else ''}, {wanted.bits} bits"
    if wanted.matte:
        return _gray("png", "gray16be" if wide else "gray", wanted, label, options)
    name = {(False, False): "rgb24", (False, True): "rgba", (True, False): "rgb48be"}.get(
        (wide, wanted.alpha), "rgba64be"
    )
    return _rgb("png", name, wanted, label, options)


def _cineform(wanted: Wanted) -> Encoding:
    name = "gbrap12le" if wanted.alpha else "gbrp12le"
    label = f"CineForm{' with alpha' if wanted.alpha else ''}, 12 bits"
    options = {"quality": "film3+"}
    if wanted.matte:
        encoding = _gray("cfhd", name, wanted, label, options, bits=12)
    else:
        encoding = _rgb("cfhd", name, wanted, label, options)
    return replace(encoding, align=16, smallest=32)


def _vp9(wanted: Wanted) -> Encoding:
    """libvpx is built without high bit depth, so 8 bits whatever the source."""
    settings = wanted.settings
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
    label = "VP9 with alpha" if wanted.alpha else "VP9"
    name = "yuva420p" if wanted.alpha else "yuv420p"
    return _planar("libvpx-vp9", name, wanted, label, options)


def _h264(wanted: Wanted) -> Encoding:
    name = "yuv420p10le" if wanted.bits > 8 else "yuv420p"
    label = "H.264 High 10" if wanted.bits > 8 else "H.264"
    options = _crf_and_preset(wanted.settings, 16, "veryfast")
    encoding = _planar("libx264", name, wanted, label, options)
    return replace(encoding, align=2, align_rows=2)


def _hevc(wanted: Wanted) -> Encoding:
    """HEVC; H.264 for pictures that libx265 finds too small."""
    if min(wanted.info.width, wanted.info.height) < _SMALLEST_HEVC:
        return _h264(wanted)
    options = _crf_and_preset(wanted.settings, 17, "faster")
    options["x265-params"] = _X265_PARAMS + ("" if wanted.matte else x265_hdr(wanted.info))
    name = "yuv420p10le" if wanted.bits > 8 else "yuv420p"
    label = "HEVC Main10" if wanted.bits > 8 else "HEVC"
    encoding = _planar("libx265", name, wanted, label, options)
    tag = "hvc1" if wanted.muxer in {"mp4", "mov"} else ""
    return replace(encoding, codec_tag=tag, align=2, align_rows=2)


def _av1(wanted: Wanted) -> Encoding:
    settings = wanted.settings
    options = {
        "crf": str(28 if settings.crf is None else settings.crf),
        "preset": settings.encoder_preset or "8",
    }
    if not wanted.matte and (told := svtav1_hdr(wanted.info)):
        options["svtav1-params"] = told
    name = "yuv420p10le" if wanted.bits > 8 else "yuv420p"
    label = f"AV1, {wanted.bits} bits"
    return replace(_planar("libsvtav1", name, wanted, label, options), align=2, align_rows=2)


def _webp(wanted: Wanted) -> Encoding:
    """``--crf 0`` is lossless; else the codec's default quality, alpha always lossless."""
    options = {"lossless": "1"} if wanted.settings.crf == 0 else {"quality": "90"}
    label = f"animated WebP{' with alpha' if wanted.alpha else ''}"
    if wanted.matte:
        # Drawn as opaque gray: the alpha plane is the fourth, which the carrier fills.
        gray = _gray("libwebp_anim", "bgra", wanted, label, options, bits=8)
        return replace(gray, packed=(0, 0, 0, -1))
    encoding = _rgb("libwebp_anim", "bgra", wanted, label, options)
    return encoding if wanted.alpha else replace(encoding, packed=(2, 1, 0, -1))


def _crf_and_preset(settings: MatteSettings, crf: int, preset: str) -> dict[str, str]:
    """At a given quality a fast preset costs size alone, at a given bit rate it costs quality.

    The fast presets with these crf give the pictures of medium at 18 (within 0.3 dB of PSNR) in
    files an eighth to a fifth larger, for 0.4 (H.264) and 0.7 (HEVC) of the time.
    """
    return {
        "crf": str(crf if settings.crf is None else settings.crf),
        "preset": settings.encoder_preset or ("medium" if settings.bitrate else preset),
    }


def _planar(
    codec: str,
    pixel_format: str,
    wanted: Wanted,
    label: str,
    options: dict[str, str],
    full_range: bool | None = None,
) -> Encoding:
    """YUV planes; a matte is drawn into luma as limited-range gray."""
    found = mapping(pixel_format)
    assert found is not None
    layout = found.layout
    colour = _yuv_colour(layout, wanted.info, full_range)
    if wanted.matte:
        layout = PixelLayout(Family.GRAY, 1, 1, layout.bits)
        colour = Colour(colour.matrix, False, Siting.LEFT, Transfer.SDR)
    return Encoding(wanted.muxer, codec, pixel_format, layout, colour, label, options)


def _rgb(
    codec: str, pixel_format: str, wanted: Wanted, label: str, options: dict[str, str]
) -> Encoding:
    """R, G, B [, A] of full range with the source's own curve."""
    layout = PixelLayout(Family.RGB, 1, 1, wanted.bits, alpha=wanted.alpha)
    source = wanted.info.colour
    colour = Colour(source.matrix, True, Siting.CENTER, source.transfer)
    packed = _PACKED_ORDERS.get(pixel_format, ())
    return Encoding(
        wanted.muxer, codec, pixel_format, layout, colour, label, options, packed=packed
    )


def _gray(
    codec: str,
    pixel_format: str,
    wanted: Wanted,
    label: str,
    options: dict[str, str],
    bits: int | None = None,
) -> Encoding:
    """The alpha as gray of full range: 0 is black, 1 is white."""
    layout = PixelLayout(Family.GRAY, 1, 1, bits or wanted.bits)
    colour = Colour(wanted.info.colour.matrix, True, Siting.CENTER, Transfer.SDR)
    packed = _PACKED_ORDERS.get(pixel_format, ()) if not mapping(pixel_format) else ()
    return Encoding(
        wanted.muxer, codec, pixel_format, layout, colour, label, options, packed=packed
    )


def _yuv_colour(layout: PixelLayout, info: StreamInfo, full_range: bool | None) -> Colour:
    """The source's own colour, as far as the encoder can hold it."""
    source, rgb = info.colour, info.layout.family is Family.RGB
    same = (layout.chroma_x, layout.chroma_y) == (info.layout.chroma_x, info.layout.chroma_y)
    return Colour(
        matrix=source.matrix,
        full_range=False if rgb else source.full_range if full_range is None else full_range,
        siting=source.siting if same and not rgb else Siting.LEFT,
        transfer=source.transfer,
    )


_BUILDERS: dict[str, Callable[[Wanted], Encoding]] = {
    "prores": _prores,
    "qtrle": _qtrle,
    "cineform": _cineform,
    "ffv1": _ffv1,
    "vp9": _vp9,
    "h264": _h264,
    "hevc": _hevc,
    "av1": _av1,
    "webp": _webp,
    "png": _png,
}
