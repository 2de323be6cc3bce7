"""Sound of the source into the output: copied where the container can hold it, else transcoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import av
from av.error import FFmpegError

from .notices import Notices
from .passage import Copied, Packet, Passage, move

__all__ = ["AudioMode", "add_audio"]

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


def add_audio(
    stream: av.AudioStream,
    output: av.container.OutputContainer,
    muxer: str,
    mode: AudioMode,
    notices: Notices,
    label: str,
) -> tuple[Passage | None, str]:
    """Add one sound track to the output.

    Args:
        stream: of the source.
        output: before its header is written.
        muxer: FFmpeg's name of the container format.
        mode: auto, or copy (never transcode).
        notices: gets a line where the track is left out.
        label: path of the output, for that line.

    Returns:
        Its way, and what became of it in words; None and "" where it is left out.
    """

    def drop(why: str) -> None:
        notices.once(
            f"audio{stream.index}",
            f"{label}: sound track {stream.index} ({canonical}) is left out: {why}",
        )

    context = stream.codec_context
    canonical = "unknown" if context is None else context.codec.canonical_name
    if canonical in _COPYABLE.get(muxer, set()) and (copied := _copy(stream, output)):
        return copied, f"{canonical} sound copied"
    if mode == "copy" or context is None:
        drop(f"{muxer} cannot hold {canonical} sound")
        return None, ""
    codec = _encoder_for(muxer, canonical)
    try:
        transcoded = _Transcoded(stream, output, codec, drop)
    except (FFmpegError, OSError, ValueError) as error:
        drop(str(error))
        return None, ""
    return transcoded, f"{canonical} sound transcoded to {codec.removeprefix('lib')}"


def _copy(stream: av.AudioStream, output: av.container.OutputContainer) -> Copied | None:
    try:
        target = output.add_stream_from_template(stream)
    except (FFmpegError, OSError, ValueError):
        return None
    return Copied(stream, target)


class _Transcoded:
    """Decodes, resamples and encodes one track."""

    def __init__(
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        codec: str,
        drop: Callable[[str], None],
    ) -> None:
        self.source: Any = source
        self._drop = drop
        self._failed = False
        context = source.codec_context
        rate = _OPUS_RATE if codec == "libopus" else context.sample_rate
        layout = _layout_name(context)
        # A stream cannot be taken back: what the encoder refuses is found out beside the file.
        trial = av.CodecContext.create(codec, "w")
        assert isinstance(trial, av.AudioCodecContext)
        _configure(trial, codec, rate, layout)
        target = output.add_stream(codec, rate=rate)
        assert isinstance(target, av.AudioStream)
        _configure(target.codec_context, codec, rate, layout)
        self._target = target
        self._resampler = av.AudioResampler(
            format=target.codec_context.format.name,
            layout=target.codec_context.layout.name,
            rate=rate,
            frame_size=target.codec_context.frame_size or None,
        )

    def take(self, packet: Packet, shift: int) -> Sequence[Packet]:
        """Whatever the encoder gives out; a damaged packet is a short silence."""
        move(packet, shift)
        try:
            frames = packet.decode()
        except (FFmpegError, OSError):
            return []
        packets: list[Packet] = []
        for frame in frames:
            if not shift or (frame.pts or 0) >= 0:
                packets += self._encode(frame)
        return packets

    def rest(self) -> Sequence[Packet]:
        """The encoder's last packets."""
        return self._encode(None)

    def _encode(self, frame: Any) -> list[Packet]:
        if self._failed:
            return []
        packets: list[Packet] = []
        try:
            for piece in self._resampler.resample(frame):
                packets += self._target.encode(piece)
            if frame is None:
                packets += self._target.encode(None)
        except (FFmpegError, ValueError) as error:
            self._failed = True
            self._drop(f"from here on ({error})")
        return packets


def _configure(context: av.AudioCodecContext, codec: str, rate: int, layout: str) -> None:
    context.sample_rate = rate
    context.layout = layout
    if context.format is None:
        formats = context.codec.audio_formats
        context.format = formats[0].name if formats else "s16"
    if codec in _BIT_RATES:
        context.bit_rate = _BIT_RATES[codec]
    context.open()


def _layout_name(context: av.AudioCodecContext) -> str:
    """Raw sound often comes with a number of channels and no names for them."""
    name = context.layout.name
    usual = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 6: "5.1", 8: "7.1"}
    return usual.get(context.layout.nb_channels, name) if "channels" in name else name


def _encoder_for(muxer: str, codec: str) -> str:
    if muxer == "webm":
        return "libopus"
    if muxer == "mov" and codec in _LOSSLESS:
        return "pcm_s24le"
    return "aac"
