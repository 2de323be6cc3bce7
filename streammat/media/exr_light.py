"""What the codes of a plate mean in light, for files that hold light."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.types import Chromaticities, FloatPlane, Plane, StreamInfo
from streammat_kernels.colour.transfer import linear_table
from streammat_kernels.layout import Transfer

from .input_colour.curves import CURVES
from .input_colour.primaries import PRIMARIES, from_code_point
from .input_colour.views import decoded

__all__ = ["PlateLight", "plate_light", "scene_fill", "scene_scale"]

_WHITE_NITS = 203.0  # HDR reference white (ITU-R BT.2408-7), which becomes 1.0
_PQ_PEAK_NITS = 10000.0
_HLG_WHITE = 0.75  # signal of HDR reference white
_TOP = 65535
_HALF_MAX = 65504.0
_HDR = {"pq": Transfer.PQ, "hlg": Transfer.HLG}


class PlateLight(NamedTuple):
    """How codes become light.

    Attributes:
        table: float32 of the 65536 codes, 1 = (diffuse, reference) white.
        primaries: of that light.
        transfer: curve of the codes where it is one of the displays'.
        unknown: name of an ``--input-colour`` that does not say what light is, else "".
    """

    table: NDArray[np.float32]
    primaries: Chromaticities
    transfer: Transfer
    unknown: str = ""


def plate_light(info: StreamInfo, transfer: Transfer) -> PlateLight:
    """The light of R'G'B' codes of a source, as its tags or ``--input-colour`` say.

    Args:
        info: of the source.
        transfer: curve of the codes by the tags.
    """
    name = info.input_colour
    curve = CURVES.get(name)
    primaries = info.chromaticities or from_code_point(info.tags.primaries)
    primaries = primaries or PRIMARIES["bt709"]
    if info.scene or transfer in {Transfer.PQ, Transfer.HLG} or not name:
        return PlateLight(_of(transfer), primaries, transfer)
    if curve is None:
        return PlateLight(_of(transfer), primaries, transfer, unknown=name)
    if curve.primaries:
        primaries = PRIMARIES[curve.primaries]
    if name in _HDR:
        return PlateLight(_of(_HDR[name]), primaries, _HDR[name])
    codes = np.arange(_TOP + 1) / _TOP
    light = decoded(curve, codes, info.colour.full_range)
    return PlateLight(light.astype(np.float32), primaries, transfer)


def _of(transfer: Transfer) -> NDArray[np.float32]:
    return linear_table(transfer, 16) * np.float32(scene_scale(transfer))


def scene_scale(transfer: Transfer) -> float:
    """What 0..1 of the curve is multiplied with, so that (reference) white is 1.0."""
    if transfer is Transfer.PQ:
        return _PQ_PEAK_NITS / _WHITE_NITS
    if transfer is Transfer.HLG:
        table = linear_table(Transfer.HLG, 16)
        return 1.0 / float(table[round(_HLG_WHITE * _TOP)])
    return 1.0


def scene_fill(
    codes: Plane, own_codes: Plane, own: FloatPlane, light: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One channel of a foreground in the values of a float source, beyond 0..1 too.

    Codes reach from 0 to 1. Where the foreground's are the source's, its values are, too. Elsewhere
    what the source has above 1 belongs to the foreground as far as that is bright itself, and what
    it has below 0 as far as that is dark: of dark hair before a lamp, the lamp keeps its light.

    Args:
        codes: (H, W) uint16, of the foreground.
        own_codes: (H, W) uint16, of the source.
        own: (H, W), of the source, as stored; infinite and not-a-number become what halves hold.
        light: of the 65536 codes.

    Returns:
        (H, W) light within what halves hold.
    """
    held: NDArray[Any] = np.clip(np.nan_to_num(own.astype(np.float32)), -_HALF_MAX, _HALF_MAX)
    made = light[codes]
    beyond = held - np.clip(held, 0.0, 1.0)
    if beyond.any():
        lean = 2.0 * made - 1.0
        made += beyond * np.clip(np.where(beyond > 0, lean, -lean), 0.0, 1.0)
    found: NDArray[np.float32] = np.where(codes == own_codes, held, made)
    return found
