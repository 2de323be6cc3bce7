"""Colour primaries as CIE 1931 chromaticities, and the matrices between them.

Sources: ITU-R BT.709-6, BT.2020-2; SMPTE RP 431-2 (P3); SMPTE ST 2065-1 (AP0), Academy S-2014-004
(AP1); the camera makers' white papers named in ``curves``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.types import Chromaticities

__all__ = ["PRIMARIES", "code_point", "from_code_point", "matrix"]

Matrix3 = NDArray[np.float64]

_D65 = (0.3127, 0.3290)
_ACES = (0.32168, 0.33767)


def _d65(
    red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float]
) -> Chromaticities:
    return Chromaticities(red, green, blue, _D65)


PRIMARIES: dict[str, Chromaticities] = {
    "bt709": _d65((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": _d65((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": _d65((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "sgamut3": _d65((0.730, 0.280), (0.140, 0.855), (0.100, -0.050)),
    "sgamut3cine": _d65((0.766, 0.275), (0.225, 0.800), (0.089, -0.087)),
    "vgamut": _d65((0.730, 0.280), (0.165, 0.840), (0.100, -0.030)),
    "awg3": _d65((0.6840, 0.3130), (0.2210, 0.8480), (0.0861, -0.1020)),
    "awg4": _d65((0.7347, 0.2653), (0.1424, 0.8576), (0.0991, -0.0308)),
    "cinema_gamut": _d65((0.740, 0.270), (0.170, 1.140), (0.080, -0.100)),
    "dgamut": _d65((0.710, 0.310), (0.210, 0.880), (0.090, -0.080)),
    "rwg": _d65((0.780308, 0.304253), (0.121595, 1.493994), (0.095612, -0.084589)),
    "bmd5": Chromaticities(
        (0.7177215, 0.3171181),
        (0.2280410, 0.8615690),
        (0.1005841, -0.0820452),
        (0.3127170, 0.3290312),
    ),
    "davinci": _d65((0.8000, 0.3130), (0.1682, 0.9877), (0.0790, -0.1155)),
    "ap0": Chromaticities((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), _ACES),
    "ap1": Chromaticities((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), _ACES),
}

_CODE_POINTS = {1: "bt709", 9: "bt2020", 12: "p3"}  # ISO/IEC 23091-2
_SAME_XY = 0.002  # files round chromaticities to three digits

# Bradford cone responses (Lam 1985), as ICC.1:2022 Annex E uses them.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def from_code_point(code: int) -> Chromaticities:
    """Of a code point of ISO/IEC 23091-2; the small ones of SD video count as BT.709."""
    return PRIMARIES[_CODE_POINTS.get(code, "bt709")]


def code_point(found: Chromaticities) -> int:
    """The code point with these chromaticities, 2 (unspecified) when there is none."""
    for code, name in _CODE_POINTS.items():
        if np.abs(_points(found) - _points(PRIMARIES[name])).max() < _SAME_XY:
            return code
    return 2


def matrix(source: Chromaticities, target: Chromaticities) -> Matrix3:
    """(3, 3): linear R, G, B of ``source`` to those of ``target``; white stays white (Bradford)."""
    adapted = _adaptation(source.white, target.white) @ _to_xyz(source)
    return np.asarray(np.linalg.solve(_to_xyz(target), adapted))


def _points(found: Chromaticities) -> Matrix3:
    return np.array([found.red, found.green, found.blue, found.white])


def _xyz(point: tuple[float, float]) -> Matrix3:
    x, y = point
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def _to_xyz(found: Chromaticities) -> Matrix3:
    """Columns are the primaries' XYZ, scaled so that (1, 1, 1) is the white point."""
    columns = np.array([[x, y, 1.0 - x - y] for x, y in (found.red, found.green, found.blue)]).T
    return np.asarray(columns * np.linalg.solve(columns, _xyz(found.white)))


def _adaptation(white: tuple[float, float], target: tuple[float, float]) -> Matrix3:
    here, there = _BRADFORD @ _xyz(white), _BRADFORD @ _xyz(target)
    return np.asarray(np.linalg.solve(_BRADFORD, np.diag(there / here) @ _BRADFORD))
