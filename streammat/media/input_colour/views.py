"""Tables that show a plate of any curve as an SDR picture: what the network sees of it."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.types import Chromaticities
from streammat_kernels.colour.reference import encode
from streammat_kernels.layout import Transfer
from streammat_kernels.lut import Lut
from streammat_kernels.lut.table import LOG_GAIN

from .cube import read_cube
from .curves import CURVES, Curve
from .primaries import PRIMARIES, matrix
from .tone import tone_mapped

__all__ = ["check_input_colour", "view_of"]

_NODES = 49  # a table of 1.4 MB that stays in cache; its error is in the tests' tolerances
_NODES_TO_WRITE = 65
_LINEAR_PEAK = 64.0  # diffuse whites that a linear plate's table reaches
_BRIGHTEST = 100.0  # a log curve may state more; the shoulder would leave mid grey no room
_LIMITED = 64 / 1023, 876 / 1023  # 10-bit black, and the span to white


def check_input_colour(name: str) -> None:
    """Refuse what is neither a known name nor a ``.cube`` file.

    Raises:
        ConfigError: unknown name, missing file or a damaged ``.cube``.
    """
    if name in CURVES:
        return
    if Path(name).suffix.lower() != ".cube":
        near = get_close_matches(name.lower(), CURVES, 1)
        meant = f", meant {near[0]}?" if near else ";"
        raise ConfigError(
            f"--input-colour {name}: unknown{meant} use a .cube file or one of {', '.join(CURVES)}"
        )
    read_cube(name)


def view_of(
    name: str,
    *,
    full_range: bool,
    primaries: Chromaticities,
    peak: float | None = None,
    shown: Transfer = Transfer.SRGB,
) -> Lut | None:
    """The table from a plate's R'G'B' (1 = its white) to SDR R'G'B' 0..255 with BT.709 primaries.

    Args:
        name: of ``curves.CURVES``, or a ``.cube`` file.
        full_range: the plate's code values start at 0.
        primaries: of the plate, where the curve itself names none.
        peak: brightest light of the content in diffuse whites, None = that of the curve.
        shown: the curve of the result: sRGB for a network, SDR for a file.

    Returns:
        None where the plate is SDR already.

    Raises:
        ConfigError: unknown name, missing file or a damaged ``.cube``.
    """
    check_input_colour(name)
    if name not in CURVES:
        return read_cube(name)
    if CURVES[name].display:
        return None
    return _table(name, full_range, primaries, peak, shown)


@lru_cache(maxsize=8)
def _table(
    name: str, full_range: bool, primaries: Chromaticities, peak: float | None, shown: Transfer
) -> Lut:
    curve = CURVES[name]
    if curve.primaries:
        primaries = PRIMARIES[curve.primaries]
    nodes = _NODES_TO_WRITE if shown is Transfer.SDR else _NODES
    codes = np.linspace(0.0, 1.0, nodes)
    light = _linear_nodes(codes) if curve.linear else decoded(curve, codes, full_range)
    brightest = float(light[-1])
    grid = np.stack(np.meshgrid(light, light, light, indexing="ij"), axis=-1)
    rgb = grid @ matrix(primaries, PRIMARIES["bt709"]).T
    sdr = tone_mapped(rgb, min(peak or brightest, brightest, _BRIGHTEST))
    table = np.ascontiguousarray(encode(sdr, shown) * 255.0, np.float32)
    if not curve.linear:
        return Lut(table)
    return Lut(table, high=(_LINEAR_PEAK,) * 3, log=True)


def _linear_nodes(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light at evenly spaced places of a log table."""
    return np.asarray((2.0 ** (share * np.log2(1 + LOG_GAIN * _LINEAR_PEAK)) - 1) / LOG_GAIN)


def decoded(curve: Curve, codes: NDArray[np.float64], full_range: bool) -> NDArray[np.float64]:
    """Light of a plate's codes, 0..1 = its black to its white."""
    if curve.of_codes and not full_range:
        black, span = _LIMITED
        codes = black + span * codes
    return curve.decode(codes)
