"""What is done to a finished matte: islands taken out, then finesse; buffers are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streammat_kernels.bands import Bands
    from streammat_kernels.despeckle import Workspace as IslandsWorkspace
    from streammat_kernels.finesse import Workspace as FinesseWorkspace

__all__ = ["TouchUp"]


class TouchUp:
    """Despeckles and corrects mattes of one size after the other, on the CPU or a GPU."""

    def __init__(self) -> None:
        self._finesse: FinesseWorkspace | None = None
        self._islands: IslandsWorkspace | None = None

    def __call__(
        self,
        alpha: Any,
        out: Any = None,
        *,
        despeckle_px: float = 0.0,
        clip_black: float = 0.0,
        bands: Bands | None = None,
        **values: Any,
    ) -> Any:
        """Take islands out, then finesse.

        What ``clip_black`` will make 0 does not join islands with the subject.

        Args:
            alpha: (H, W) uint16, NumPy's or CuPy's.
            out: as ``alpha``, which it may be; None makes one where something is done.
            despeckle_px: see `streammat_kernels.despeckle.despeckle`; 0 leaves it out.
            clip_black: see `streammat_kernels.finesse.finesse`, as for all ``values``.
            bands: row bands on a pool; None is serial.
            values: the other keywords of finesse.

        Returns:
            ``out``.
        """
        from streammat_kernels.despeckle import Workspace as IslandsWorkspace
        from streammat_kernels.despeckle import despeckle
        from streammat_kernels.finesse import Workspace as FinesseWorkspace
        from streammat_kernels.finesse import finesse

        height, width = alpha.shape
        if despeckle_px > 0:
            if self._islands is None or self._islands.labels.shape != alpha.shape:
                self._islands = IslandsWorkspace(height, width, alpha)
            alpha = out = despeckle(
                alpha, out, size_px=despeckle_px, above=clip_black, workspace=self._islands
            )
        if self._finesse is None or self._finesse.first.shape != alpha.shape:
            self._finesse = FinesseWorkspace(height, width, alpha)
        return finesse(
            alpha, out, clip_black=clip_black, workspace=self._finesse, bands=bands, **values
        )
