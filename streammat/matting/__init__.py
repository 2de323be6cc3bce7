"""From a plate to its alpha: working sizes, the matters of the pipeline."""

from __future__ import annotations

from streammat.matting.build import frame_matter, with_strategy
from streammat.matting.closer import CloserMatter
from streammat.matting.fixed import FixedMatter
from streammat.matting.gfm import GfmMatter
from streammat.matting.kept import KeptMatter
from streammat.matting.protocol import FrameMatter
from streammat.matting.sizes import NetworkSize, network_size, size_note
from streammat.matting.still import StillMatter
from streammat.matting.window import seen_size

__all__ = [
    "CloserMatter",
    "FixedMatter",
    "FrameMatter",
    "GfmMatter",
    "KeptMatter",
    "NetworkSize",
    "StillMatter",
    "frame_matter",
    "network_size",
    "seen_size",
    "size_note",
    "with_strategy",
]
