"""The size of a pass: a share of the picture, cut to multiples of 32, at most 1600 a side."""

from __future__ import annotations

from streammat.errors import InputError

__all__ = ["CAP_PX", "least_side", "pass_size"]

CAP_PX = 1600
_STEP_PX = 32


def pass_size(height: int, width: int, ratio: float) -> tuple[int, int]:
    """Rows and columns of a pass, each axis on its own: ``min(1600, s - s % 32)``.

    The aspect changes slightly, as in GFM's released test code.

    Raises:
        InputError: a side of the picture is too short for the ratio.
    """
    rows, columns = (_side(length, ratio) for length in (height, width))
    if not rows or not columns:
        raise InputError(
            f"the picture is {width}x{height}: this strategy needs sides of at least "
            f"{least_side(ratio)} pixels; use --strategy single"
        )
    return rows, columns


def least_side(ratio: float) -> int:
    """The shortest side, in pixels, of which a pass of this ratio is left."""
    return round(_STEP_PX / ratio)


def _side(length: int, ratio: float) -> int:
    scaled = int(length * ratio)
    return min(CAP_PX, scaled - scaled % _STEP_PX)
