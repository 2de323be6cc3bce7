"""Which of ``--crf``, ``--bitrate`` and ``--encoder-preset`` an encoder takes, in which range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streammat.errors import ConfigError
from streammat.settings import MatteSettings

from .deliveries import Delivery

__all__ = ["check_rates", "takes_bitrate", "unused_rates"]

_QUICK = ("ultrafast", "superfast", "veryfast", "faster", "fast")
_X26 = (*_QUICK, "medium", "slow", "slower", "veryslow", "placebo")


@dataclass(frozen=True, slots=True)
class _Rates:
    """The highest crf an encoder understands (0 is the best), its presets by name and by number."""

    crf: int
    names: tuple[str, ...] = ()
    numbers: range = range(0)

    @property
    def presets(self) -> str:
        """For people."""
        numbered = f"{self.numbers[0]}..{self.numbers[-1]}" if self.numbers else ""
        return ", ".join(filter(None, (*self.names, numbered)))

    def knows(self, preset: str) -> bool:
        """Whether the encoder has this preset."""
        return preset in self.names or preset in map(str, self.numbers)


# x264 and x265 by name, libvpx by its deadlines and cpu-used, SVT-AV1 by number (FFmpeg's ranges).
_RATES = {
    "h264": _Rates(51, _X26),
    "hevc": _Rates(51, _X26),
    "vp9": _Rates(63, ("good", "best", "realtime"), range(-8, 9)),
    "av1": _Rates(63, (), range(-2, 14)),
}
_LOSSLESS_BY_CRF = "webp"  # crf 0 alone says something


def takes_bitrate(row: Delivery) -> bool:
    """Whether a bit rate can be asked of the delivery's encoder."""
    return row.name in _RATES


def check_rates(path: str, row: Delivery, settings: MatteSettings) -> None:
    """Refuse a crf or a preset that the encoder of ``path`` does not have.

    Raises:
        ConfigError: as said.
    """
    rates = _RATES.get(row.name)
    if rates is None:
        return
    if settings.crf is not None and settings.crf > rates.crf:
        raise ConfigError(f"{path}: --crf {settings.crf}: {row.title} takes 0..{rates.crf}")
    preset = settings.encoder_preset
    if preset is not None and not rates.knows(preset):
        raise ConfigError(f"{path}: --encoder-preset {preset}: {row.title} takes {rates.presets}")


def unused_rates(rows: Sequence[Delivery], settings: MatteSettings) -> list[str]:
    """The options, as typed, that are given and that no output's encoder has a use for."""
    governed = any(takes_bitrate(row) for row in rows)
    lossless = settings.crf == 0 and any(row.name == _LOSSLESS_BY_CRF for row in rows)
    given = (
        ("--crf", settings.crf, governed or lossless),
        ("--bitrate", settings.bitrate, governed),
        ("--encoder-preset", settings.encoder_preset, governed),
    )
    return [f"{name} {value}" for name, value, used in given if value is not None and not used]
