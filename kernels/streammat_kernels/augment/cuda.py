"""One training sample on the GPU, three to six launches; only what the crop needs is computed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..regions.ellipse import ellipse_chords
from ..runtime import Runtime, Struct, runtime_of, table_of
from .noise import mixed_seed, noise_levels
from .plan import SamplePlan, Span, reach
from .reference import DENOISE_WINDOW_PX

__all__ = ["fill_sample"]

_REACH = DENOISE_WINDOW_PX // 2
_PART = np.dtype([("pixels", "u8"), ("place", "i4", 6)])
_LAYERS = np.dtype(
    [
        ("front", _PART),
        ("back", _PART),
        ("arrays", "u8", 3),
        ("blur", "i4"),
        ("seed", "u4"),
        ("sigma", "f4"),
        ("is_noisy", "i4"),
    ]
)
_ELEMENT = np.dtype([("chords", "u8"), ("count", "i8")])
_COUNTS = np.dtype([("arrays", "u8", 2), ("size", "i4", 2)])


class _Part(NamedTuple):
    """Rows and columns of a picture (height, width); ``Part`` of augment.cuh."""

    pixels: Any
    rows: Span
    columns: Span
    size: Span

    def record(self, run: Runtime) -> NDArray[Any]:
        """The C++ structure."""
        (top, bottom), (left, right) = self.rows, self.columns
        record = np.zeros((), _PART)
        record["pixels"] = run.address(self.pixels)
        record["place"] = top, left, bottom - top, right - left, *self.size
        return record


def fill_sample(
    foreground: Any,
    background: Any,
    alpha: Any,
    plan: SamplePlan,
    kernels_px: tuple[int, int],
    colours: Any,
    grey: Any,
) -> None:
    """See `launch.fill_sample`; arrays are C-contiguous and lie on one device."""
    run = runtime_of(foreground)
    crop = Struct(np.array([plan.x, plan.y, plan.side, colours.shape[-1], plan.flip], np.int32))
    _layers(run, (foreground, background, alpha), plan, crop, colours)
    _regions(run, alpha, kernels_px, crop, grey)


def _layers(
    run: Runtime, pictures: tuple[Any, Any, Any], plan: SamplePlan, crop: Struct, out: Any
) -> None:
    foreground, background, alpha = pictures
    size = int(alpha.shape[0]), int(alpha.shape[1])
    front = _Part(foreground, (0, size[0]), (0, size[1]), size)
    if plan.denoise_foreground > 0:
        inside = (plan.y, plan.y + plan.side), (plan.x, plan.x + plan.side)
        front = _denoised(run, front, inside, plan.denoise_foreground)
    back = _back(run, background, plan, size)
    sums = None
    if plan.blur_px > 0:
        sums = run.empty((back.rows[1] - back.rows[0], plan.side, 3), np.int32)
        part = plan.blur_px, plan.x, plan.side
        across = plan.side, sums.shape[0]
        run.elements("augment.sum_rows", across, Struct(back.record(run)), *part, sums)
    record = np.zeros((), _LAYERS)
    record["front"], record["back"] = front.record(run), back.record(run)
    levels = table_of(run, noise_levels())
    record["arrays"] = [0 if a is None else run.address(a) for a in (sums, alpha, levels)]
    record["blur"], record["seed"] = plan.blur_px, mixed_seed(plan.noise_seed)
    record["sigma"], record["is_noisy"] = plan.noise_sigma, plan.noise_sigma > 0
    run.elements("augment.layers", (out.shape[-1],) * 2, Struct(record), crop, out)


def _back(run: Runtime, picture: Any, plan: SamplePlan, size: Span) -> _Part:
    """The background at the foreground's size, as far as the crop and the blur's box reach."""
    before = plan.blur_px // 2
    after = max(plan.blur_px - 1 - before, 0)
    down = reach(plan.y, plan.side, before, after, size[0])
    across = reach(plan.x, plan.side, before, after, size[1])
    found = _Part(picture, (0, size[0]), (0, size[1]), size)
    if picture.shape[:2] != size:
        margin = _REACH if plan.denoise_background > 0 else 0
        rows = max(down[0] - margin, 0), min(down[1] + margin, size[0])
        columns = max(across[0] - margin, 0), min(across[1] + margin, size[1])
        found = _made(run, rows, columns, size)
        run.elements(
            "augment.fit",
            (columns[1] - columns[0], rows[1] - rows[0]),
            picture,
            *picture.shape[:2],
            Struct(found.record(run)),
            found.pixels,
        )
    if plan.denoise_background > 0:
        found = _denoised(run, found, (down, across), plan.denoise_background)
    return found


def _denoised(run: Runtime, part: _Part, inside: tuple[Span, Span], sigma: float) -> _Part:
    found = _made(run, *inside, part.size)
    run.elements(
        "augment.denoise",
        (inside[1][1] - inside[1][0], inside[0][1] - inside[0][0]),
        Struct(part.record(run)),
        Struct(found.record(run)),
        float(sigma),
        found.pixels,
    )
    return found


def _made(run: Runtime, rows: Span, columns: Span, size: Span) -> _Part:
    pixels = run.empty((rows[1] - rows[0], columns[1] - columns[0], 3), np.uint8)
    return _Part(pixels, rows, columns, size)


def _regions(run: Runtime, alpha: Any, kernels_px: Span, crop: Struct, out: Any) -> None:
    height, width = alpha.shape
    counts = [run.empty((height, width + 1), np.int32) for _ in range(2)]
    run.elements("augment.count_rows", (1, height), alpha, height, width, *counts)
    asked = np.zeros((), _COUNTS)
    asked["arrays"] = [run.address(array) for array in counts]
    asked["size"] = height, width
    elements = [_element(run, size_px) for size_px in kernels_px]
    across = (out.shape[-1],) * 2
    run.elements("augment.regions", across, alpha, Struct(asked), *elements, crop, out)


def _element(run: Runtime, size_px: int) -> Struct:
    chords = ellipse_chords(size_px)
    record = np.zeros((), _ELEMENT)
    record["chords"], record["count"] = run.address(table_of(run, chords)), len(chords)
    return Struct(record)
