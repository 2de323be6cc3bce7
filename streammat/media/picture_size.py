"""How large a picture may be, whatever library reads it."""

from __future__ import annotations

from pathlib import Path

from streammat.errors import MediaError

__all__ = ["MOST_PIXELS", "check_size"]

# Phones take 200 MP, stitched panoramas more; 1 gigapixel is 3 GB of samples, and what claims to
# be larger is more likely a file made to fill the memory.
MOST_PIXELS = 1 << 30


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture before its samples are read.

    Raises:
        MediaError: more than a gigapixel.
    """
    if width * height > MOST_PIXELS:
        raise MediaError(
            f"{path}: {width}x{height}, more than {MOST_PIXELS / 1e6:.0f} megapixels; "
            "make it smaller"
        )
