"""One stream of the source on its way into an output."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import av

from .ffmpeg import fraction

Packet: TypeAlias = "av.Packet[Any]"

__all__ = ["Copied", "Packet", "Passage", "moment"]


class Passage(Protocol):
    """Turns packets of one source stream into packets of the output.

    Attributes:
        source: the stream whose packets it takes.
    """

    source: Any

    def take(self, packet: Packet, shift: int) -> Sequence[Packet]:
        """Packets for the muxer.

        Args:
            packet: of the source, with a time stamp.
            shift: to be taken off its stamps, in its own time base.
        """

    def rest(self) -> Sequence[Packet]:
        """What an encoder still holds."""


class Copied:
    """Packets as they are."""

    def __init__(self, source: Any, target: Any) -> None:
        self.source = source
        self._target = target

    def take(self, packet: Packet, shift: int) -> Sequence[Packet]:
        """The packet itself, moved."""
        move(packet, shift)
        packet.stream = self._target
        return [packet]

    def rest(self) -> Sequence[Packet]:
        """Nothing is held."""
        return []


def move(packet: Packet, shift: int) -> None:
    """Take ``shift`` off a packet's stamps."""
    assert packet.pts is not None
    packet.pts -= shift
    packet.dts = packet.pts if packet.dts is None else packet.dts - shift


def moment(packet: Packet) -> Fraction:
    """Seconds on the source's clock."""
    return (packet.pts or 0) * fraction(packet.time_base)
