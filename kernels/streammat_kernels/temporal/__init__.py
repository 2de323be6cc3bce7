"""Temporal smoothing: quiets flicker where nothing moves, without a frame of delay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..dispatch import backend, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Family, PixelLayout
from ..planes import check_planes, padded
from .cut import compare, is_cut
from .gates import keeps
from .state import TemporalState, block_size

__all__ = ["TemporalState", "is_cut", "smooth"]


@takes_any_array
def smooth(
    alpha: NDArray[np.uint16],
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    state: TemporalState | None,
    out: NDArray[np.uint16] | None = None,
    *,
    strength: float = 0.75,
    bands: Bands | None = None,
) -> TemporalState:
    """Blend alpha with what is remembered of it, where the picture is still and the two agree.

    Per pixel ``memory = alpha + keep * (memory - alpha)``, ``out`` is the memory rounded, and
    ``keep`` is how still the picture is there, 0..1, times the larger of two shares.

    - Stillness: mean luma of 4x4 blocks, less the shift of brightness of the whole picture. A block
      keeps its memory while it and its eight neighbours change by no more than noise does, and
      nothing of it when one of the nine changes by 4.5 steps of 255 or their mean by 1.8
      (``gates``).
    - Against a small difference of alpha and memory 0.9 * strength / (1 + (difference / 0.18)^4).
    - Against a large one 1.15 * strength (at most 0.95) from 0.9 on, nothing of that up to 0.5: a
      picture that stands still shows no other subject, so another alpha has to last for some frames
      before it shows.

    Where alpha is exactly 0 or 1 and the memory within half an 8-bit step, the memory is dropped. A
    scene cut (another coarse luma pattern, not merely another brightness) starts afresh.

    Args:
        alpha: (H, W) uint16, 65535 = opaque.
        planes: of the frame that alpha belongs to; only luma (green for RGB) is read.
        layout: of ``planes``.
        state: what the call for the previous frame returned (it is reused); None starts afresh.
        out: (H, W) uint16 to write into; may be ``alpha`` itself; None means ``alpha``, in place.
        strength: 0..1; 0 gives alpha back bit for bit.
        bands: row bands on a pool; None is serial.

    Returns:
        The state for the next frame. ``state.cut`` says that a given state was dropped because of a
        cut or a change of size. After a fresh start ``out`` equals ``alpha`` bit for bit.

    Raises:
        ShapeError: strength outside 0..1, or arrays that do not belong together.
    """
    if not 0 <= strength <= 1:
        raise ShapeError(f"smoothing strength {strength}; it has to be 0..1")
    height, width = check_planes(planes, layout)
    out = alpha if out is None else out
    for name, array in (("alpha", alpha), ("out", out)):
        if array.shape != (height, width) or array.dtype != np.uint16:
            raise ShapeError(
                f"{name} is {array.dtype} {array.shape}; it has to be uint16 {(height, width)}"
            )
    fresh = state is None or state.memory.shape != (height, width)
    resized = fresh and state is not None
    current = TemporalState(height, width) if fresh or state is None else state
    if is_cuda(alpha):
        backend(__name__, alpha).smooth(alpha, planes, layout, current, out, strength, fresh)
        current.cut = True if resized else (False if fresh else None)
        return current
    _measure(planes, layout, current, bands)
    another_shot, shift = (False, 0.0) if fresh else compare(current.previous_luma, current.luma)
    current.cut = resized or another_shot
    if fresh or another_shot or strength == 0:
        _start(alpha, out, current, bands)
    else:
        _blend(alpha, out, current, shift, strength, bands)
    return current


def _measure(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, state: TemporalState, bands: Bands | None
) -> None:
    from .cpu import block_means

    plane = planes[1] if layout.family is Family.RGB else planes[0]
    luma, width = padded(plane), plane.shape[1]
    scale = np.float32(255.0 / (((1 << layout.bits) - 1) << layout.shift))
    state.luma, state.previous_luma = state.previous_luma, state.luma
    means = state.luma

    def band(first_block: int, end_block: int) -> None:
        block_means(luma, width, scale, means, first_block, end_block)

    run_bands(band, means.shape[0], bands)


def _start(
    alpha: NDArray[np.uint16], out: NDArray[np.uint16], state: TemporalState, bands: Bands | None
) -> None:
    from .cpu import start

    source, target, width = padded(alpha), padded(out, output=True), alpha.shape[1]

    def band(first_block: int, end_block: int) -> None:
        start(source, width, target, state.memory, state.solid, first_block, end_block)

    run_bands(band, block_size(*alpha.shape)[0], bands)


def _blend(
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16],
    state: TemporalState,
    shift: float,
    strength: float,
    bands: Bands | None,
) -> None:
    from .cpu import blend

    source, target, width = padded(alpha), padded(out, output=True), alpha.shape[1]
    small, large = keeps(strength)
    keep, in_place = (np.float32(small), np.float32(large)), out is alpha
    memory, solid, brighter = state.memory, state.solid, np.float32(shift)
    luma = state.previous_luma, state.luma

    def band(first: int, end: int) -> None:
        blend(source, width, target, in_place, memory, solid, *luma, brighter, keep, first, end)

    run_bands(band, state.luma.shape[0], bands)
