"""All metrics of one alpha at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.evaluation.arrays import FloatAlpha, checked_pair, checked_trimap
from streammat.evaluation.connectivity import conn
from streammat.evaluation.edge_band import edge_band
from streammat.evaluation.gradient import grad
from streammat.evaluation.mad import mad, mad_where
from streammat.evaluation.mse import mse
from streammat.evaluation.sad import sad, sad_where
from streammat.evaluation.transition import known_filled, transition_pixels

__all__ = ["Convention", "MattingMetrics", "matting_metrics"]

Convention = Literal["official", "standard"]


@dataclass(frozen=True, slots=True)
class MattingMetrics:
    """The metrics of one alpha, or their mean over many; None where they have no meaning.

    Attributes:
        sad: sum of absolute differences / 1000.
        mse, mad: mean squared and mean absolute difference.
        grad, conn: gradient and connectivity error.
        sad_tran, mse_tran, mad_tran: over the trimap's transition; None without a trimap.
        sad_fg, sad_bg: over the trimap's foreground and background; None without a trimap.
        mad_edge, grad_edge: in the band of 10 px around the true alpha's edge; None without one.
    """

    sad: float
    mse: float
    mad: float
    grad: float
    conn: float
    sad_tran: float | None = None
    mse_tran: float | None = None
    mad_tran: float | None = None
    sad_fg: float | None = None
    sad_bg: float | None = None
    mad_edge: float | None = None
    grad_edge: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Plain data; what is not finite becomes None, because JSON has no such number."""
        values: dict[str, float | None] = asdict(self)
        return {
            name: value if value is not None and math.isfinite(value) else None
            for name, value in values.items()
        }


def matting_metrics(
    pred: NDArray[Any],
    gt: NDArray[Any],
    trimap: NDArray[Any] | None = None,
    convention: Convention = "official",
) -> MattingMetrics:
    """Every metric of a predicted alpha.

    official: the numbers that GFM's evaluation code gives, to the digit: the prediction is not
    clipped; SAD, MSE, MAD, Grad and Conn over the whole picture; the -TRAN forms set the known
    pixels to 0 and 1 and divide by the pixels of 128 (without any, nan or inf). standard: as the
    benchmarks since Deep Image Matting have it: the prediction is clipped to 0..1, and with a
    trimap SAD, MSE, MAD, Grad and Conn are those of its transition alone; Grad and Conn by the
    benchmark's own filters (see `gradient` and `connectivity`).

    Args:
        pred, gt: (H, W); uint8, uint16 or float 0..1.
        trimap: (H, W) uint8 of 0, 128 and 255.
        convention: official or standard.

    Raises:
        ShapeError: sizes or types that do not belong together.
        ConfigError: another convention.
        DependencyError: SciPy is not installed.
    """
    if convention not in get_args(Convention):
        raise ConfigError(f"convention {convention!r}: use official or standard")
    predicted, true = checked_pair(pred, gt)
    trimap = checked_trimap(trimap, gt.shape)
    if convention == "standard":
        predicted = predicted.clip(0, 1)
    region = None if convention == "official" or trimap is None else trimap == 128
    band = edge_band(true)
    edges = band.any()
    return MattingMetrics(
        **_whole(predicted, true, region),
        grad=grad(predicted, true, convention, region),
        conn=conn(predicted, true, convention, region),
        mad_edge=mad_where(predicted, true, band),
        grad_edge=grad(predicted, true, convention, band) if edges else None,
        **({} if trimap is None else _by_trimap(predicted, true, trimap)),
    )


def _whole(pred: FloatAlpha, gt: FloatAlpha, region: NDArray[np.bool_] | None) -> dict[str, float]:
    """SAD, MSE and MAD over ``region``; None is the whole picture."""
    if region is not None:
        pred, gt = pred[region], gt[region]
    return {"sad": sad(pred, gt), "mse": mse(pred, gt), "mad": mad(pred, gt)}


def _by_trimap(pred: FloatAlpha, gt: FloatAlpha, trimap: NDArray[Any]) -> dict[str, float]:
    filled, pixels = known_filled(pred, trimap), transition_pixels(trimap)
    return {
        "sad_tran": sad(filled, gt),
        "mse_tran": mse(filled, gt, pixels),
        "mad_tran": mad(filled, gt, pixels),
        "sad_fg": sad_where(pred, gt, trimap == 255),
        "sad_bg": sad_where(pred, gt, trimap == 0),
    }
