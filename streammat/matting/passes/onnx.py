"""A network pass through ONNX Runtime, from the same file that OpenVINO takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, Variant
from streammat.errors import DependencyError, EngineError, EngineFileError
from streammat.matting.strategies.network import PassOutput
from streammat_engines.manifest import file_sha256
from streammat_engines.psp import psp_matrices

__all__ = ["OnnxPass"]


class OnnxPass:
    """See `NetworkPass`; one session serves every size.

    Args:
        card: the model.
        threads: of the network.

    Raises:
        DependencyError: ONNX Runtime is not installed.
        EngineFileError: the model file is missing, damaged or of another form.
    """

    def __init__(self, card: ModelCard, threads: int = 1) -> None:
        if file_sha256(card.path) != card.sha256.lower():
            raise EngineFileError(f"model file {card.path} is damaged: install it again")
        self._card = card
        self._session: Any = _session(card, threads)
        self._inputs = {port.name for port in self._session.get_inputs()}
        if not {"glance", "focus"} <= {port.name for port in self._session.get_outputs()}:
            raise EngineFileError(
                f"model file {card.path}: outputs glance and focus are expected; export it with "
                "streammat's exporter"
            )

    @property
    def variant(self) -> Variant:
        """As the card says; a file without a card is tt."""
        return self._card.variant or "tt"

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        """Glance and focus of (h, w, 3) R'G'B' 0..255."""
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        given = {"rgb": planes, **psp_matrices(rgb.shape[0], rgb.shape[1])}
        used = {name: array for name, array in given.items() if name in self._inputs}
        try:
            glance, focus = self._session.run(["glance", "focus"], used)
        except Exception as error:  # ONNX Runtime raises several undocumented types
            raise EngineError(f"{self._card.name}: {str(error).splitlines()[0]}") from error
        return PassOutput(glance[0], focus[0, 0])

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
