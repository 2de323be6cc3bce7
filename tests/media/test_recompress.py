from __future__ import annotations

import numpy as np

from streammat.media.recompress import through_h264


def test_frames_come_back_in_number_and_likeness() -> None:
    y, x = np.mgrid[:48, :64]
    frames = [np.stack([x + 3 * n, y, x + y], 2).astype(np.uint8) for n in range(5)]
    good, poor = through_h264(frames, 12), through_h264(frames, 45, "ultrafast")
    assert len(good) == len(poor) == 5
    errors = [
        np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(found, frames, strict=True)])
        for found in (good, poor)
    ]
    assert errors[0] < 4
    assert errors[0] < errors[1]
