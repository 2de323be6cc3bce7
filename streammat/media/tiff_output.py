"""TIFF of 8 or 16 bits, uncompressed: every program reads it, and it costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streammat.types import Frame, Plane

from .optional import film_library

__all__ = ["TiffFiles"]

_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples of TIFF 6.0: premultiplied, straight


class TiffFiles:
    """Writes planes as one TIFF.

    Args:
        path: of the output, for messages.
        alpha: the last plane is alpha.
        premultiplied: the colours are multiplied by it.
        text: keyword to text; goes into ImageDescription.
        profile: ICC profile, None for none (then programs assume sRGB).

    Raises:
        DependencyError: tifffile is not installed.
    """

    def __init__(
        self,
        path: str,
        *,
        alpha: bool,
        premultiplied: bool,
        text: dict[str, str],
        profile: bytes | None,
    ) -> None:
        self._library = film_library("tifffile", path, "TIFF")
        self._extra = [_ASSOCIATED if premultiplied else _UNASSOCIATED] if alpha else []
        self._text = "; ".join(text.values())
        self._profile = profile

    def write(self, planes: Sequence[Plane], frame: Frame, target: Path) -> None:
        """Write one file.

        Raises:
            OSError: the disk is full.
        """
        del frame
        gray = len(planes) == 1
        pixels: Any = planes[0] if gray else np.stack(planes, axis=-1)
        with target.open("wb") as file:
            self._library.imwrite(
                file,
                pixels,
                photometric="minisblack" if gray else "rgb",
                extrasamples=self._extra or None,
                description=self._text.encode("ascii", "replace") or None,
                software=False,
                metadata=None,
                iccprofile=self._profile,
            )
