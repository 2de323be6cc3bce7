"""From a plate to its alpha: working sizes, the matters of the pipeline."""

from __future__ import annotations

from streammat.matting.build import frame_matter
from streammat.matting.fixed import FixedMatter
from streammat.matting.gfm import GfmMatter
from streammat.matting.kept import KeptMatter
from streammat.matting.protocol import FrameMatter
from streammat.matting.sizes import NetworkSize, network_size, size_note
from streammat.matting.still import StillMatter
from streammat.matting.strategies import check_for_source

__all__ = [
    "FixedMatter",
    "FrameMatter",
    "GfmMatter",
    "KeptMatter",
    "NetworkSize",
    "StillMatter",
    "check_for_source",
    "frame_matter",
    "network_size",
    "size_note",
]
