"""A network pass through OpenVINO: what ``streammat matte`` runs on the CPU."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, Variant
from streammat.matting.cache import engine_cache
from streammat.matting.gfm import model_variant
from streammat.matting.strategies.network import PassOutput
from streammat_engines.engine import run
from streammat_engines.openvino import OpenVinoEngine

__all__ = ["OpenVinoPass"]

_KEPT_SIZES = 3  # compiled networks in memory: hybrid takes two a picture


class OpenVinoPass:
    """See `NetworkPass`; a network is compiled for every size and the last few are kept.

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
        self._variant: Variant | None = card.variant

    @property
    def variant(self) -> Variant:
        """As the card, or the graph's outputs at the first pass, say."""
        return self._variant or "tt"

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        """Glance and focus of (h, w, 3) R'G'B' 0..255."""
        engine = self._engine(rgb.shape[0], rgb.shape[1])
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        outputs = {s.name: np.empty(s.shape, np.float32) for s in engine.manifest.outputs}
        run(engine, {"rgb": planes}, outputs)
        return PassOutput(outputs["glance"][0], outputs["focus"][0, 0])

    def close(self) -> None:
        """Free the networks; may be called again."""
        while self._engines:
            self._engines.popitem()[1].close()

    def _engine(self, height: int, width: int) -> OpenVinoEngine:
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
            self._variant = model_variant(self._card, engine.manifest)
            self._engines[height, width] = engine
        self._engines.move_to_end((height, width))
        return engine
