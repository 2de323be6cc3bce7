"""Sound of the source into the output: copied where the container can hold it, else transcoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, cast

import av
from av.error import FFmpegError

from streammat.errors import MediaError

from .ffmpeg import fraction, open_input
from .notices import Notices

_Packet: TypeAlias = "av.Packet[av.AudioStream]"
AudioMode = Literal["auto", "copy", "none"]

_PCM = {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8"}
_LOSSLESS = _PCM | {"flac", "alac", "wavpack", "truehd", "pcm_s32be", "pcm_f32be", "pcm_f64le"}
_COPYABLE: dict[str, set[str]] = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac"} | _PCM,
    "webm": {"opus", "vorbis"},
    "matroska": {"aac", "mp3", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "dts", "mp2"}
    | _PCM,
}
_BIT_RATES = {"libopus": 128_000, "aac": 192_000}
_OPUS_RATE = 48000


@dataclass(slots=True, eq=False)
class _Track:
    """One sound track on its way."""

    source: av.AudioStream
    target: av.AudioStream
    encode: bool
    failed: bool = False
    resampler: av.AudioResampler | None = None


class AudioTracks:
    """Feeds the sound of ``source`` to a muxer, in step with the picture.

    Args:
        source: path of the source; opened a second time so that sound never waits for pixels.
        output: container to which streams are added now, before its header is written.
        muxer: FFmpeg's name of the container format.
        mode: auto, copy (never transcode) or none.
        notices: gets a line for each track that is dropped or transcoded.
        label: path of the output, for those lines.
    """

    def __init__(
        self,
        source: str,
        output: av.container.OutputContainer,
        muxer: str,
        mode: AudioMode,
        notices: Notices,
        label: str,
    ) -> None:
        self.summary = ""
        self._output = output
        self._edit_lists = muxer in {"mp4", "mov"}
        self._notices = notices
        self._label = label
        self._tracks: dict[int, _Track] = {}
        self._origin: Fraction | None = None
        self._packets: Iterator[_Packet] = iter(())
        self._held: _Packet | None = None
        self._input: av.container.InputContainer | None = None
        if mode != "none":
            self._open(source, muxer, mode)

    def begin(self, origin_seconds: Fraction | None) -> None:
        """Start demuxing; called once, when the first picture is written.

        Args:
            origin_seconds: moment of the source's clock that becomes 0 in the output; None
                leaves all time stamps as they are.
        """
        if self._input is None or not self._tracks:
            return
        if origin_seconds is not None:
            self._origin = origin_seconds
            with suppress(FFmpegError, OSError):
                self._input.seek(int(origin_seconds * av.time_base), backward=True)
        streams = [track.source for track in self._tracks.values()]
        self._packets = self._demux(streams)

    def advance(self, until_seconds: Fraction) -> None:
        """Mux everything before ``until_seconds`` of the source's clock.

        Raises:
            FFmpegError, OSError: the output cannot be written.
        """
        while (packet := self._next()) is not None:
            if _moment(packet) >= until_seconds:
                self._held = packet
                return
            self._pass(packet)

    def finish(self, end_seconds: Fraction | None) -> None:
        """Mux the rest, up to ``end_seconds`` of the source's clock when the clip was cut."""
        self.advance(end_seconds if end_seconds is not None else Fraction(10**9))
        for track in self._tracks.values():
            if track.encode and not track.failed:
                self._mux_encoded(track, None)
        self.close()

    def close(self) -> None:
        """Release the source."""
        if self._input is not None:
            self._input.close()
            self._input = None
            self._packets = iter(())
            self._held = None

    def _open(self, source: str, muxer: str, mode: AudioMode) -> None:
        try:
            self._input = open_input(source)
        except MediaError:
            return  # a sequence of images: no sound
        words = [self._add(stream, muxer, mode) for stream in self._input.streams.audio]
        if not self._tracks:
            self.close()
        self.summary = ", ".join(word for word in words if word)

    def _add(self, stream: av.AudioStream, muxer: str, mode: AudioMode) -> str:
        """Add one track; returns what became of it in words, "" when it was dropped."""
        context = stream.codec_context
        name = context.codec.name if context is not None else "unknown"
        canonical = context.codec.canonical_name if context is not None else name
        if canonical in _COPYABLE.get(muxer, set()) and self._copy(stream):
            return f"{canonical} sound copied"
        if mode == "copy" or context is None:
            self._drop(stream, canonical, f"{muxer} cannot hold {canonical} sound")
            return ""
        codec = _encoder_for(muxer, canonical)
        try:
            self._transcode(stream, codec)
        except (FFmpegError, OSError, ValueError) as error:
            self._drop(stream, canonical, str(error))
            return ""
        return f"{canonical} sound transcoded to {codec.removeprefix('lib')}"

    def _copy(self, stream: av.AudioStream) -> bool:
        try:
            target = self._output.add_stream_from_template(stream)
        except (FFmpegError, OSError, ValueError):
            return False
        self._register(_Track(stream, target, encode=False))
        return True

    def _transcode(self, stream: av.AudioStream, codec: str) -> None:
        source = stream.codec_context
        rate = _OPUS_RATE if codec == "libopus" else source.sample_rate
        target = self._output.add_stream(codec, rate=rate)
        assert isinstance(target, av.AudioStream)
        target.codec_context.layout = source.layout.name
        if codec in _BIT_RATES:
            target.codec_context.bit_rate = _BIT_RATES[codec]
        target.codec_context.open()
        resampler = av.AudioResampler(
            format=target.codec_context.format.name,
            layout=target.codec_context.layout.name,
            rate=rate,
            frame_size=target.codec_context.frame_size or None,
        )
        self._register(_Track(stream, target, encode=True, resampler=resampler))

    def _register(self, track: _Track) -> None:
        if language := track.source.metadata.get("language"):
            track.target.metadata["language"] = language
        self._tracks[track.source.index] = track

    def _drop(self, stream: av.AudioStream, codec: str, why: str) -> None:
        self._notices.once(
            f"audio{stream.index}",
            f"{self._label}: sound track {stream.index} ({codec}) is left out: {why}",
        )

    def _demux(self, streams: list[av.AudioStream]) -> Iterator[_Packet]:
        assert self._input is not None
        packets = self._input.demux(*streams)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, FFmpegError, OSError):
                return
            if packet.size and packet.pts is not None and not self._too_early(packet):
                yield cast("_Packet", packet)

    def _too_early(self, packet: av.Packet[Any]) -> bool:
        """Whether a packet lies before the output's beginning.

        MP4 and MOV hide what lies before 0 behind an edit list, so the packet that reaches over
        the cut may stay; Matroska would move all other streams instead.
        """
        begin = self._origin
        if begin is None:
            begin = None if self._edit_lists else Fraction(0)
        length = (packet.duration or 0) * fraction(packet.time_base)
        reach = length if self._edit_lists else Fraction(0)
        return begin is not None and _moment(packet) + reach <= begin and _moment(packet) < begin

    def _next(self) -> _Packet | None:
        held, self._held = self._held, None
        return held if held is not None else next(self._packets, None)

    def _pass(self, packet: _Packet) -> None:
        track = self._tracks[packet.stream_index]
        if track.failed:
            return
        shift = round((self._origin or Fraction(0)) / fraction(packet.time_base))
        assert packet.pts is not None
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        if not track.encode:
            packet.stream = track.target
            self._output.mux(packet)
            return
        try:
            frames = packet.decode()
        except (FFmpegError, OSError):
            return  # a damaged packet is a short silence
        for frame in frames:
            if self._origin is None or (frame.pts or 0) >= 0:
                self._mux_encoded(track, frame)

    def _mux_encoded(self, track: _Track, frame: av.AudioFrame | None) -> None:
        assert track.resampler is not None
        try:
            packets = []
            for piece in track.resampler.resample(frame):
                packets += track.target.encode(piece)
            if frame is None:
                packets += track.target.encode(None)
        except (FFmpegError, ValueError) as error:
            track.failed = True
            self._drop(track.source, "sound", f"from here on ({error})")
            return
        self._output.mux(packets)


def _encoder_for(muxer: str, codec: str) -> str:
    if muxer == "webm":
        return "libopus"
    if muxer == "mov" and codec in _LOSSLESS:
        return "pcm_s24le"
    return "aac"


def _moment(packet: av.Packet[Any]) -> Fraction:
    """Seconds on the source's clock."""
    return (packet.pts or 0) * fraction(packet.time_base)
