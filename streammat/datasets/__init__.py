"""Data sets on disk: published layouts, what belongs together, and what is left out and why."""

from __future__ import annotations

from streammat.datasets.faults import Faults
from streammat.datasets.layouts import Layout, layouts
from streammat.datasets.samples import Sample, find_backgrounds, find_samples

__all__ = ["Faults", "Layout", "Sample", "find_backgrounds", "find_samples", "layouts"]
