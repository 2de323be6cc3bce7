"""Representations of Semantic and Transition Area (RoSTa): which classes the glance map holds.

Source: Li et al., "Bridging Composite and Real: Towards End-to-end Deep Image Matting", IJCV 2021.
The fusion of glance and focus into an alpha is a kernel, not part of the network.
"""

from __future__ import annotations

from enum import StrEnum


class Rosta(StrEnum):
    """The variant of a GFM network; the value is the name used in files and on the command line."""

    TT = "TT"  # glance channels: background, transition, foreground
    FT = "FT"  # glance channels: rest, foreground core; focus is added to the core
    BT = "BT"  # glance channels: background, foreground with transition; focus is subtracted
    RIM = "RIM"  # heads for all three, merged by a small network

    @property
    def glance_channels(self) -> int:
        """Number of glance channels: 3 for TT, 2 for FT and BT."""
        if self is Rosta.RIM:
            raise ValueError("RIM has three glance maps; ask TT, FT and BT")
        return 3 if self is Rosta.TT else 2
