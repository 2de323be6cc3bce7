"""Header attributes of EXR files that stay true of what is made of them: who, when, which camera.

What says how samples lie in the file (windows, channels, compression, tiles), or what belongs to
channels that are not written, is not among them. Time code, frame rate, pixel aspect and
chromaticities are read and written by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["kept_attributes", "stored_attributes", "telling_names"]

# Of OpenEXR's standard attributes; the display window keeps its size, so that matrices stay true.
_KEPT = {
    *("owner", "comments", "capDate", "utcOffset", "longitude", "latitude", "altitude"),
    *("reelName", "imageCounter", "keyCode", "ascFramingDecisionList"),
    *("isoSpeed", "expTime", "shutterAngle", "aperture", "tStop", "focus", "xDensity"),
    *("nominalFocalLength", "effectiveFocalLength", "pinholeFocalLength", "entrancePupilOffset"),
    *("sensorCenterOffset", "sensorOverallDimensions", "sensorPhotositePitch"),
    *("worldToCamera", "worldToNDC", "screenWindowCenter", "screenWindowWidth"),
}
_SAY_NOTHING = {"screenWindowCenter", "screenWindowWidth"}  # every file has them
_KEPT_BEGINNINGS = ("camera", "lens")
_KEY_CODE = (
    *("filmMfcCode", "filmType", "prefix", "count"),
    *("perfOffset", "perfsPerFrame", "perfsPerCount"),
)
_SHAPES = {(2,), (3,), (3, 3), (4, 4)}


def kept_attributes(header: Mapping[str, Any]) -> dict[str, Any]:
    """What of a header goes along with its picture.

    Returns:
        By name: text, int, float, Fraction, an array (2,), (3,), (3, 3) or (4, 4), a list of texts
        or floats; ``keyCode`` as its seven numbers. What has another form is left out.
    """
    found = {name: _plain(value) for name, value in header.items() if _is_kept(name)}
    return {name: value for name, value in found.items() if value is not None}


def telling_names(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of kept attributes without those that every file has, and the reel, which has tags."""
    return tuple(sorted(attributes.keys() - _SAY_NOTHING - {"reelName"}))


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.lower().startswith(_KEPT_BEGINNINGS)


def _plain(value: Any) -> Any:
    """The value, a key code without the library's type (pickle); None for other forms."""
    if hasattr(value, "filmMfcCode"):
        return tuple(int(getattr(value, part)) for part in _KEY_CODE)
    if isinstance(value, np.ndarray):
        return np.array(value) if value.shape in _SHAPES and value.dtype.kind in "if" else None
    plain = isinstance(value, str | int | float | Fraction) or (isinstance(value, list) and value)
    return value if plain else None


def stored_attributes(attributes: Mapping[str, Any], library: Any) -> dict[str, Any]:
    """Attributes of a frame as OpenEXR's package takes them."""
    codes = {
        name: _key_code(value, library)
        for name, value in attributes.items()
        if isinstance(value, tuple)
    }
    return dict(attributes) | codes


def _key_code(numbers: tuple[int, ...], library: Any) -> Any:
    code = library.KeyCode()
    for part, number in zip(_KEY_CODE, numbers, strict=True):
        setattr(code, part, number)
    return code
