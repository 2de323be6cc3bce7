"""Static HDR metadata (SMPTE ST 2086, CTA-861.3) as the encoders' own parameters."""

from __future__ import annotations

from streammat.types import Chromaticities, HdrMetadata, StreamInfo
from streammat_kernels.layout import Transfer

__all__ = ["svtav1_hdr", "x265_hdr"]

_CHROMATICITY_UNIT = 50_000  # 0.00002 (HEVC D.2.28, mastering display colour volume)
_LUMINANCE_UNIT = 10_000  # 0.0001 cd/m2


def x265_hdr(info: StreamInfo) -> str:
    """``:name=value`` pairs for x265-params, "" without metadata."""
    hdr = _told(info)
    if hdr is None:
        return ""
    parts = ["repeat-headers=1"]
    if hdr.primaries is not None and hdr.luminance is not None:
        least, most = hdr.luminance
        points = _points(hdr.primaries, "{}({:.0f},{:.0f})", _CHROMATICITY_UNIT)
        light = f"L({most * _LUMINANCE_UNIT:.0f},{least * _LUMINANCE_UNIT:.0f})"
        parts.append(f"master-display={points}{light}")
    if hdr.max_cll or hdr.max_fall:
        parts.append(f"max-cll={hdr.max_cll},{hdr.max_fall}")
    return ":" + ":".join(parts)


def svtav1_hdr(info: StreamInfo) -> str:
    """The value of svtav1-params, "" without metadata."""
    hdr = _told(info)
    if hdr is None:
        return ""
    parts = []
    if hdr.primaries is not None and hdr.luminance is not None:
        least, most = hdr.luminance
        points = _points(hdr.primaries, "{}({:.5f},{:.5f})", 1)
        parts.append(f"mastering-display={points}L({most:.4f},{least:.4f})")
    if hdr.max_cll or hdr.max_fall:
        parts.append(f"content-light={hdr.max_cll},{hdr.max_fall}")
    return ":".join(parts)


def _told(info: StreamInfo) -> HdrMetadata | None:
    hdr = info.colour.transfer in {Transfer.PQ, Transfer.HLG}
    return info.hdr if hdr else None


def _points(primaries: Chromaticities, form: str, unit: int) -> str:
    named = (
        ("G", primaries.green),
        ("B", primaries.blue),
        ("R", primaries.red),
        ("WP", primaries.white),
    )
    return "".join(form.format(name, x * unit, y * unit) for name, (x, y) in named)
