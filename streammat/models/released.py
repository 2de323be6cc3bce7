"""The released GFM networks: encoder, glance decoder, focus decoder.

Source: Li, Zhang, Maybank, Tao, "Bridging Composite and Real: Towards End-to-end Deep Image
Matting", IJCV 2021, and the checkpoints that the authors published with it
(https://github.com/JizhiziLi/GFM, MIT). Modules carry the names of those checkpoints, so that one
loads unchanged. Input is RGB 0..255, not normalised.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from streammat.models.config import GfmConfig
from streammat.models.gfm import GfmLogits, GfmOutput
from streammat.models.layouts import LAYOUTS
from streammat.models.psp import PspMatrices, matrices_like
from streammat.models.released_blocks import (
    ReleasedPsp,
    bridge_block,
    decoder_block,
    head_block,
    pooled_skip,
)
from streammat.models.released_encoders import classifier_and_stages


class ReleasedTrunk(nn.Module):
    """All that TT, FT, BT and RIM share: everything but the heads (D_0).

    Names: ``encoder{k}`` stage e_k; ``psp_module`` the pyramid pooling, ``psp{k}`` its map for
    level k; ``decoder{k}_g`` glance and ``decoder{k}_f`` focus block D_k; ``bridge_block``.
    """

    def __init__(self, config: GfmConfig) -> None:
        super().__init__()
        self.config = config
        self.rosta = config.rosta
        self.layout = LAYOUTS[config.backbone].narrow(config.divisor)
        name, classifier, stages = classifier_and_stages(config.backbone, config.divisor)
        self.add_module(name, classifier)
        for k, part in enumerate(stages):
            self.add_module(f"encoder{k}", part)
        self._add_glance()
        self._add_focus()

    def _add_glance(self) -> None:
        layout, top = self.layout, self.layout.top
        self.psp_module = ReleasedPsp(layout.bottom)
        if layout.bridge_first:
            self.bridge_block = bridge_block(layout.bottom)
        factor = 1
        for k, widths in zip(range(top, 0, -1), layout.blocks, strict=True):
            factor *= 2 if self._doubles(k) else 1
            self.add_module(f"psp{k}", pooled_skip(layout.bottom, widths.out, factor))
        inputs = 2 * layout.bottom
        for k, widths in zip(range(top, 0, -1), layout.blocks, strict=True):
            block = decoder_block(inputs, widths, double=self._doubles(k))
            self.add_module(f"decoder{k}_g", block)
            inputs = 2 * widths.out

    def _add_focus(self) -> None:
        layout, top = self.layout, self.layout.top
        if not layout.bridge_first:
            self.bridge_block = bridge_block(layout.bottom)
        before = layout.bottom
        for k, widths in zip(range(top, 0, -1), layout.blocks, strict=True):
            block = decoder_block(before + layout.features[k], widths, double=self._doubles(k))
            self.add_module(f"decoder{k}_f", block)
            before = widths.out

    def _doubles(self, level: int) -> bool:
        return level > 1 or self.layout.head is not None

    @property
    def head_inputs(self) -> tuple[int, int]:
        """Channels that the glance and the focus heads receive."""
        last = self.layout.blocks[-1].out
        if self.layout.head is None:
            return last, last
        return 2 * last, last + self.layout.features[0]

    def part(self, name: str, x: Tensor) -> Tensor:
        """`x` through the module of this name."""
        return cast("Tensor", self.get_submodule(name)(x))

    def encode(self, rgb: Tensor) -> list[Tensor]:
        """rgb: (B, 3, H, W), 0..255 -> e0 ... e_top, the deepest (B, C, H / 32, W / 32)."""
        features: list[Tensor] = []
        x = rgb
        for k in range(len(self.layout.features)):
            x = self.part(f"encoder{k}", x)
            features.append(x)
        return features

    def glance_features(self, deepest: Tensor, matrices: PspMatrices) -> Tensor:
        """What the glance heads see. The only skips are the pooled map's, not the encoder's."""
        pooled = self.psp_module(deepest, matrices)
        x = torch.cat([pooled, deepest], dim=1)
        for k in range(self.layout.top, 0, -1):
            x = self.part(f"decoder{k}_g", x)
            if k > 1 or self.layout.head is not None:
                x = torch.cat([self.part(f"psp{k}", pooled), x], dim=1)
        return x

    def focus_features(self, features: list[Tensor]) -> Tensor:
        """What the focus heads see: at every level the encoder's map, after the decoder's own."""
        x = self.bridge_block(features[-1])
        for k in range(self.layout.top, 0, -1):
            x = self.part(f"decoder{k}_f", torch.cat([x, features[k]], dim=1))
        return x if self.layout.head is None else torch.cat([x, features[0]], dim=1)


class ReleasedGfm(ReleasedTrunk):
    """A released network with one representation: TT, FT or BT."""

    def __init__(self, config: GfmConfig) -> None:
        super().__init__(config)
        glance, focus = self.head_inputs
        self.decoder0_g = head_block(glance, self.layout.head, config.rosta.glance_channels)
        self.decoder0_f = head_block(focus, self.layout.head, 1)

    def logits(self, rgb: Tensor, matrices: PspMatrices) -> GfmLogits:
        """rgb: (B, 3, H, W) float32, 0..255; H and W multiples of 32."""
        features = self.encode(rgb)
        glance = self.decoder0_g(self.glance_features(features[-1], matrices))
        return GfmLogits(glance, self.decoder0_f(self.focus_features(features)))

    def forward(self, rgb: Tensor, matrices: PspMatrices | None = None) -> GfmOutput:
        """As `logits`, through the sigmoid; the matrices are made for the size if not given.

        Raises:
            ValueError: not (B, 3, H, W), or H and W are not multiples of 32.
        """
        glance, focus = self.logits(rgb, matrices or matrices_like(rgb))
        return GfmOutput(torch.sigmoid(glance), torch.sigmoid(focus))
