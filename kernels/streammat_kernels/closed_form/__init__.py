"""Closed-form refinement: soft edges drawn along the colours of the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from .model import FRAME, STILL, Settings, steps_of
from .workspace import Workspace

__all__ = ["FRAME", "STILL", "Settings", "Workspace", "closed_form"]


@takes_any_array
def closed_form(
    alpha: NDArray[np.float32],
    rgb: NDArray[np.float32],
    out: NDArray[np.float32] | None = None,
    *,
    settings: Settings = FRAME,
    content: tuple[int, int] | None = None,
    workspace: Workspace | None = None,
) -> NDArray[np.float32]:
    """Redraw the transition of an alpha along the colours of its picture.

    A network's transition is smooth; strands of hair lie within it. Where foreground and background
    have colours that lie on a line each, in every 3x3 window, alpha is a linear function of colour
    there, and the best alpha minimises a quadratic form, the matting Laplacian. Here it is
    minimised over the samples between 0 and 1 (and their neighbours), the others held, together
    with ``trust`` times the squared difference from the alpha given. Fixed steps instead of a limit
    for the error, so that every backend does the same; time grows with the samples that are
    neither 0 nor 1.

    Source: Levin, Lischinski, Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI
    30(2), 2008, equations 12 and 13.

    Args:
        alpha: (h, w) float32, 0..1.
        rgb: (3, h, w) float32 R'G'B', 0..255, contiguous.
        out: (h, w) float32, contiguous, to write into; may be ``alpha``. None makes one.
        settings: ``FRAME`` or ``STILL``, or others.
        content: rows and columns (top left) that the picture covers; the rest is copied. None is
            all.
        workspace: kept by the caller; one made for another size is not used. None makes one.

    Returns:
        ``out``: known samples as they were.

    Raises:
        ShapeError: arrays, content or steps that cannot be.
    """
    rows, columns = _checked(alpha, rgb, content, settings)
    if out is None:
        out = empty(alpha.shape, np.float32, alpha)
    elif out.shape != alpha.shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ShapeError(
            f"out is {out.dtype} {out.shape}; it has to be contiguous float32 {alpha.shape}"
        )
    if workspace is None or workspace.sizes != (rows, columns):
        workspace = Workspace(rows, columns)
    if out is not alpha:
        out[...] = alpha
    if is_cuda(alpha):
        backend(__name__, alpha).closed_form(out, rgb, settings, workspace)
    else:
        _on_cpu(out, rgb, settings, workspace)
    return out


def _on_cpu(
    out: NDArray[np.float32], rgb: NDArray[np.float32], settings: Settings, work: Workspace
) -> None:
    from . import cpu

    count = cpu.find(out, work.middle, work.number, work.place, work.now, work.before)
    if not count:
        return
    number, place, weights = work.number, work.place[:count], work.weights(count)
    cpu.build(rgb, number, settings.noise, weights)
    now, before = work.now.reshape(-1), work.before.reshape(-1)
    given, trust = now[place], np.float32(settings.trust)
    for keep, rate in steps_of(settings):
        factors = trust, np.float32(keep), np.float32(rate)
        cpu.iterate(weights, number, place, now, before, given, *factors)
        now, before = before, now
    cpu.finish(number, place, now, out)


def _checked(
    alpha: NDArray[np.float32],
    rgb: NDArray[np.float32],
    content: tuple[int, int] | None,
    settings: Settings,
) -> tuple[int, int]:
    if alpha.ndim != 2 or alpha.dtype != np.float32 or 0 in alpha.shape:
        raise ShapeError(f"alpha is {alpha.dtype} {alpha.shape}; it has to be (h, w) float32")
    if rgb.shape != (3, *alpha.shape) or rgb.dtype != np.float32 or not rgb.flags.c_contiguous:
        raise ShapeError(
            f"rgb is {rgb.dtype} {rgb.shape}; it has to be contiguous float32 {(3, *alpha.shape)}"
        )
    rows, columns = content if content is not None else alpha.shape
    if not (1 <= rows <= alpha.shape[0] and 1 <= columns <= alpha.shape[1]):
        raise ShapeError(f"content {content} does not lie within alpha of shape {alpha.shape}")
    if settings.steps < 1 or not 0 < settings.slowest < 9 or settings.noise <= 0:
        raise ShapeError(f"{settings}: at least one step, noise above 0, slowest between 0 and 9")
    return rows, columns
