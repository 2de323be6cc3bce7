from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat.demo import sample_clip
from streammat.device import Device
from streammat.matting import GfmMatter
from streammat.matting.build import frame_matter
from streammat.media.reader import open_reader
from streammat.pipeline import matte_file
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from tests.tolerances import DEVICE_PICTURE_CODES, GPU_ALPHA_MEAN

SIZE = "256x160"

pytestmark = pytest.mark.cuda


def test_mattes_of_the_gpu_equal_those_of_the_cpu() -> None:
    pytest.importorskip("openvino", reason="no OpenVINO to compare with")
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


def test_a_job_whose_frames_stay_on_the_gpu_equals_one_with_the_network_alone_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, list[Any]] = {}
    for way in ("gpu", "cpu"):
        if way == "cpu":
            monkeypatch.setattr(GfmMatter, "device_network", lambda _: None)
        outputs = [
            OutputRequest(f"{tmp_path}/{way}.mkv", OutputKind.ALPHA),
            OutputRequest(f"{tmp_path}/{way}c.mkv", OutputKind.COMPOSITE),
            OutputRequest(f"{tmp_path}/{way}r.mkv", OutputKind.RGBA),
        ]
        settings = MatteSettings(
            device="cuda", size=SIZE, limit=8, codec="ffv1", background="blur", grow_px=1.5
        )
        assert matte_file(str(sample_clip()), outputs, settings).frames == 8
        written[way] = [
            plane for out in outputs for frame in open_reader(out.path) for plane in frame.planes
        ]
    for one, other in zip(written["gpu"], written["cpu"], strict=True):
        error = np.abs(one.astype(int) - other.astype(int)).max()
        assert error <= DEVICE_PICTURE_CODES << (0 if one.dtype == np.uint8 else 8)
