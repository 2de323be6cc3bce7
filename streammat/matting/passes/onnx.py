"""A network pass through ONNX Runtime, from the same file that OpenVINO takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, ModelVariant
from streammat.errors import DependencyError, EngineError, EngineFileError
from streammat.matting.fuser import Fuser
from streammat.matting.passes.answer import answer
from streammat.matting.strategies.network import PassOutput, RimPassOutput
from streammat_engines.manifest import file_sha256
from streammat_engines.psp import psp_matrices

__all__ = ["OnnxPass"]


class OnnxPass:
    """See `AnyPass`; one session serves every size.

    Args:
        card: the model.
        threads: of the network.

    Raises:
        DependencyError: ONNX Runtime is not installed.
        EngineFileError: the model file is missing, damaged or of another form.
    """

    def __init__(self, card: ModelCard, threads: int = 1) -> None:
        if file_sha256(card.path) != card.sha256.lower():
            raise EngineFileError(f"model file {card.path} is damaged: {card.remedy}")
        self._card = card
        self._session: Any = _session(card, threads)
        self._inputs = {port.name for port in self._session.get_inputs()}
        shapes = {port.name: tuple(port.shape) for port in self._session.get_outputs()}
        self._names = list(shapes)
        self._fuser = Fuser(card, shapes)

    @property
    def network(self) -> str:
        """As the card says."""
        return self._card.network

    @property
    def variant(self) -> ModelVariant:
        """As the card, or the graph's outputs, say."""
        return self._fuser.variant

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput | RimPassOutput:
        """The network's answer to (h, w, 3) R'G'B' 0..255."""
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        given = {"rgb": planes, **psp_matrices(rgb.shape[0], rgb.shape[1])}
        used = {name: array for name, array in given.items() if name in self._inputs}
        try:
            arrays = self._session.run(self._names, used)
        except Exception as error:  # ONNX Runtime raises several undocumented types
            raise EngineError(f"{self._card.name}: {str(error).splitlines()[0]}") from error
        return answer(self._fuser, dict(zip(self._names, arrays, strict=True)))

    def close(self) -> None:
        """Free the session; may be called again."""
        self._session = None


def _session(card: ModelCard, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(
            "engine onnx needs ONNX Runtime: pip install 'streammat[onnx]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(card.path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # as above
        raise EngineFileError(
            f"model file {card.path} is damaged or not a GFM graph in ONNX form"
        ) from error
