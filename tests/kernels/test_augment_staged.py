"""Batches on a GPU from pictures in host memory: those of the CPU, and no byte too many goes up."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import runtime
from streammat_kernels.augment import Patch, SamplePlan, rssn_batch
from streammat_kernels.augment.patch import needed
from streammat_kernels.augment.staged import RssnStage
from streammat_kernels.errors import ShapeError
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.gpu.late_gpu import LateGpu
from tests.kernels.host_cuda import COMPILER, HostCuda
from tests.tolerances import RSSN_LEVELS, RSSN_OTHER_SHARE

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
SIZE_PX = 32
Pictures = list[NDArray[np.uint8]]


def drawn(count: int, seed: int = 0) -> tuple[Pictures, Pictures, Pictures, list[SamplePlan]]:
    """Pictures of many sizes, backgrounds of the same and of other sizes, all effects."""
    random = np.random.default_rng(seed)
    parts: tuple[Pictures, Pictures, Pictures] = ([], [], [])
    plans = []
    for number in range(count):
        height, width = (int(size) for size in random.integers(60, 150, 2))
        other = (
            (height, width) if number % 3 == 0 else (int(x) for x in random.integers(30, 200, 2))
        )
        parts[0].append(random.integers(0, 256, (height, width, 3), np.uint8))
        parts[1].append(random.integers(0, 256, (*other, 3), np.uint8))
        y, x = np.mgrid[:height, :width]
        disc = 1.3 - np.hypot(y / height - 0.5, x / width - 0.5) * 4
        parts[2].append(np.asarray(np.clip(disc * 255, 0, 255), np.uint8))
        side = int(random.integers(20, min(height, width)))
        places = int(random.integers(width - side + 1)), int(random.integers(height - side + 1))
        blur_px = number % 2 * int(random.integers(1, 60))
        calm, other_calm = (float(chance < 0.5) * 6 for chance in random.random(2))
        noise = 9.0 * (number % 4), number
        plans.append(SamplePlan(*places, side, number % 2 == 0, blur_px, calm, other_calm, *noise))
    return *parts, plans


def late() -> LateGpu:
    return LateGpu(FakeCuda().stream())


def assert_alike(found: Any, wanted: Any) -> None:
    for field, got, want in zip(found._fields, found, wanted, strict=True):
        off = np.abs(np.asarray(got).astype(np.int16) - want)
        assert off.max() <= RSSN_LEVELS, field
        assert (off > 0).mean() <= RSSN_OTHER_SHARE, field


@needs_compiler
def test_batches_equal_the_cpus_whenever_the_gpu_comes_to_them() -> None:
    gpu = late()
    stage = RssnStage(gpu)
    batches = [drawn(count, seed) for seed, count in enumerate((3, 18, 2))]
    found = [stage.batch(*batch, SIZE_PX, trimap_px=9, rosta_px=20) for batch in batches]
    gpu.synchronise(gpu.record())
    for batch, got in zip(batches, found, strict=True):
        assert_alike(got, rssn_batch(*batch, SIZE_PX, trimap_px=9, rosta_px=20))


@needs_compiler
@pytest.mark.parametrize("elements_px", [(1, 126), (126, 2), (64, 65)])
def test_elements_of_every_size_dilate_alike(elements_px: tuple[int, int]) -> None:
    batch, gpu = drawn(2, seed=7), late()
    narrow, wide = elements_px
    found = RssnStage(gpu).batch(*batch, SIZE_PX, trimap_px=narrow, rosta_px=wide)
    gpu.synchronise(gpu.record())
    wanted = rssn_batch(*batch, SIZE_PX, trimap_px=narrow, rosta_px=wide)
    for got, want in zip(found[3:], wanted[3:], strict=True):
        assert np.array_equal(got, want)


@needs_compiler
def test_a_batch_is_one_copy_and_seven_launches_for_sixteen_samples() -> None:
    batch, gpu = drawn(16), late()
    stage = RssnStage(gpu)
    stage.batch(*batch, SIZE_PX)
    gpu.synchronise(gpu.record())
    gpu.log.clear()
    stage.batch(*batch, SIZE_PX)
    assert gpu.log.count("upload") == 1
    assert len([name for name in gpu.log if name.startswith("augment.")]) == 7
    assert "table" not in gpu.log
    assert gpu.log.count("pinned") == 1  # the second of two buffers that take turns
    gpu.log.clear()
    stage.batch(*batch, SIZE_PX)
    assert "pinned" not in gpu.log


def test_only_what_a_crop_depends_on_goes_up() -> None:
    plan = SamplePlan(100, 200, 320, blur_px=20, denoise_background=3.0)
    asked = needed(plan, (1195, 1471), (1195, 1471), (25, 50))
    assert asked.foreground == ((200, 520), (100, 420))
    assert asked.background == ((188, 532), (88, 432))
    assert asked.matte == ((175, 545), (75, 445))
    half = needed(plan, (1195, 1471), (598, 736), (25, 50)).background
    assert half[0][0] >= 188 // 2 - 3
    assert half[0][1] <= 532 // 2 + 3


def test_patches_are_refused_where_they_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    fg, _, alpha, plans = drawn(1)
    patch = Patch(fg[0], 0, 0, *fg[0].shape[:2])
    with pytest.raises(ShapeError, match="lie on a GPU"):
        rssn_batch([patch], fg, alpha, plans, SIZE_PX)
    monkeypatch.setattr(runtime, "stand_in", HostCuda())
    with pytest.raises(ShapeError, match="as the foreground"):
        rssn_batch([patch._replace(height=3)], fg, alpha, plans, SIZE_PX)


@pytest.mark.cuda
def test_batches_on_a_gpu_equal_the_cpus() -> None:
    import cupy

    from streammat_kernels.staging import CupyStaging

    stream = cupy.cuda.Stream(non_blocking=True)
    stage = RssnStage(CupyStaging(stream))
    batches = [drawn(count, seed) for seed, count in enumerate((3, 18, 2))]
    found: list[Any] = [stage.batch(*batch, SIZE_PX) for batch in batches]
    stream.synchronize()
    assert "cupy" in sys.modules
    for batch, got in zip(batches, found, strict=True):
        assert_alike(got._make(part.get() for part in got), rssn_batch(*batch, SIZE_PX))
