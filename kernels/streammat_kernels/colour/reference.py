"""What the colour kernels compute, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..layout import Transfer

Float = NDArray[np.float64]

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_SDR_GAMMA = 2.4


def linearise(code: Float, transfer: Transfer) -> Float:
    """Light 0..1 of encoded values 0..1.

    SDR: display light of ITU-R BT.1886 with black 0, a pure gamma of 2.4. SRGB: IEC 61966-2-1.
    PQ: SMPTE ST 2084, 1 = 10,000 cd/m2. HLG: scene light of ITU-R BT.2100 (the inverse OETF; no
    OOTF, which would depend on the display). LINEAR: as it is.
    """
    if transfer is Transfer.SDR:
        return code**_SDR_GAMMA
    if transfer is Transfer.SRGB:
        return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    if transfer is Transfer.PQ:
        root = code ** (1 / _PQ_M2)
        return (np.maximum(root - _PQ_C1, 0.0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)
    if transfer is Transfer.HLG:
        return np.where(code <= 0.5, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    return code.copy()


def encode(light: Float, transfer: Transfer) -> Float:
    """Encoded values 0..1 of light 0..1: the inverse of ``linearise``."""
    if transfer is Transfer.SDR:
        return light ** (1 / _SDR_GAMMA)
    if transfer is Transfer.SRGB:
        return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    if transfer is Transfer.PQ:
        power = light**_PQ_M1
        return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2
    if transfer is Transfer.HLG:
        with np.errstate(invalid="ignore", divide="ignore"):
            bright = _HLG_A * np.log(12 * light - _HLG_B) + _HLG_C
        return np.where(light <= 1 / 12, np.sqrt(3 * light), bright)
    return light.copy()
