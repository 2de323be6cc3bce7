"""A network pass through an engine that serves one size: one is opened for every size met."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, ModelVariant
from streammat.matting.fuser import Fuser
from streammat.matting.passes.answer import answer
from streammat.matting.strategies.network import PassOutput, RimPassOutput
from streammat_engines.engine import run

if TYPE_CHECKING:
    from streammat_engines.engine import Engine

__all__ = ["EnginePass", "OpenEngine"]

OpenEngine = Callable[[ModelCard, int, int], "Engine"]
"""The engine of a model for a width and height."""

_KEPT_SIZES = 3  # engines in memory: hybrid takes two a picture


class EnginePass:
    """See `AnyPass`; the engines of the last few sizes are kept.

    Args:
        card: the model.
        open_engine: makes an engine; whatever it raises, the pass raises.
    """

    def __init__(self, card: ModelCard, open_engine: OpenEngine) -> None:
        self._card = card
        self._open = open_engine
        self._engines: OrderedDict[tuple[int, int], Engine] = OrderedDict()
        self._fuser: Fuser | None = None

    @property
    def network(self) -> str:
        """As the card says."""
        return self._card.network

    @property
    def variant(self) -> ModelVariant:
        """As the card says; without a card as the graph's outputs say at the first pass."""
        return self._fuser.variant if self._fuser else self._card.variant or "tt"

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput | RimPassOutput:
        """The network's answer to (h, w, 3) R'G'B' 0..255."""
        engine, fuser = self._engine(rgb.shape[0], rgb.shape[1])
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        outputs = {s.name: np.empty(s.shape, np.float32) for s in engine.manifest.outputs}
        run(engine, {"rgb": planes}, outputs)
        return answer(fuser, outputs)

    def close(self) -> None:
        """Free the networks; may be called again."""
        while self._engines:
            self._engines.popitem()[1].close()

    def _engine(self, height: int, width: int) -> tuple[Engine, Fuser]:
        engine = self._engines.get((height, width))
        if engine is None:
            if len(self._engines) == _KEPT_SIZES:
                self._engines.popitem(last=False)[1].close()
            engine = self._open(self._card, width, height)
            self._engines[height, width] = engine
        self._engines.move_to_end((height, width))
        if self._fuser is None:
            shapes = {s.name: s.shape for s in engine.manifest.outputs}
            self._fuser = Fuser(self._card, shapes)
        return engine, self._fuser
