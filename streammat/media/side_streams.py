"""Sound and subtitles of the source, in step with the picture, from a demuxer of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, cast

import av
from av.error import FFmpegError

from streammat.errors import MediaError

from .audio import AudioMode, add_audio
from .ffmpeg import fraction, open_input
from .notices import Notices
from .passage import Packet, Passage, moment
from .subtitles import add_subtitles

__all__ = ["SideStreams"]

_LONGEST_TEXT = 20  # seconds that a subtitle may have been shown before a cut
# QuickTime has its own list of languages, some under the older of two standard codes (ISO 639-2/B).
_QUICKTIME_NAMES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "fas": "per", "ron": "rum", "ces": "cze", "hye": "arm", "kat": "geo",
}  # fmt: skip

Mux = Callable[[Sequence[Packet]], None]


class SideStreams:
    """Feeds sound and subtitles of ``source`` to a muxer.

    Args:
        source: path; opened a second time so that sound never waits for pixels.
        output: container to which streams are added now, before its header is written.
        muxer: FFmpeg's name of the container format.
        audio: auto, copy (never transcode) or none.
        mux: takes the packets.
        notices: gets a line for each track that is left out.
        label: path of the output, for those lines.
    """

    def __init__(
        self,
        source: str,
        output: av.container.OutputContainer,
        muxer: str,
        audio: AudioMode,
        mux: Mux,
        notices: Notices,
        label: str,
    ) -> None:
        self.summary = ""
        self._output = output
        self._muxer = muxer
        self._mux = mux
        self._notices = notices
        self._label = label
        self._edit_lists = muxer in {"mp4", "mov"}
        self._passages: dict[int, Passage] = {}
        self._origin: Fraction | None = None
        self._end: Fraction | None = None
        self._packets: Iterator[Packet] = iter(())
        self._held: Packet | None = None
        self._input: av.container.InputContainer | None = None
        self._open(source, audio)

    def begin(
        self,
        origin_seconds: Fraction | None,
        end_seconds: Fraction | None = None,
        *,
        seek: bool = False,
    ) -> None:
        """Start demuxing; called once, when the first picture is written.

        Args:
            origin_seconds: moment of the source's clock that becomes 0 in the output; None
                leaves all time stamps as they are.
            end_seconds: moment of the source's clock at which the output ends, where that is known:
                no text is shown for longer.
            seek: go to the origin at once; the source begins earlier.
        """
        self._end = end_seconds
        if self._input is None or not self._passages:
            return
        if origin_seconds is not None:
            self._origin = origin_seconds
        if origin_seconds is not None and seek:
            texts = any(p.source.type == "subtitle" for p in self._passages.values())
            place = origin_seconds - (_LONGEST_TEXT if texts else 0)
            with suppress(FFmpegError, OSError):
                self._input.seek(int(max(place, Fraction(0)) * av.time_base), backward=True)
        self._packets = self._demux([passage.source for passage in self._passages.values()])

    def advance(self, until_seconds: Fraction) -> None:
        """Mux everything before ``until_seconds`` of the source's clock.

        Raises:
            FFmpegError, OSError: the output cannot be written.
        """
        while (packet := self._next()) is not None:
            if moment(packet) >= until_seconds:
                self._held = packet
                return
            shift = round((self._origin or Fraction(0)) / fraction(packet.time_base))
            self._mux(self._passages[packet.stream_index].take(packet, shift))

    def finish(self, end_seconds: Fraction | None) -> None:
        """Mux the rest, up to ``end_seconds`` of the source's clock when the clip was cut."""
        self.advance(end_seconds if end_seconds is not None else Fraction(10**9))
        for passage in self._passages.values():
            self._mux(passage.rest())
        self.close()

    def close(self) -> None:
        """Release the source."""
        if self._input is not None:
            self._input.close()
            self._input = None
            self._packets = iter(())
            self._held = None

    def _open(self, source: str, audio: AudioMode) -> None:
        try:
            self._input = open_input(source)
        except MediaError:
            return  # a sequence of images: no sound
        words = [] if audio == "none" else self._add_audio(audio)
        self._add_subtitles()
        if not self._passages:
            self.close()
        self.summary = ", ".join(word for word in words if word)

    def _add_audio(self, mode: AudioMode) -> list[str]:
        assert self._input is not None
        words = []
        for stream in self._input.streams.audio:
            passage, word = add_audio(
                stream, self._output, self._muxer, mode, self._notices, self._label
            )
            self._keep(stream, passage)
            words.append(word)
        return words

    def _add_subtitles(self) -> None:
        assert self._input is not None
        for stream in self._input.streams.subtitles:
            passage = add_subtitles(stream, self._output, self._muxer, self._notices, self._label)
            self._keep(stream, passage)

    def _keep(self, source: Any, passage: Passage | None) -> None:
        if passage is None:
            return
        self._passages[source.index] = passage
        target = self._output.streams[len(self._output.streams) - 1]
        if title := source.metadata.get("title"):
            target.metadata["title"] = title
        if language := source.metadata.get("language"):
            if self._muxer == "mov":
                language = _QUICKTIME_NAMES.get(language, language)
            target.metadata["language"] = language
        with suppress(AttributeError, ValueError):
            target.disposition = source.disposition

    def _demux(self, streams: list[Any]) -> Iterator[Packet]:
        assert self._input is not None
        packets = self._input.demux(*streams)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, FFmpegError, OSError):
                return
            if not packet.size or packet.pts is None:
                continue
            if packet.stream.type == "subtitle":
                self._within_pictures(packet)
            if not self._too_early(packet):
                yield cast("Packet", packet)

    def _within_pictures(self, packet: Packet) -> None:
        """A text that is being shown at a cut is shown from the first picture, to the last."""
        unit = fraction(packet.time_base)
        late = round((self._origin or Fraction(0)) / unit) - (packet.pts or 0)
        if 0 < late < (packet.duration or 0):
            packet.pts = packet.dts = (packet.pts or 0) + late
            packet.duration = (packet.duration or 0) - late
        if self._end is not None and packet.duration:
            left = round(self._end / unit) - (packet.pts or 0)
            packet.duration = min(packet.duration, max(left, 1))

    def _too_early(self, packet: Packet) -> bool:
        """Whether a packet lies before the output's beginning.

        MP4 and MOV hide what lies before 0 behind an edit list, so the packet that reaches over
        the cut may stay; Matroska would move all other streams instead.
        """
        begin = self._origin
        if begin is None:
            begin = None if self._edit_lists else Fraction(0)
        length = (packet.duration or 0) * fraction(packet.time_base)
        reach = length if self._edit_lists else Fraction(0)
        return begin is not None and moment(packet) + reach <= begin and moment(packet) < begin

    def _next(self) -> Packet | None:
        held, self._held = self._held, None
        return held if held is not None else next(self._packets, None)
