"""The widths of the released GFM networks, one table for each encoder.

Level k of a decoder is the block D_k; the deepest comes first. All convolutions are 3x3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streammat.models.config import Backbone


class BlockWidths(NamedTuple):
    """Output channels of the three convolutions of a decoder block."""

    first: int
    second: int
    out: int

    def narrow(self, divisor: int) -> BlockWidths:
        """The same for a network of 1 / divisor of the width."""
        return BlockWidths(*(width // divisor for width in self))


@dataclass(frozen=True, slots=True)
class Layout:
    """One encoder's feature maps and its decoders' widths.

    Attributes:
        features: channels of e0, e1, ..., the deepest last; the deepest has stride 32.
        blocks: D_top, ..., D_1.
        head: widths of the first two convolutions of D_0, which also doubles the size; None where
            D_1 already works at full size: then D_1 does not double it, and one convolution makes
            the logits.
        bridge_first: the bridge block is listed before the pooled skips in a checkpoint.
    """

    features: tuple[int, ...]
    blocks: tuple[BlockWidths, ...]
    head: tuple[int, int] | None
    bridge_first: bool = False

    @property
    def top(self) -> int:
        """Number of the deepest level."""
        return len(self.blocks)

    @property
    def bottom(self) -> int:
        """Channels of the deepest feature map."""
        return self.features[-1]

    def narrow(self, divisor: int) -> Layout:
        """The same for a network of 1 / divisor of the width."""
        return Layout(
            tuple(width // divisor for width in self.features),
            tuple(block.narrow(divisor) for block in self.blocks),
            None if self.head is None else (self.head[0] // divisor, self.head[1] // divisor),
            self.bridge_first,
        )


_USUAL = (
    BlockWidths(512, 512, 256),
    BlockWidths(256, 256, 128),
    BlockWidths(128, 128, 64),
    BlockWidths(64, 64, 64),
)
_WIDE = (
    BlockWidths(2048, 1024, 1024),
    BlockWidths(1024, 512, 512),
    BlockWidths(512, 256, 256),
    BlockWidths(256, 128, 64),
)
_DEEP = (BlockWidths(512, 512, 512), BlockWidths(512, 512, 512), *_USUAL)

LAYOUTS = {
    Backbone.R34: Layout((64, 64, 128, 256, 512), _USUAL, (64, 64)),
    Backbone.D121: Layout((64, 128, 256, 512, 512), _USUAL, (64, 64)),
    Backbone.R101: Layout((64, 256, 512, 1024, 2048), _WIDE, (64, 64), bridge_first=True),
    Backbone.R34_2B: Layout((64, 64, 128, 256, 512, 512, 512), _DEEP, None),
}
