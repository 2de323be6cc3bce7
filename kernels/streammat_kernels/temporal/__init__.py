"""Temporal smoothing: quiets flicker along the motion of the picture, without a frame of delay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..dispatch import backend, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Family, PixelLayout
from ..motion import estimate
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
    follow: bool = True,
    bands: Bands | None = None,
) -> TemporalState:
    """Blend alpha with what is remembered of it, where the picture is what it was.

    Memory moves with the picture: ``motion.estimate`` says where each 4x4 block of luma was, and a
    block follows its vector if that takes away enough of the change around it. Then, per pixel,
    ``memory = alpha + keep * (memory - alpha)``, ``out`` is the memory rounded, and ``keep`` is how
    still the picture is along the motion, 0..1, times the larger of two shares.

    - Stillness: change of luma along the motion, less the shift of brightness of the whole picture.
      A block keeps its memory while it and its eight neighbours change by no more than noise does,
      and nothing of it when one of the nine changes by 4.5 steps of 255 or their mean by 1.8; along
      a vector 7 and 3.
    - Against a small difference of alpha and memory 0.9 * strength / (1 + (difference / 0.18)^4),
      half of it along a vector.
    - Against a large one 1.15 * strength (at most 0.95) from 0.9 on, nothing of that up to 0.5: a
      picture that is what it was shows no other subject, so another alpha has to last for some
      frames before it shows. But only where nine tenths and more of 9x9 blocks change by no more
      than 4.5 steps: in a fast or blurred subject single blocks match anything.
    - Where alpha and memory differ in the mean of 3x3 blocks, which no moving edge does that is
      followed, the network changed its mind: one of the nine may change by up to 12 steps there,
      and large differences begin at 0.2 (``gates`` has all figures).

    Where alpha is exactly 0 or 1 and the memory within half an 8-bit step, the memory is dropped. A
    scene cut (another coarse luma pattern, not merely another brightness) starts afresh.

    Args:
        alpha: (H, W) uint16, 65535 = opaque.
        planes: of the frame that alpha belongs to; only luma (green for RGB) is read.
        layout: of ``planes``.
        state: what the call for the previous frame returned (it is reused); None starts afresh.
        out: (H, W) uint16 to write into; may be ``alpha`` itself; None means ``alpha``, in place.
        strength: 0..1; 0 gives alpha back bit for bit.
        follow: False leaves motion out: memory stays where it was, and only where nothing moves.
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
        given = alpha, planes, layout, current, out
        backend(__name__, alpha).smooth(*given, strength, fresh, follow)
        current.cut = True if resized else (False if fresh else None)
        return current
    _measure(planes, layout, current, bands)
    another_shot, shift = (False, 0.0) if fresh else compare(current.previous_luma, current.luma)
    current.cut = resized or another_shot
    if fresh or another_shot or strength == 0:
        _start(alpha, out, current, bands)
    else:
        moved = _trace(alpha, current, shift, follow, bands)
        _blend(alpha, out, current, moved, strength, shift, bands)
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


def _trace(
    alpha: NDArray[np.uint16],
    state: TemporalState,
    shift: float,
    follow: bool,
    bands: Bands | None,
) -> bool:
    """Move the memory to where the picture went; vectors, residual and difference of each block.

    False: nothing was moved.
    """
    from . import cpu_follow

    maps, brighter = (state.previous_luma, state.luma), np.float32(shift)
    if not follow or min(state.luma.shape) < 2:
        cpu_follow.without_motion(*maps, brighter, state.residual)
        state.vectors[...] = state.difference[...] = 0
        return False
    estimate(*maps, shift, state.found, workspace=state.motion)

    def decide(first: int, end: int) -> None:
        cpu_follow.follow(*maps, brighter, state.found, state.vectors, state.residual, first, end)

    run_bands(decide, state.luma.shape[0], bands)
    source, width = padded(alpha), alpha.shape[1]
    before, after = (state.memory, state.solid), (state.other_memory, state.other_solid)

    def move(first: int, end: int) -> None:
        cpu_follow.recall(
            source, width, *before, state.vectors, *after, state.difference, first, end
        )

    run_bands(move, state.luma.shape[0], bands)
    (state.memory, state.solid), (state.other_memory, state.other_solid) = after, before
    return True


def _blend(
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16],
    state: TemporalState,
    moved: bool,
    strength: float,
    shift: float,
    bands: Bands | None,
) -> None:
    from .cpu import blend

    source, target, width = padded(alpha), padded(out, output=True), alpha.shape[1]
    small, large = keeps(strength)
    keep, in_place = (np.float32(small), np.float32(large)), out is alpha
    memory, solid = state.memory, state.solid
    maps = (
        state.previous_luma, state.luma, state.residual, state.difference, state.vectors,
    )  # fmt: skip

    def band(first: int, end: int) -> None:
        arrays = memory, solid, moved, maps, np.float32(shift)
        blend(source, width, target, in_place, *arrays, keep, first, end)

    run_bands(band, state.luma.shape[0], bands)
