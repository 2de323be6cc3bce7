"""What ``smooth`` means in numbers."""

from __future__ import annotations

from streammat.errors import ConfigError

__all__ = ["AUTO_STRENGTH", "smoothing_strength"]

AUTO_STRENGTH = 0.75  # halves flicker on still pictures; higher values begin to show on slow motion


def smoothing_strength(smooth: str | float, *, still: bool = False) -> float:
    """The strength, 0..1, of temporal smoothing; 0 is off.

    Args:
        smooth: auto, off or 0..1.
        still: the source is a single picture; auto is then off.

    Raises:
        ConfigError: anything else.
    """
    if smooth == "auto":
        return 0.0 if still else AUTO_STRENGTH
    if smooth == "off":
        return 0.0
    try:
        strength = float(smooth)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 1:
        raise ConfigError(f"--smooth {smooth}: give auto, off or a number in 0..1")
    return strength
