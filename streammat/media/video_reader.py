"""A video file as frames: upright, progressive, of one size, with their exact pts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil

import av

from streammat.errors import ConfigError, MediaError
from streammat.types import Frame, StreamInfo, Timecode

from .closing import Closing
from .container_facts import chapters_of, stated_timecode, timecode_texts, tracks_of
from .decode import Damage, PacketDecoder
from .deinterlace import Deinterlacer
from .ffmpeg import fraction, known_fraction, open_input
from .hdr_metadata import hdr_metadata
from .layouts import views
from .notices import Notices, Notify
from .raw_input import open_raw
from .read_options import ReadOptions
from .rotation import quarter_turns, upright_planes
from .stdin import STDIN, open_stdin
from .stream_facts import clock_start, source_colour, stream_info, video_stream
from .timecode import moved
from .timestamps import RisingPts, step_of
from .uniform import Uniform

__all__ = ["VideoReader"]

_UNSURE_ALPHA = {"gif"}  # decoded with alpha whether the picture uses it or not

# FFmpeg finds places in these by their bytes: a jump may end anywhere between two key frames.
_WITHOUT_KEYS = {"mpegts", "mpeg", "vob", "mpegvideo", "h264", "hevc"}
_KEYS_APART_SECONDS = 20  # more than any camera leaves
_LATE_SECONDS = 1  # a gap between two frames of a slow source is no loss


class VideoReader(Closing):
    """A video; see :func:`streammat.media.reader.open_reader`.

    Attributes:
        info: facts of the stream; ``frames`` is the number expected from this reader.
    """

    def __init__(self, path: str, options: ReadOptions, notify: Notify) -> None:
        self._path = path
        self._options = options
        self._selection = options.selection
        self._notices = Notices(notify)
        self._turns = 0
        self._interlaced = False
        self._seeked = False
        self._begin: int | None = None
        self._skipped = 0
        if options.rate is not None and options.raw is None:
            raise ConfigError(
                f"--fps belongs to image sequences and raw video; {path} has time stamps of its own"
            )
        if options.missing != "error":
            self._notices.once(
                "missing", f"--missing {options.missing} is not used: {path} is no image sequence"
            )
        self._open()
        try:
            self._pictures = self._selected()
            self._first = self._first_picture()
            self.info = self._describe(*self._first)
        except BaseException:
            self.close()
            raise

    def _release(self) -> None:
        self._container.close()

    @property
    def lost_frames(self) -> int:
        """Frames that could not be decoded, or only with errors, so far."""
        return self._decoder.damage.total

    @property
    def lost_places(self) -> tuple[str, ...]:
        """Seconds on the source's clock near which frames were lost or damaged, so far."""
        begin = self._start_pts() * fraction(self._stream.time_base)
        places = {max(float(place - begin), 0.0) for place in self._decoder.damage.places}
        return tuple(dict.fromkeys(f"near {place:.2f} s" for place in sorted(places)))

    @property
    def damage(self) -> Damage:
        """Lost and damaged frames apart."""
        return self._decoder.damage

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in display order.

        Raises:
            MediaError: with ``strict``, at the first damage.
        """
        uniform = Uniform(self._first[0], self.info.colour)
        for index, (picture, pts) in enumerate(self._all_pictures()):
            direct, resized = uniform(picture)
            if resized:
                self._say_resized(picture)
            planes, _ = views(direct, self._options.keep_alpha)
            yield Frame(
                planes=upright_planes(planes, self._turns),
                layout=self.info.layout,
                colour=self.info.colour,
                pts=pts,
                time_base=self.info.time_base,
                index=index,
                duration=int(picture.duration or 0),
                reset=index == 0 or resized,
                owner=direct,
            )

    def _open(self) -> None:
        self._container = self._input()
        try:
            self._stream = video_stream(self._container, self._path)
            context = self._stream.codec_context
            if context is None:
                raise MediaError(f"{self._path}: its video codec is not known to this FFmpeg")
            context.thread_type = "AUTO"
            context.thread_count = self._options.threads or 0
            self._decoder = PacketDecoder(
                self._container,
                self._stream,
                decoder=self._alpha_decoder(),
                path=self._path,
                strict=self._options.strict,
            )
        except BaseException:
            self._container.close()
            raise

    def _input(self) -> av.container.InputContainer:
        if self._options.raw is not None:
            return open_raw(self._path, self._options.raw, self._options.rate)
        return open_stdin() if self._path == STDIN else open_input(self._path)

    def _alpha_decoder(self) -> av.VideoCodecContext | None:
        """FFmpeg's own VP8 and VP9 decoders drop alpha; libvpx keeps it."""
        if not self._options.keep_alpha or self._stream.metadata.get("alpha_mode") != "1":
            return None
        name = {"vp9": "libvpx-vp9", "vp8": "libvpx"}.get(self._stream.codec_context.codec.name)
        if name is None:
            return None
        decoder = av.CodecContext.create(name, "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.thread_count = self._options.threads or 0
        return decoder

    def _start_pts(self) -> int:
        """Where the stream begins; some Matroska files do not say it before the first frame."""
        stated = self._stream.start_time
        return int(stated if stated is not None else self._begin or 0)

    def _seconds(self, pts: int) -> Fraction:
        """Time on the source's clock, which starts with its first frame."""
        return (pts - self._start_pts()) * fraction(self._stream.time_base)

    def _progressive(self) -> Iterator[av.VideoFrame]:
        """Decoded frames, deinterlaced where they need it."""
        deinterlacer = Deinterlacer(fraction(self._stream.time_base))
        for frame in self._decoder:
            if frame.interlaced_frame and not self._interlaced:
                self._interlaced = True
                line = f"{self._path}: interlaced; deinterlaced at frame rate"
                self._notices.once("interlaced", line)
            yield from deinterlacer.push(frame)
        yield from deinterlacer.flush()

    def _stamped(self) -> Iterator[tuple[av.VideoFrame, int]]:
        rate = known_fraction(self._stream.average_rate)
        rising = RisingPts(step_of(rate, fraction(self._stream.time_base)))
        for frame in self._progressive():
            pts = rising(frame.pts, frame.dts)
            if self._begin is None and not self._seeked:
                self._begin = pts
            yield frame, pts
            if rising.repaired:
                line = f"{self._path}: time stamps missing or out of order; put in display order"
                self._notices.once("pts", line)

    def _selected(self) -> Iterator[tuple[av.VideoFrame, int]]:
        """The wanted part; damage in what follows is not counted."""
        wanted = self._selection
        self._seek(wanted.start_seconds)
        delivered = 0
        for number, (frame, pts) in enumerate(self._stamped()):
            seconds = self._seconds(pts)
            if wanted.end_seconds is not None and seconds >= wanted.end_seconds:
                return
            if wanted.last_frame is not None and number > wanted.last_frame:
                return
            if self._seeked and number == 0:
                self._check_place(seconds)
            early = wanted.start_seconds is not None and seconds < wanted.start_seconds
            if early or number < (wanted.first_frame or 0):
                continue
            if not delivered:
                self._skipped = self._before(number, seconds)
            yield frame, pts
            delivered += 1
            if wanted.frame_limit is not None and delivered >= wanted.frame_limit:
                return
        self._decoder.count_missing(from_start=not self._seeked)

    def _before(self, number: int, seconds: Fraction) -> int:
        """Frames before the one decoded as ``number``; after a jump, by its time."""
        rate = known_fraction(self._stream.average_rate)
        return round(seconds * rate) if self._seeked and rate else number

    def _seek(self, start: Fraction | None) -> None:
        """Jump to the key frame before ``start``; frame numbers need decoding from the start."""
        if not start or self._selection.first_frame or self._selection.last_frame is not None:
            return
        if self._path == STDIN:
            return
        step = fraction(self._stream.time_base)
        target = self._start_pts() + int(start / step)
        if self._container.format.name in _WITHOUT_KEYS:
            target -= int(_KEYS_APART_SECONDS / step)
            if target <= self._start_pts():
                return
        try:
            self._container.seek(target, stream=self._stream, backward=True)
        except (OSError, ValueError, av.error.FFmpegError):
            return  # no index: everything is decoded and skipped instead
        self._seeked = True

    def _check_place(self, seconds: Fraction) -> None:
        """Say so where the jump ended behind the wanted part's beginning."""
        wanted = self._selection.start_seconds
        if wanted is not None and seconds > wanted + _LATE_SECONDS:
            self._notices.once(
                "late",
                f"{self._path}: the first picture after --start {float(wanted):g} that can be "
                f"decoded is at {float(seconds):.2f} s",
            )

    def _first_picture(self) -> tuple[av.VideoFrame, int]:
        first = next(self._pictures, None)
        if first is None:
            raise MediaError(self._nothing())
        self._turns = quarter_turns(first[0].rotation)
        return first

    def _nothing(self) -> str:
        why = self._decoder.damage.first_reason
        if self._path == STDIN and why and "mov" in self._container.format.name.split(","):
            return (
                f"{self._path}: an MP4 or MOV with its index behind the pictures cannot be read "
                "from a pipe; give the file, or move the index to the front with "
                "'ffmpeg -i FILE -c copy -movflags +faststart NEW.mp4'"
            )
        if not self._selection.whole and not why:
            stated = self._stream.duration
            length = float(stated * fraction(self._stream.time_base)) if stated else None
            known = "" if length is None else f"; the clip is {length:.2f} s long"
            return f"{self._path}: no frame within --start, --end or --frames{known}"
        return (
            f"{self._path}: no frame can be decoded ({why or 'the video stream is empty'}); "
            f"check the file with 'streammat probe {self._path}'"
        )

    def _describe(self, first: av.VideoFrame, pts: int) -> StreamInfo:
        info = stream_info(
            self._path,
            self._container,
            self._stream,
            first,
            keep_alpha=self._options.keep_alpha,
            interlaced=self._interlaced,
            turns=self._turns,
            begin=self._start_pts(),
        )
        if info.tags.assumed:
            self._notices.once(
                "colour", f"{self._path}: no colour tags; {info.tags.assumed} assumed"
            )
        beside = self._stream.metadata.get("alpha_mode") == "1"  # VP8 and VP9
        has_alpha = beside or source_colour(first, self._stream)[0].alpha
        if has_alpha and not self._options.keep_alpha and info.codec not in _UNSURE_ALPHA:
            self._notices.once("alpha", f"{self._path}: its own alpha channel is not used")
        return replace(
            info,
            frames=self._expected(info),
            timecode=self._timecode(info.rate, pts),
            first_pts=pts,
            begin_seconds=self._start_pts() * fraction(self._stream.time_base),
            first_frame=self._skipped,
            clock_start=clock_start(self._container),
            tracks=tracks_of(self._container, self._stream.index),
            chapters=chapters_of(self._container),
            hdr=hdr_metadata(first),
        )

    def _timecode(self, rate: Fraction | None, pts: int) -> Timecode | None:
        """Of the first delivered frame; the file states that of its own first frame."""
        texts = timecode_texts(self._container, self._stream)
        stated = stated_timecode(texts, rate)
        if texts and stated is None:
            shown = "an unknown rate" if rate is None else f"{float(rate):.3f} frames/s"
            self._notices.once("tc", f"{self._path}: time code {texts[0]} does not fit {shown}")
        if stated is None:
            return None
        return moved(stated, round(self._seconds(pts) * stated.rate))

    def _expected(self, info: StreamInfo) -> int | None:
        """How many frames the selection will deliver, as far as the stream tells."""
        wanted, total = self._selection, info.frames
        if total is not None:
            first = wanted.first_frame or 0
            if info.rate is not None:
                if wanted.end_seconds is not None:
                    total = min(total, ceil(wanted.end_seconds * info.rate))
                first = max(first, ceil((wanted.start_seconds or 0) * info.rate))
            total = max(1, total - first)
        limits = [n for n in (total, wanted.frame_limit) if n is not None]
        return min(limits) if limits else None

    def _say_resized(self, picture: av.VideoFrame) -> None:
        first = self._first[0]
        self._notices.once(
            "size",
            f"{self._path}: the picture changes size to {picture.width}x{picture.height}; "
            f"scaled to {first.width}x{first.height}",
        )

    def _all_pictures(self) -> Iterator[tuple[av.VideoFrame, int]]:
        yield self._first
        yield from self._pictures
