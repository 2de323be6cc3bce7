"""The strategies of several passes behind the pipeline's protocol."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.matting.frame_view import whole_view
from streammat.matting.strategies import AnyPass, checked_strategy, still_alpha
from streammat.types import Alpha, Frame
from streammat_kernels.bands import Bands

__all__ = ["StillMatter"]


class StillMatter:
    """A `FrameMatter` that gives each picture one or more passes of its own; one at a time.

    Args:
        network: the passes are its; closed with the matter.
        name: of the model, for reports.
        strategy: any; see `still_alpha`.
        size: of the passes that cover the whole picture.
        edges: auto, closed-form or network; see `redraws`.
        bands: the pool for the colour conversion.
    """

    requests = 1

    def __init__(
        self,
        network: AnyPass,
        name: str,
        strategy: str,
        size: str = "balanced",
        edges: str = "auto",
        *,
        bands: Bands | None = None,
    ) -> None:
        self._network = network
        self._name = name
        self._strategy = checked_strategy(strategy)
        self._size = size
        self._edges = edges
        self._bands = bands
        self.slots = range(2)
        self._pictures: dict[int, NDArray[np.uint8] | NDArray[np.uint16]] = {}
        self._alphas: dict[int, Alpha] = {}

    def warm_up(self, height: int, width: int) -> None:
        """Nothing: each strategy has sizes of its own."""

    def prepare(self, frame: Frame, slot: int) -> None:
        """Keep the frame as (H, W, 3) R'G'B' of its own depth; HDR and scene plates as SDR."""
        from streammat_kernels.colour import to_rgb

        if frame.view is not None or frame.scene is not None:
            self._pictures[slot] = whole_view(frame, bands=self._bands).transpose(1, 2, 0)
            return
        rgb = to_rgb(frame.planes, frame.layout, frame.colour, bands=self._bands)
        self._pictures[slot] = rgb.transpose(1, 2, 0)

    def submit(self, slot: int) -> None:
        """Nothing: the passes follow one another in `wait`."""

    def wait(self, slot: int) -> None:
        """Compute the slot's alpha."""
        rgb = self._pictures.pop(slot)
        self._alphas[slot] = still_alpha(
            self._network, rgb, self._strategy, self._size, self._edges
        )

    def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
        """Copy the slot's alpha, (H, W) uint16."""
        del frame
        np.copyto(out, self._alphas.pop(slot))

    def describe(self) -> str:
        """Model and strategy, e.g. ``gfm_r34_tt hybrid``."""
        return f"{self._name} {self._strategy}"

    def close(self) -> None:
        """Free the network; may be called again."""
        self._network.close()
