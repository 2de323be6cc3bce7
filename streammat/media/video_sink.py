"""A video file: pictures to packets at their exact time, sound beside them, named when complete."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from streammat.errors import OutputError, StreammatError
from streammat.settings import MatteSettings, OutputKind
from streammat.types import ColourTags, Frame, Plane, StreamInfo
from streammat_kernels.layout import Family, Siting

from .atomic import check_target, partial_name, publish, temporary_beside
from .audio import AudioTracks
from .colour_tags import tags_of, write_tags
from .ffmpeg import writing
from .formats import video_encoding
from .layouts import plane_view, views
from .notices import Notices, Notify
from .select import parse_selection
from .sink import Picture, sources_of

_KEPT_METADATA = ("title", "artist", "date", "copyright", "creation_time", "description")
# libx265 leaves the decoding stamps of streams this short uninitialised (seen with 4.2).
_X265_UNSET_DTS = 2


class VideoSink:
    """See :class:`streammat.media.sink.Sink`."""

    def __init__(
        self,
        path: str,
        kind: OutputKind,
        info: StreamInfo,
        settings: MatteSettings,
        *,
        notify: Notify,
        metadata: dict[str, str],
    ) -> None:
        self.path = path
        self.wants = kind
        self.frames = 0
        self._info = info
        self._encoding = video_encoding(path, kind, info, settings)
        self.layout = self._encoding.layout
        self.colour = self._encoding.colour
        self.width, self.height = info.width, info.height
        self._notices = Notices(notify)
        self._selection = parse_selection(
            settings.start, settings.end, settings.frames, settings.limit
        )
        self._tags = self._colour_tags()
        check_target(path, sources_of(info), overwrite=settings.overwrite)
        self._target = Path(path)
        self._temporary = temporary_beside(self._target)
        self._origin = 0
        self._end = Fraction(0)
        self._open = True
        try:
            with writing(path):
                self._start(settings, metadata)
        except BaseException:
            self._discard()
            raise

    def new_picture(self) -> Picture:
        """A fresh encoder frame; kernels write straight into its planes."""
        carrier = av.VideoFrame(
            self._stream.width, self._stream.height, self._encoding.pixel_format
        )
        if self.wants is OutputKind.ALPHA:
            planes: tuple[Plane, ...] = (carrier_luma(carrier, self.layout.bits),)
        else:
            planes, _ = views(carrier, keep_alpha=True)
        return Picture(tuple(self._visible(planes)), carrier)

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode a filled picture at the time of ``frame``."""
        if self.frames == 0:
            self._begin(frame)
        carrier: av.VideoFrame = picture.carrier
        self._pad(carrier)
        carrier.pts = frame.pts - self._origin
        carrier.time_base = frame.time_base
        carrier.duration = frame.duration or self._step
        write_tags(carrier, self._tags)
        with writing(self.path):
            self._container.mux(self._stream.encode(carrier))
            self._audio.advance(frame.pts * frame.time_base)
        self.frames += 1
        self._end = (frame.pts + (frame.duration or self._step)) * frame.time_base

    def describe(self) -> str:
        """Format and sound in a few words."""
        sound = f", {self._audio.summary}" if self._audio.summary else ""
        return f"{self._encoding.label} {self._encoding.pixel_format}{sound}"

    def close(self) -> None:
        """Finish the file and give it its name."""
        if not self._open:
            return
        try:
            if self.frames == 0:
                raise OutputError(f"{self.path}: nothing to write, no frame arrived")
            with writing(self.path):
                self._finish(cut=self._selection.limits_end)
                publish(self._temporary, self._target)
        except BaseException:
            self._discard()
            raise
        self._open = False

    def abort(self, *, partial: bool) -> str | None:
        """Keep what was written as ``NAME.partial.EXT`` or remove it."""
        if not self._open:
            return None
        if not partial or self.frames == 0:
            self._discard()
            return None
        kept = partial_name(self._target)
        try:
            with writing(self.path):
                self._finish(cut=True)
                publish(self._temporary, kept)
        except StreammatError:
            self._discard()
            return None
        self._open = False
        return str(kept)

    def _colour_tags(self) -> ColourTags:
        source = self._info.tags
        tags = tags_of(self.colour, source)
        if self.wants is OutputKind.ALPHA and tags.transfer in {16, 18}:
            return ColourTags(tags.primaries, 1, tags.matrix, tags.full_range)
        return tags

    def _start(self, settings: MatteSettings, metadata: dict[str, str]) -> None:
        encoding, info = self._encoding, self._info
        fast = {"movflags": "+faststart"} if encoding.muxer in {"mp4", "mov"} else {}
        self._container = av.open(
            str(self._temporary), "w", format=encoding.muxer, container_options=fast
        )
        stream = self._container.add_stream(encoding.codec, rate=_nominal_rate(info))
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._configure(stream.codec_context, settings)
        stream.time_base = info.time_base
        kept = {k: info.metadata[k] for k in _KEPT_METADATA if k in info.metadata}
        self._container.metadata.update(kept | metadata)
        timecode = info.metadata.get("timecode")
        if timecode and encoding.muxer == "mov" and not self._selection.begins_later:
            stream.metadata["timecode"] = timecode
        self._step = max(1, round(1 / (_nominal_rate(info) * info.time_base)))
        self._audio = AudioTracks(
            info.path, self._container, encoding.muxer, settings.audio, self._notices, self.path
        )
        self._container.start_encoding()

    def _configure(self, context: av.VideoCodecContext, settings: MatteSettings) -> None:
        encoding, info = self._encoding, self._info
        align = encoding.align
        context.width = -(-info.width // align) * align
        context.height = -(-info.height // align) * align
        if (context.width, context.height) != (info.width, info.height):
            self._notices.once(
                "padded",
                f"{self.path}: {encoding.label} needs even sizes; {info.width}x{info.height} "
                f"padded to {context.width}x{context.height}",
            )
        context.pix_fmt = encoding.pixel_format
        context.time_base = info.time_base
        context.sample_aspect_ratio = info.sample_aspect
        context.thread_count = settings.threads or 0
        context.options = encoding.options | _siting_option(self)
        if encoding.bitrate is not None:
            context.bit_rate = encoding.bitrate
        if encoding.codec_tag:
            context.codec_tag = encoding.codec_tag
        if encoding.muxer == "webm" and info.sample_aspect != 1:
            self._notices.once(
                "aspect",
                f"{self.path}: WebM is written with square pixels; the source's sample aspect "
                f"{info.sample_aspect.numerator}:{info.sample_aspect.denominator} is lost",
            )
        write_tags(context, self._tags)

    def _begin(self, frame: Frame) -> None:
        """Only a part that starts later moves to 0; everything else keeps its stamps."""
        if self._selection.begins_later:
            self._origin = frame.pts
            self._audio.begin(frame.pts * frame.time_base)
        else:
            self._audio.begin(None)

    def _visible(self, planes: tuple[Plane, ...]) -> list[Plane]:
        """Views without the columns and rows that only the encoder needs."""
        shown = []
        for plane in planes:
            full = plane.shape[0] == self._stream.height and plane.shape[1] == self._stream.width
            shown.append(plane[: self.height, : self.width] if full else plane)
        return shown

    def _pad(self, carrier: av.VideoFrame) -> None:
        """Repeat the last row and column of full-size planes; neutral chroma for alpha."""
        planes, layout = views(carrier, keep_alpha=True)
        if self.wants is OutputKind.ALPHA and layout.family is Family.PLANAR:
            for chroma in planes[1:]:
                chroma.fill(1 << (layout.bits - 1))
        for plane in planes:
            if plane.shape[:2] == (carrier.height, carrier.width):
                plane[self.height :] = plane[self.height - 1]
                plane[:, self.width :] = plane[:, self.width - 1 : self.width]

    def _finish(self, *, cut: bool) -> None:
        packets = self._stream.encode(None)
        if self._encoding.codec == "libx265" and self.frames <= _X265_UNSET_DTS:
            for packet in packets:
                packet.dts = packet.pts
        self._container.mux(packets)
        self._audio.finish(self._end if cut else None)
        self._container.close()

    def _discard(self) -> None:
        self._open = False
        with suppress(Exception):
            self._audio.close()
        with suppress(Exception):
            self._container.close()
        with suppress(OSError):
            self._temporary.unlink()


def carrier_luma(carrier: av.VideoFrame, bits: int) -> Plane:
    """The luma plane of an encoder frame."""
    return plane_view(carrier.planes[0], bits, carrier.width)


def _nominal_rate(info: StreamInfo) -> Fraction:
    return info.rate if info.rate is not None and info.rate > 0 else Fraction(25)


def _siting_option(sink: VideoSink) -> dict[str, str]:
    """The encoder writes down where its chroma samples lie."""
    if sink.layout.chroma_y != 2 or sink.wants is OutputKind.ALPHA:
        return {}
    names = {Siting.LEFT: "left", Siting.CENTER: "center", Siting.TOPLEFT: "topleft"}
    return {"chroma_sample_location": names[sink.colour.siting]}
