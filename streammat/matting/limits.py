"""What a matte cannot be asked for: levels that cross, a region where no picture is."""

from __future__ import annotations

from streammat.errors import ConfigError
from streammat.settings import MatteSettings

__all__ = ["check_levels", "check_roi"]


def check_levels(settings: MatteSettings) -> None:
    """Refuse levels that would turn the alpha over.

    Raises:
        ConfigError: black is clipped at or above white.
    """
    black, white = settings.clip_black, settings.clip_white
    if black >= white:
        raise ConfigError(f"--clip-black {black:g} has to be below --clip-white {white:g}")


def check_roi(settings: MatteSettings, height: int, width: int) -> None:
    """Refuse a region that shows nothing of a picture.

    Args:
        settings: ``roi`` in pixels is looked at.
        height, width: of the upright picture.

    Raises:
        ConfigError: the region has no pixel of the picture.
    """
    if settings.roi is None or settings.roi == "auto":
        return
    x, y, across, down = settings.roi
    if x >= width or y >= height or x + across <= 0 or y + down <= 0:
        raise ConfigError(
            f"--roi {x},{y},{across},{down}: outside of the {width}x{height} picture; "
            "X and Y count from the top left of the upright picture"
        )
