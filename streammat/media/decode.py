"""Packets to frames: damage is counted, never fatal unless the caller wants it so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.error import FFmpegError

from streammat.errors import MediaError

from .durations import indexed_seconds
from .ffmpeg import fraction, reason

_PLACES = 100  # kept; a stream that is broken throughout would fill the memory


@dataclass(slots=True)
class Damage:
    """What could not be had from a stream.

    Attributes:
        lost: frames that never came out: packets refused by the decoder or missing in the file.
        damaged: frames that came out, but with errors that the decoder papered over.
        first_reason: of the first refusal.
        places: seconds on the stream's own clock near which it was met; the first hundred.
    """

    lost: int = 0
    damaged: int = 0
    first_reason: str = ""
    places: list[Fraction] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Frames that are not what the source held."""
        return self.lost + self.damaged


class PacketDecoder:
    """Demuxes and decodes one video stream of an open container, frames in display order.

    Args:
        container: open for reading; the caller closes it.
        stream: of the container.
        decoder: None uses the stream's own; else a decoder by name (libvpx-vp9 for alpha).
        path: for messages.
        strict: any damage raises.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        *,
        decoder: av.VideoCodecContext | None,
        path: str,
        strict: bool,
    ) -> None:
        self.damage = Damage()
        self._container = container
        self._stream = stream
        self._decoder: av.VideoCodecContext = decoder or stream.codec_context
        self._path = path
        self._strict = strict
        self._packets = 0
        self._frames = 0
        self._hidden = 0  # cut off by an edit list: decoded for reference, never shown
        self._interlaced = False
        self._end: Fraction = Fraction(0)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield every frame that can be decoded.

        Raises:
            MediaError: with ``strict``, at the first damage.
        """
        for packet in self._demux():
            yield from self._decode(packet)
        yield from self._decode(None)

    def count_missing(self, *, from_start: bool) -> None:
        """Add the frames that the container promises but the file no longer holds.

        Only meaningful once the stream was read to its end.

        Args:
            from_start: it was read from its first packet, not from a seek.
        """
        missing = self._missing_packets(from_start)
        if missing > 0:
            self._lose(missing, "the file ends early", self._end)
        silent = self._stated_frames(from_start) - self._frames - self.damage.lost
        if silent > 0:  # PyAV swallows an error when the same call also gave a frame
            self._lose(silent, "some packets gave no picture", None)

    def _demux(self) -> Iterator[av.Packet[av.VideoStream]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError) as error:
                self._note(f"the file ends early: {reason(error)}")
                return
            if packet.size == 0:
                continue  # PyAV's flush packet; the decoder is flushed explicitly
            self._packets += 1
            self._hidden += packet.is_discard
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * fraction(packet.time_base)
                self._end = max(self._end, end)
            yield packet

    def _decode(self, packet: av.Packet[av.VideoStream] | None) -> Iterator[av.VideoFrame]:
        try:
            frames = self._decoder.decode(packet)
        except (FFmpegError, OSError) as error:
            if isinstance(error, EOFError):
                return
            self._lose(1, reason(error), self._shown_at(packet))
            return
        for frame in frames:
            self._frames += 1
            self._interlaced |= frame.interlaced_frame
            if frame.is_corrupt:
                self._mar(self._shown_at(frame))
            yield frame

    def _shown_at(self, what: av.Packet[av.VideoStream] | av.VideoFrame | None) -> Fraction:
        """Seconds at which it is due; the end of what was read where it does not say."""
        if what is None or what.pts is None:
            return self._end
        return what.pts * fraction(what.time_base)

    def _lose(self, count: int, why: str, near: Fraction | None) -> None:
        self.damage.lost += count
        self._note(why, near)

    def _mar(self, near: Fraction) -> None:
        self.damage.damaged += 1
        self._note("a frame was decoded with errors", near)

    def _note(self, why: str, near: Fraction | None = None) -> None:
        if near is not None and len(self.damage.places) < _PLACES:
            self.damage.places.append(near)
        self.damage.first_reason = self.damage.first_reason or why
        if self._strict:
            raise MediaError(
                f"{self._path}: damaged near {float(self._end):.2f} s ({why}); "
                "leave --strict away to keep what can be decoded"
            )

    def _stated_frames(self, from_start: bool) -> int:
        """Pictures that the index promises to show, 0 when it is no measure.

        Fields of interlaced pictures may be indexed one by one, so those are left out.
        """
        if not from_start or self._interlaced or self._stream.frames <= 0:
            return 0
        return self._stream.frames - self._hidden

    def _missing_packets(self, from_start: bool) -> int:
        """Frames between the last packet and the stated end of the stream."""
        rate = fraction(self._stream.average_rate)
        stated = indexed_seconds(self._stream)
        if rate <= 0 or stated is None:
            return 0
        start = fraction(self._stream.start_time or 0) * fraction(self._stream.time_base)
        gap = float((stated + max(start, Fraction(0)) - self._end) * rate)
        if gap < 1.0:
            return 0
        if from_start and self._stream.frames > 0:  # the index knows the number exactly
            return max(0, self._stream.frames - self._packets)
        return round(gap)
