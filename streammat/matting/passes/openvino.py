"""A network pass through OpenVINO: what ``streammat matte`` runs on the CPU."""

from __future__ import annotations

from streammat.catalogue.cards import ModelCard
from streammat.matting.cache import engine_cache
from streammat.matting.passes.engine import EnginePass
from streammat_engines.openvino import OpenVinoEngine

__all__ = ["openvino_pass"]


def openvino_pass(card: ModelCard, threads: int = 1) -> EnginePass:
    """The pass of ``card`` on ``threads`` threads; a file that is damaged shows at the first pass.

    Raises:
        EngineFileError: the model file is missing, damaged or of another form (at the first pass).
    """

    def opened(card: ModelCard, width: int, height: int) -> OpenVinoEngine:
        return OpenVinoEngine(
            card.path,
            (1, 3, height, width),
            1,
            threads,
            sha256=card.sha256,
            remedy=card.remedy,
            cache_dir=engine_cache(),
        )

    return EnginePass(card, opened)
