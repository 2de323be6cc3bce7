"""How much room the merger's sums take on a GPU."""

from __future__ import annotations

__all__ = ["SUMMING_BLOCKS", "WORKSPACE"]

SUMMING_BLOCKS = 64
WORKSPACE = 3 * SUMMING_BLOCKS + 4
"""float64 numbers: sums of the planes, three a block, then the three factors and the constant."""
