"""A network pass through OpenVINO: what ``streammat matte`` runs on the CPU."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, ModelVariant
from streammat.matting.cache import engine_cache
from streammat.matting.fuser import Fuser
from streammat.matting.passes.answer import answer
from streammat.matting.strategies.network import PassOutput, RimPassOutput
from streammat_engines.engine import run
from streammat_engines.openvino import OpenVinoEngine

__all__ = ["OpenVinoPass"]

_KEPT_SIZES = 3  # compiled networks in memory: hybrid takes two a picture


class OpenVinoPass:
    """See `AnyPass`; a network is compiled for every size and the last few are kept.

    Args:
        card: the model.
        threads: of the network.

    Raises:
        EngineFileError: the model file is missing, damaged or of another form (at the first pass).
    """

    def __init__(self, card: ModelCard, threads: int = 1) -> None:
        self._card = card
        self._threads = threads
        self._engines: OrderedDict[tuple[int, int], OpenVinoEngine] = OrderedDict()
        self._fuser: Fuser | None = None

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

    def _engine(self, height: int, width: int) -> tuple[OpenVinoEngine, Fuser]:
        engine = self._engines.get((height, width))
        if engine is None:
            if len(self._engines) == _KEPT_SIZES:
                self._engines.popitem(last=False)[1].close()
            engine = OpenVinoEngine(
                self._card.path,
                (1, 3, height, width),
                1,
                self._threads,
                sha256=self._card.sha256,
                cache_dir=engine_cache(),
            )
            self._engines[height, width] = engine
        self._engines.move_to_end((height, width))
        if self._fuser is None:
            shapes = {spec.name: spec.shape for spec in engine.manifest.outputs}
            self._fuser = Fuser(self._card, shapes)
        return engine, self._fuser
