"""How good an alpha is: the metrics of still and video matting, and runs over data sets."""

from __future__ import annotations

from streammat.evaluation.dtssd import dtssd
from streammat.evaluation.edge_band import edge_band
from streammat.evaluation.matting import MattingMetrics, matting_metrics
from streammat.evaluation.messddt import messddt
from streammat.evaluation.trimap import trimap_from_alpha

__all__ = [
    "MattingMetrics",
    "dtssd",
    "edge_band",
    "matting_metrics",
    "messddt",
    "trimap_from_alpha",
]
