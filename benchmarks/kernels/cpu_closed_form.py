"""Closed-form refinement beside PyMatting's Laplacian and solver for the same equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.closed_form import STILL, Settings, Workspace, closed_form
from streammat_kernels.closed_form.reference import unknown_samples

from . import pictures
from .trial import Size, Trial

__all__ = ["redrawn"]

SOLVED = 0.01  # mean difference from the solution, 0..1, that counts as the same
_RTOL = 1e-4  # of the solver's residual


def redrawn(size: Size, sets: Callable[[int], int]) -> Trial:
    """A photograph's alpha, as its network blurs it, along the photograph's colours."""
    rgb = pictures.rgb(size.height, size.width).astype(np.float32)
    alpha = (pictures.alpha(size.height, size.width) / np.float32(65535)).astype(np.float32)
    count = rgb.nbytes + 2 * alpha.nbytes
    number = sets(count)
    photographs = [rgb.copy() for _ in range(number)]
    out, workspace = np.empty_like(alpha), Workspace(*alpha.shape)

    def ours(index: int) -> None:
        closed_form(alpha, photographs[index], out, settings=STILL, workspace=workspace)

    ours(0)
    known = ~unknown_samples(alpha.astype(np.float64))
    solved = _solved(rgb, alpha, known, STILL)
    facts = {
        "unknown": int((~known).sum()),
        "mean_difference_from_solution": float(np.abs(out - solved)[~known].mean()),
    }
    return Trial(
        ours,
        count,
        {"pymatting": lambda i: _solved(photographs[i], alpha, known, STILL)},
        facts=facts,
        as_good=facts["mean_difference_from_solution"] <= SOLVED,
    )


def _solved(
    rgb: NDArray[np.float32],
    alpha: NDArray[np.float32],
    known: NDArray[np.bool_],
    settings: Settings,
) -> NDArray[Any]:
    """PyMatting's way: Laplacian of the unknown samples' windows, incomplete Cholesky, conjugate
    gradients."""
    from pymatting import cf_laplacian, cg, ichol
    from scipy.sparse import identity

    picture = np.ascontiguousarray(rgb.transpose(1, 2, 0), np.float64) / 255
    laplacian = cf_laplacian(picture, 9 * settings.noise, 1, is_known=known.ravel())
    rows = laplacian[~known.ravel()]
    matrix = rows[:, ~known.ravel()] + settings.trust * identity(int((~known).sum()))
    fixed = np.where(known, alpha.round(), 0.0).ravel()
    wanted = settings.trust * alpha[~known].astype(np.float64) - rows @ fixed
    solution = alpha.astype(np.float64)
    found = cg(matrix, wanted, M=ichol(matrix.tocsc()), rtol=_RTOL)
    solution[~known] = found.clip(0, 1)
    return solution
