"""A batch of training samples on the GPU: four to seven launches for each 16 of them.

Only what the crops need is computed, whatever the pictures' sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..regions.ellipse import ellipse_chords
from ..runtime import Runtime, Struct, runtime_of, table_of
from .noise import mixed_seed, noise_levels
from .patch import Patch, needed
from .plan import SamplePlan, Span

__all__ = ["fill_batch", "steps_of"]

_MOST = 16  # MOST_SAMPLES of augment.cuh
_STRIP = 32
_WORD = 64
_ROWS = 8  # spans are multiples of a block's rows: a block works on one sample
_PART = np.dtype([("pixels", "u8"), ("place", "i4", 6)])
_SQUARE = ("square", "i4", 5)
_RECORDS: dict[str, Any] = {
    "augment.fit": [("from", _PART), ("to", _PART)],
    "augment.denoise": [("from", _PART), ("to", _PART), ("sigma", "f4"), ("_", "i4")],
    "augment.sum_columns": [("from", _PART), ("sums", "u8"), ("places", "i4", 4)],
    "augment.layers": [
        ("front", _PART),
        ("back", _PART),
        ("alpha", _PART),
        ("sums", "u8"),
        ("out", "u8"),
        _SQUARE,
        ("blur", "i4"),
        ("seed", "u4"),
        ("sigma", "f4"),
    ],
    "augment.pack": [("alpha", _PART), ("bits", "u8"), ("places", "i4", 4)],
    "augment.dilate": [("bits", "u8"), ("out", "u8"), ("places", "i4", 6)],
    "augment.regions": [("alpha", _PART), ("bits", "u8"), ("out", "u8"), _SQUARE, ("words", "i4")],
}
_ELLIPSE = np.dtype([("steps", "u8"), ("count", "i8")])


class _Batch(NamedTuple):
    """Up to 16 samples: their plans, and what each kernel will be asked for."""

    run: Runtime
    kernels_px: tuple[int, int]
    jobs: dict[str, list[tuple[Any, ...]]]  # records by kernel
    sizes: dict[str, list[tuple[int, int]]]  # (columns, rows) of each
    kept: list[Any]  # arrays until they are launched

    def ask(self, kernel: str, size: tuple[int, int], *record: Any) -> None:
        """One more record for a kernel, which works on (columns, rows) elements for it."""
        self.jobs.setdefault(kernel, []).append(record)
        self.sizes.setdefault(kernel, []).append(size)

    def made(self, shape: tuple[int, ...], dtype: Any) -> int:
        """The address of an uninitialised array."""
        array = self.run.empty(shape, dtype)
        self.kept.append(array)
        return self.run.address(array)

    def launch(self, kernel: str, *args: Any, times: int = 1) -> None:
        """Start a kernel for all that was asked of it, ``times`` spans a record."""
        if kernel not in self.jobs:
            return
        jobs, sizes = self.jobs[kernel], self.sizes[kernel]
        room = _MOST * (2 if kernel == "augment.denoise" else 1)
        records = np.zeros(room, _RECORDS[kernel])
        records[: len(jobs)] = jobs
        span = -(-max(rows for _, rows in sizes) // _ROWS) * _ROWS
        across = max(columns for columns, _ in sizes), span * len(jobs) * times
        self.run.elements(kernel, across, Struct(records), len(jobs), span, *args)


def fill_batch(
    foregrounds: Sequence[Any],
    backgrounds: Sequence[Any],
    alphas: Sequence[Any],
    plans: Sequence[SamplePlan],
    kernels_px: tuple[int, int],
    colours: Any,
    grey: Any,
    pool: Executor | None,
) -> None:
    """See `launch.fill_batch`; arrays are C-contiguous and lie on one device."""
    del pool
    run = runtime_of(colours)
    for first in range(0, len(plans), _MOST):
        batch = _Batch(run, kernels_px, {}, {}, [])
        for n in range(first, min(first + _MOST, len(plans))):
            pictures = _patch(foregrounds[n]), _patch(backgrounds[n]), _patch(alphas[n])
            _ask_sample(batch, *pictures, plans[n], colours[n], grey[n])
        for kernel in ("augment.fit", "augment.denoise", "augment.sum_columns"):
            batch.launch(kernel)
        batch.launch("augment.layers", table_of(run, noise_levels()))
        batch.launch("augment.pack")
        batch.launch("augment.dilate", *(_ellipse(run, size_px) for size_px in kernels_px), times=4)
        batch.launch("augment.regions")


def _patch(picture: Any) -> Patch:
    if isinstance(picture, Patch):
        return picture
    return Patch(picture, 0, 0, int(picture.shape[0]), int(picture.shape[1]))


def _part(run: Runtime, patch: Patch) -> tuple[int, tuple[int, ...]]:
    rows, columns = patch.pixels.shape[:2]
    place = patch.top, patch.left, rows, columns, patch.height, patch.width
    return run.address(patch.pixels), place


def _ask_sample(
    batch: _Batch, fg: Patch, bg: Patch, alpha: Patch, plan: SamplePlan, colours: Any, grey: Any
) -> None:
    run, size = batch.run, int(colours.shape[-1])
    spans = needed(plan, (alpha.height, alpha.width), (bg.height, bg.width), batch.kernels_px)
    front, back, matte = _part(run, fg), _part(run, bg), _part(run, alpha)
    whole = alpha.height, alpha.width
    if (bg.height, bg.width) != whole:
        back = _asked_part(batch, "augment.fit", back, spans.fitted, whole)
    if plan.denoise_foreground > 0:
        inside = (plan.y, plan.y + plan.side), (plan.x, plan.x + plan.side)
        front = _asked_part(batch, "augment.denoise", front, inside, whole, plan.denoise_foreground)
    if plan.denoise_background > 0:
        back = _asked_part(
            batch, "augment.denoise", back, spans.box, whole, plan.denoise_background
        )
    square, sums = (plan.x, plan.y, plan.side, size, plan.flip), 0
    if plan.blur_px > 0:
        wide = plan.side + plan.blur_px
        sums = batch.made((plan.side, wide, 3), np.int32)
        strips = 3 * wide, -(-plan.side // _STRIP)
        batch.ask(
            "augment.sum_columns", strips, back, sums, (plan.blur_px, plan.x, plan.y, plan.side)
        )
    noise = mixed_seed(plan.noise_seed), plan.noise_sigma
    parts, target = (front, back, matte), run.address(colours)
    batch.ask("augment.layers", (size, size), *parts, sums, target, square, plan.blur_px, *noise)
    _ask_regions(batch, matte, spans.matte[0], plan, square, run.address(grey))


def _asked_part(
    batch: _Batch,
    kernel: str,
    part: tuple[int, tuple[int, ...]],
    spans: tuple[Span, Span],
    size: Span,
    *more: float,
) -> tuple[int, tuple[int, ...]]:
    """Rows and columns of a picture of ``size`` that a kernel makes of another part."""
    (top, bottom), (left, right) = spans
    rows, columns = bottom - top, right - left
    made = batch.made((rows, columns, 3), np.uint8), (top, left, rows, columns, *size)
    across = columns * (3 if kernel == "augment.denoise" else 1), rows
    batch.ask(kernel, across, part, made, *(*more, 0)[: 2 if more else 0])
    return made


def _ask_regions(
    batch: _Batch,
    matte: tuple[int, tuple[int, ...]],
    rows: Span,
    plan: SamplePlan,
    square: tuple[int, ...],
    out: int,
) -> None:
    side, size, words = plan.side, square[3], -(-plan.side // _WORD)
    first, count = rows[0], rows[1] - rows[0]
    bits = batch.made((2, count, words + 2), np.uint64)
    dilated = batch.made((4, side, words), np.uint64)
    place = first, count, plan.x - _WORD, words + 2
    batch.ask("augment.pack", (words + 2, count), matte, bits, place)
    batch.ask(
        "augment.dilate", (words, side), bits, dilated, (first, count, words + 2, plan.y, side, 0)
    )
    batch.ask("augment.regions", (size, size), matte, dilated, out, square, words)


@lru_cache(maxsize=16)
def steps_of(size_px: int) -> NDArray[np.int32]:
    """(rows, 3) int32: ``Ellipse`` of augment.cuh, the element's rows from the widest on.

    Each row lies within the wider one before it, so dilating by the narrower and then by what is
    missing to the left and right is dilating by the wider.
    """
    chords = ellipse_chords(size_px)
    widest_first = chords[np.argsort(chords[:, 1] - chords[:, 2], kind="stable")]
    nothing = np.zeros((1, 2), np.int32)
    reach = np.concatenate([widest_first[:, 1:] * np.array([-1, 1], np.int32), nothing])
    steps = np.concatenate([widest_first[:, :1], reach[:-1] - reach[1:]], axis=1)
    assert (steps[:, 1:] >= 0).all(), "rows of an ellipse are nested"
    return np.ascontiguousarray(steps, np.int32)


def _ellipse(run: Runtime, size_px: int) -> Struct:
    steps = steps_of(size_px)
    record = np.zeros((), _ELLIPSE)
    record[...] = (run.address(table_of(run, steps)), len(steps))
    return Struct(record)
