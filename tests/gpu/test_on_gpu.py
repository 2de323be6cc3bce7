from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from streammat.demo import sample_clip
from streammat.device import Device
from streammat.matting.build import frame_matter
from streammat.media.reader import open_reader
from streammat.settings import MatteSettings
from tests.tolerances import GPU_ALPHA_MEAN

SIZE = "256x160"


@pytest.mark.cuda
def test_mattes_of_the_gpu_equal_those_of_the_cpu() -> None:
    settings = MatteSettings(size=SIZE, limit=3)
    alphas: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.uint16]]]] = {}
    for kind in ("cpu", "cuda"):
        device = Device(kind, 2, "")
        with closing(frame_matter(settings, device)) as matter:
            for frame in open_reader(sample_clip(), limit=3):
                out = np.zeros((frame.height, frame.width), np.uint16)
                matter.prepare(frame, 0)
                matter.submit(0)
                matter.wait(0)
                matter.alpha(frame, 0, out)
                alphas.setdefault(kind, []).append(out)
    for expected, found in zip(alphas["cpu"], alphas["cuda"], strict=True):
        off = np.abs(expected.astype(np.int64) - found).mean() / 65535
        assert off < GPU_ALPHA_MEAN
        assert expected.any()
