"""GFM's tracks: decisions of a sample as released, and batches made by the kernels."""

from __future__ import annotations

from streammat.training.rssn.device import stage_on
from streammat.training.rssn.opening import open_source
from streammat.training.rssn.settings import RssnSettings, rssn_settings
from streammat.training.rssn.source import RssnSource

__all__ = ["RssnSettings", "RssnSource", "open_source", "rssn_settings", "stage_on"]
