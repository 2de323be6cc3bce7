"""GFM fusion: glance says what is background, subject or transition, focus draws the transition."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError

__all__ = ["RepresentationMode", "check_maps", "fuse"]

RepresentationMode = Literal["tt", "ft", "bt"]

_CHANNELS = {"tt": 3, "ft": 2, "bt": 2}


@takes_any_array
def fuse(
    glance: NDArray[np.float32],
    focus: NDArray[np.float32],
    mode: RepresentationMode = "tt",
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Fuse glance and focus into one alpha, as the three representations of GFM define it.

    With k = argmax over the glance channels (a tie goes to the lowest channel):

    - ``tt`` (background, transition, foreground): 0, focus or 1
    - ``ft`` (rest, foreground core): min(1, k + focus)
    - ``bt`` (background, foreground and transition): max(0, k - focus)

    Source: Li, Zhang, Maybank, Tao, "Bridging Composite and Real: Towards End-to-end Deep Image
    Matting", IJCV 2021, section 4.

    Args:
        glance: (3, h, w) for ``tt``, (2, h, w) for ``ft`` and ``bt``; scores on any scale.
        focus: (h, w), 0..1.
        mode: the representation that the model was trained with.
        out: (h, w) float32 to write into; may be ``focus`` itself. None makes one.

    Returns:
        ``out``: (h, w) float32, 0..1.

    Raises:
        ShapeError: an unknown mode, or shapes and dtypes that do not belong together.
    """
    check_maps(glance, focus, mode)
    if out is None:
        out = empty(focus.shape, np.float32, focus)
    elif out.shape != focus.shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ShapeError(
            f"out is {out.dtype} {out.shape}; it has to be contiguous float32 {focus.shape}"
        )
    if is_cuda(focus):
        backend(__name__, focus).fuse(glance, focus, mode, out)
        return out
    from .cpu import fuse_bt, fuse_ft, fuse_tt

    kernel = {"tt": fuse_tt, "ft": fuse_ft, "bt": fuse_bt}[mode]
    kernel(np.ascontiguousarray(glance), np.ascontiguousarray(focus), out)
    return out


def check_maps(glance: NDArray[np.float32], focus: NDArray[np.float32], mode: str) -> None:
    """Refuse maps and a mode that do not belong together; see ``fuse``."""
    if mode not in get_args(RepresentationMode):
        raise ShapeError(f"fusion mode {mode!r} is unknown; choose tt, ft or bt")
    if focus.ndim != 2 or glance.shape != (_CHANNELS[mode], *focus.shape):
        raise ShapeError(
            f"glance {glance.shape} and focus {focus.shape} do not fit mode {mode}; "
            f"pass glance ({_CHANNELS[mode]}, h, w) and focus (h, w)"
        )
    if glance.dtype != np.float32 or focus.dtype != np.float32:
        raise ShapeError(f"glance is {glance.dtype}, focus {focus.dtype}; both have to be float32")
