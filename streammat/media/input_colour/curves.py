"""Curves from code values to light, by the names that ``--input-colour`` takes.

Light is relative: 1 is diffuse white, 0.18 mid grey of a scene. Code values 0..1 run from black to
white of the plate's range, except where ``of_codes`` is set: those white papers count in whole code
values (10-bit code / 1023) whatever the range of the file.

Sources: Sony "Technical Summary for S-Gamut3.Cine/S-Log3"; ARRI "LogC3" (EI 800) and "LogC4
Specification"; Panasonic "V-Log/V-Gamut Reference Manual"; Canon "Log Gamma Curves" (1.2);
Nikon "N-Log Specification"; Fujifilm "F-Log" and "F-Log2 Data Sheet"; DJI "D-Log and D-Gamut";
Apple "Apple Log Profile"; RED "REDWideGamutRGB and Log3G10"; Blackmagic "Film Generation 5" and
"DaVinci Intermediate"; Kodak Cineon (white 685, black 95); Academy S-2014-003 (ACEScc), S-2016-001
(ACEScct); ITU-R BT.2100 and BT.2408 (PQ, HLG; diffuse white 203 cd/m2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.colour.reference import linearise
from streammat_kernels.layout import Transfer

__all__ = ["CURVES", "Curve"]

Light = NDArray[np.float64]

_DIFFUSE_WHITE = 203.0  # cd/m2 of PQ and HLG (BT.2408)
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2  # BT.2100: system gamma of a 1,000 cd/m2 display


@dataclass(frozen=True, slots=True)
class Curve:
    """One name of ``--input-colour``.

    Attributes:
        decode: code values 0..1 to light, float64 arrays.
        primaries: a name of ``primaries.PRIMARIES``; "" means those of the file's tags.
        of_codes: code / (2^n - 1) is meant, also where the file is in limited range.
        linear: the plate is light itself, values above 1 included.
        display: SDR as it is: the network needs no other view.
    """

    decode: Callable[[Light], Light]
    primaries: str = ""
    of_codes: bool = False
    linear: bool = False
    display: bool = False


def _log(base: float, exponent: Light) -> Light:
    """base ** exponent without overflow far outside a curve's codes."""
    return np.asarray(base ** np.clip(exponent, -60.0, 60.0))


def _pq(code: Light) -> Light:
    return linearise(code, Transfer.PQ) * (10_000.0 / _DIFFUSE_WHITE)


def _hlg(code: Light) -> Light:
    """Scene light to that of a 1,000 cd/m2 display. The system gamma is taken a channel each:
    the view's saturation hardly matters, and a curve a channel is what a table can hold."""
    return linearise(code, Transfer.HLG) ** _HLG_GAMMA * (_HLG_PEAK / _DIFFUSE_WHITE)


def _slog3(y: Light) -> Light:
    code = y * 1023
    bright = _log(10, (code - 420) / 261.5) * 0.19 - 0.01
    return np.where(code >= 171.2102946929, bright, (code - 95) * 0.01125 / 76.2102946929)


def _logc3(y: Light) -> Light:
    bright = (_log(10, (y - 0.385537) / 0.247190) - 0.052272) / 5.555556
    return np.where(y > 5.367655 * 0.010591 + 0.092809, bright, (y - 0.092809) / 5.367655)


def _logc4(y: Light) -> Light:
    a, b, c = (2**18 - 16) / 117.45, 928 / 1023, 95 / 1023
    s = 7 * np.log(2) * 2 ** (7 - 14 * c / b) / (a * b)
    t = (2 ** (14 * (-c / b) + 6) - 64) / a
    return np.where(y >= 0, (_log(2, 14 * (y - c) / b + 6) - 64) / a, y * s + t)


def _vlog(y: Light) -> Light:
    return np.where(y < 0.181, (y - 0.125) / 5.6, _log(10, (y - 0.598206) / 0.241514) - 0.00873)


def _canon(y: Light, zero: float, slope: float, gain: float) -> Light:
    """Canon states light relative to a 90 % white."""
    away = (_log(10, np.abs(y - zero) / slope) - 1) / gain
    return 0.9 * np.where(y < zero, -away, away)


def _clog3(y: Light) -> Light:
    dark = -(_log(10, (0.12783901 - y) / 0.36726845) - 1) / 14.98325
    bright = (_log(10, (y - 0.12240537) / 0.36726845) - 1) / 14.98325
    middle = (y - 0.12512219) / 1.9754798
    return 0.9 * np.where(y < 0.097465473, dark, np.where(y <= 0.15277891, middle, bright))


def _nlog(y: Light) -> Light:
    code = y * 1023
    return np.where(code < 452, (code / 650) ** 3 - 0.0075, _log(np.e, (code - 619) / 150))


def _fuji(y: Light, a: float, b: float, c: float, d: float, e: float, cut: float) -> Light:
    return np.where(y < cut, (y - 0.092864) / e, (_log(10, (y - d) / c) - b) / a)


def _dlog(y: Light) -> Light:
    return np.where(
        y <= 0.14, (y - 0.0929) / 6.025, (_log(10, 3.89616 * y - 2.27752) - 0.0108) / 0.9892
    )


def _apple(y: Light) -> Light:
    low = -0.05641088
    dark = np.sqrt(np.maximum(y, 0) / 47.28711236) + low
    bright = _log(2, (y - 0.69336945) / 0.08550479) - 0.00964052
    return np.where(y >= 47.28711236 * (0.01 - low) ** 2, bright, np.where(y >= 0, dark, low))


def _log3g10(y: Light) -> Light:
    return np.where(y < 0, y / 15.1927 - 0.01, (_log(10, y / 0.224282) - 1) / 155.975327 - 0.01)


def _bmd5(y: Light) -> Light:
    slope, offset = 8.283605932402494, 0.09246575342465753
    bright = _log(np.e, (y - 0.5300133392291939) / 0.08692876065491224) - 0.005494072432257808
    return np.where(y < slope * 0.005 + offset, (y - offset) / slope, bright)


def _davinci(y: Light) -> Light:
    return np.where(y > 0.02740668, _log(2, y / 0.07329248 - 7) - 0.0075, y / 10.44426855)


def _cineon(y: Light) -> Light:
    black = 10 ** ((95 - 685) / 300)
    return (_log(10, (1023 * y - 685) / 300) - black) / (1 - black)


def _acescct(y: Light) -> Light:
    dark = (y - 0.0729055341958355) / 10.5402377416545
    return np.where(y <= 0.155251141552511, dark, _log(2, y * 17.52 - 9.72))


def _acescc(y: Light) -> Light:
    light = _log(2, y * 17.52 - 9.72)
    return np.where(y <= (9.72 - 15) / 17.52, (light - 2.0**-16) * 2, light)


CURVES: dict[str, Curve] = {
    "rec709": Curve(lambda y: linearise(y, Transfer.SDR), "bt709", display=True),
    "srgb": Curve(lambda y: linearise(y, Transfer.SRGB), "bt709", display=True),
    "linear": Curve(lambda y: y, linear=True),
    "pq": Curve(_pq, "bt2020"),
    "hlg": Curve(_hlg, "bt2020"),
    "slog3": Curve(_slog3, "sgamut3cine", of_codes=True),
    "slog3-sgamut3": Curve(_slog3, "sgamut3", of_codes=True),
    "logc3": Curve(_logc3, "awg3"),
    "logc4": Curve(_logc4, "awg4"),
    "vlog": Curve(_vlog, "vgamut", of_codes=True),
    "clog": Curve(
        lambda y: _canon(y, 0.12512248, 0.45310179, 10.1596), "cinema_gamut", of_codes=True
    ),
    "clog2": Curve(
        lambda y: _canon(y, 0.092864125, 0.24136077, 87.099375), "cinema_gamut", of_codes=True
    ),
    "clog3": Curve(_clog3, "cinema_gamut", of_codes=True),
    "nlog": Curve(_nlog, "bt2020", of_codes=True),
    "flog": Curve(
        lambda y: _fuji(y, 0.555556, 0.009468, 0.344676, 0.790453, 8.735631, 0.100537775223865),
        "bt2020",
        of_codes=True,
    ),
    "flog2": Curve(
        lambda y: _fuji(y, 5.555556, 0.064829, 0.245281, 0.384316, 8.799461, 0.100686685370811),
        "bt2020",
        of_codes=True,
    ),
    "dlog": Curve(_dlog, "dgamut", of_codes=True),
    "applelog": Curve(_apple, "bt2020"),
    "log3g10": Curve(_log3g10, "rwg"),
    "bmdfilm5": Curve(_bmd5, "bmd5"),
    "davinci": Curve(_davinci, "davinci"),
    "cineon": Curve(_cineon, "bt709"),
    "acescct": Curve(_acescct, "ap1"),
    "acescc": Curve(_acescc, "ap1"),
    "acescg": Curve(lambda y: y, "ap1", linear=True),
    "aces": Curve(lambda y: y, "ap0", linear=True),
}
