"""Networks as `NetworkPass`, one module an engine."""

from __future__ import annotations

from streammat.matting.passes.choose import ENGINES, open_pass

__all__ = ["ENGINES", "open_pass"]
