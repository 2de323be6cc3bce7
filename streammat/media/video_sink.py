"""A video file: pictures to packets at their exact time, sound beside them, named when complete."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from streammat.errors import OutputError, ResourceError, StreammatError
from streammat.settings import MatteSettings, OutputKind
from streammat.types import ColourTags, Frame, StreamInfo
from streammat_kernels.layout import Family, Siting

from .atomic import check_target, partial_name, publish, temporary_beside
from .beside import chapters_of_part, end_of_part, kept_tags, say_left_out, timecode_tag
from .carriers import Carriers
from .colour_tags import tags_of, write_tags
from .encodings import Encoding
from .ffmpeg import writing
from .file_sink import FileSink
from .formats import video_encoding
from .room import Room
from .select import parse_selection
from .side_streams import SideStreams
from .sink import Picture, sources_of
from .webp_text import add_description

# libx265 leaves the decoding stamps of streams this short uninitialised (seen with 4.2).
_X265_UNSET_DTS = 2
_RGB_MATRIX = 0
_HDR_TRANSFERS = {16, 18}
_HDR_METADATA = {"libx265", "libsvtav1"}
# Subtitles are rare: the muxer would hold up to ten seconds of pictures back to wait for one.
_PATIENCE = {"max_interleave_delta": "1000000"}
_PROGRESSIVE = {"field_order": "progressive"}  # editors ask for it; sources with fields are merged
_READABLE_UNFINISHED = {"matroska", "webm"}


class VideoSink(FileSink):
    """See :class:`streammat.media.sink.Sink`."""

    def _prepare(self, settings: MatteSettings, metadata: dict[str, str]) -> None:
        path, info = self.path, self._info
        self._comment = "; ".join(metadata.values())
        self._encoding = video_encoding(path, self.wants, info, settings)
        self.layout = self._encoding.layout
        self.colour = self._encoding.colour
        self._check_size()
        self._selection = parse_selection(
            settings.start, settings.end, settings.frames, settings.limit
        )
        self._tags = self._colour_tags()
        check_target(path, sources_of(info), overwrite=settings.overwrite)
        self._target = Path(path)
        self._temporary = temporary_beside(self._target)
        self._room = Room(self._temporary)
        self._full = False
        self._muxed = 0
        self._origin = 0
        self._end = Fraction(0)
        try:
            with writing(path):
                self._start(settings, metadata)
        except BaseException:
            self._discard()
            raise

    def new_picture(self) -> Picture:
        """A fresh picture; planar formats are drawn straight into the encoder's frame."""
        return self._carriers.new_picture()

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode a filled picture at the time of ``frame``."""
        if self.frames == 0:
            self._begin(frame)
        carrier = self._carriers.frame_of(picture)
        carrier.pts = frame.pts - self._origin
        carrier.time_base = frame.time_base
        carrier.duration = frame.duration or self._step
        write_tags(carrier, self._tags)
        with writing(self.path):
            self._mux(self._stream.encode(carrier))
            self._beside.advance(frame.pts * frame.time_base)
        self.frames += 1
        self._end = (frame.pts + (frame.duration or self._step)) * frame.time_base

    def describe(self) -> str:
        """Format and sound in a few words."""
        sound = f", {self._beside.summary}" if self._beside.summary else ""
        return f"{self._encoding.label} {self._encoding.pixel_format}{sound}"

    def _check_size(self) -> None:
        encoding = self._encoding
        if min(self.width, self.height) < encoding.smallest:
            raise OutputError(
                f"{self.path}: {encoding.label} takes no pictures below {encoding.smallest} "
                f"pixels and these are {self.width}x{self.height}; use another --codec"
            )

    def _colour_tags(self) -> ColourTags:
        source = self._info.tags
        tags = tags_of(self.colour, source)
        if self.wants is OutputKind.ALPHA and tags.transfer in {16, 18}:
            tags = ColourTags(tags.primaries, 1, tags.matrix, tags.full_range)
        if self.layout.family is Family.RGB or self._encoding.pixel_format.startswith("gbr"):
            return ColourTags(tags.primaries, tags.transfer, _RGB_MATRIX, full_range=True)
        return tags

    def _start(self, settings: MatteSettings, metadata: dict[str, str]) -> None:
        encoding, info = self._encoding, self._info
        self._container = av.open(
            str(self._temporary), "w", format=encoding.muxer, container_options=self._options()
        )
        if encoding.codec == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors alone, not a page of settings
        stream = self._container.add_stream(encoding.codec, rate=_nominal_rate(info))
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._configure(stream.codec_context, settings)
        stream.time_base = info.time_base
        self._carriers = Carriers(
            encoding, self.wants, self.width, self.height, stream.width, stream.height
        )
        self._step = max(1, round(1 / (_nominal_rate(info) * info.time_base)))
        self._describe_file(metadata)
        silent = encoding.muxer == "webp"
        self._beside = SideStreams(
            "" if silent else info.path, self._container, encoding.muxer, settings.audio,
            self._mux, self._notices, self.path,
        )  # fmt: skip
        hdr = encoding.codec in _HDR_METADATA or self._tags.transfer not in _HDR_TRANSFERS
        say_left_out(
            self.path, info, self._notices,
            pictures_only=silent, animated=silent, timecode=not silent, hdr=hdr,
            camera=encoding.muxer != "mp4",
        )  # fmt: skip
        self._container.start_encoding()

    def _options(self) -> dict[str, str]:
        muxer = self._encoding.muxer
        options = {"movflags": "+faststart"} if muxer in {"mp4", "mov"} else {}
        if muxer == "webp":
            options = {"loop": "0"}  # for ever
        waits = any(track.kind == "subtitle" for track in self._info.tracks)
        return options | (_PATIENCE if waits else {})

    def _describe_file(self, metadata: dict[str, str]) -> None:
        info, muxer = self._info, self._encoding.muxer
        if muxer == "webp":
            return
        timecode = timecode_tag(info)
        as_track = muxer in {"mov", "mp4"}
        self._container.metadata.update(kept_tags(info, metadata) | ({} if as_track else timecode))
        if as_track:
            reel = {key: info.metadata[key] for key in ("reel_name",) if key in info.metadata}
            self._stream.metadata.update(timecode | reel)
        chapters: Any = chapters_of_part(info, self._selection)
        if chapters:
            self._container.set_chapters(chapters)

    def _configure(self, context: av.VideoCodecContext, settings: MatteSettings) -> None:
        encoding, info = self._encoding, self._info
        context.width = -(-info.width // encoding.align) * encoding.align
        context.height = -(-info.height // encoding.align_rows) * encoding.align_rows
        if (context.width, context.height) != (info.width, info.height):
            self._notices.once(
                "padded",
                f"{self.path}: {encoding.label} needs {_sizes(encoding)}; "
                f"{info.width}x{info.height} padded to {context.width}x{context.height}",
            )
        context.pix_fmt = encoding.pixel_format
        context.time_base = info.time_base
        context.sample_aspect_ratio = info.sample_aspect
        context.thread_count = settings.threads or 0
        context.options = encoding.options | _PROGRESSIVE | _siting_option(self)
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
        """What starts later on its clock moves to 0; everything else keeps its stamps."""
        start, end = self._info.clock_start, end_of_part(self._info, self._selection)
        if self._selection.begins_later:
            self._origin = frame.pts
            self._beside.begin(frame.pts * frame.time_base, end, seek=True)
        elif start:
            self._origin = round(start / frame.time_base)
            self._beside.begin(start, end)
        else:
            self._beside.begin(None, end)

    def _mux(self, packets: Sequence[av.Packet[Any]]) -> None:
        """Hand packets to the muxer while the file can still be ended after them."""
        for packet in packets:
            try:
                self._room.take(packet.size)
            except OSError:
                self._full = True
                raise
            self._container.mux(packet)
            self._muxed += packet.stream_index == self._stream.index

    def _complete(self) -> None:
        self._flush()
        self._beside.finish(self._end if self._selection.limits_end else None)
        self._container.close()
        if self._encoding.muxer == "webp":
            add_description(self._temporary, self._comment)
        publish(self._temporary, self._target)

    def _keep(self) -> str | None:
        """A full disk: end the file with what is in it. Else the encoder's rest belongs to it."""
        try:
            with writing(self.path):
                if not self._full:
                    self._flush()
                    self._beside.finish(self._end)
        except ResourceError:
            pass  # it got full just now
        self._beside.close()
        if not self._muxed:
            return None
        try:
            with writing(self.path):
                self._container.close()
        except StreammatError:
            if self._encoding.muxer not in _READABLE_UNFINISHED:
                raise
        kept = partial_name(self._target)
        self._temporary.replace(kept)
        return str(kept)

    def _flush(self) -> None:
        packets = self._stream.encode(None)
        if self._encoding.codec == "libx265" and self.frames <= _X265_UNSET_DTS:
            for packet in packets:
                packet.dts = packet.pts
        self._mux(packets)

    def _discard(self) -> None:
        with suppress(Exception):
            self._beside.close()
        with suppress(Exception):
            self._container.close()
        with suppress(OSError):
            self._temporary.unlink()


def _sizes(encoding: Encoding) -> str:
    even = encoding.align == encoding.align_rows == 2
    return "even sizes" if even else f"a width in steps of {encoding.align}"


def _nominal_rate(info: StreamInfo) -> Fraction:
    return info.rate if info.rate is not None and info.rate > 0 else Fraction(25)


def _siting_option(sink: VideoSink) -> dict[str, str]:
    """The encoder writes down where its chroma samples lie."""
    if sink.layout.chroma_y != 2 or sink.wants is OutputKind.ALPHA:
        return {}
    names = {Siting.LEFT: "left", Siting.CENTER: "center", Siting.TOPLEFT: "topleft"}
    return {"chroma_sample_location": names[sink.colour.siting]}
