"""Real pictures to prove an engine with: frames of the sample clip that ships."""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["sample_frames"]

_FRAMES = 4  # spread over the clip
_APART = 24


def sample_frames(height: int, width: int) -> list[NDArray[np.float32]]:
    """A few frames as a network sees them: (1, 3, H, W) float32 0..255.

    Raises:
        MediaError: the installation lacks the clip.
    """
    from streammat.demo import sample_clip
    from streammat.media.reader import open_reader
    from streammat_kernels.resize import network_view

    views = []
    with open_reader(sample_clip()) as reader:
        for frame in islice(reader, 0, _FRAMES * _APART, _APART):
            view = np.empty((1, 3, height, width), np.float32)
            network_view(frame.planes, frame.layout, frame.colour, view[0])
            views.append(view)
    return views
