"""Arrays that lie on a GPU: the same results, the caller's stream and buffers, torch's memory."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import colour, composite, refine, resize
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, PixelLayout
from streammat_kernels.planes import empty_planes
from tests.kernels.pictures import random_planes
from tests.tolerances import FUSED_CODES, GPU_FRAME_CODES

pytestmark = pytest.mark.cuda
I420 = PixelLayout()
SIZE, SMALL = (216, 384), (96, 160)


def frame(seed: int) -> tuple[NDArray[Any], ...]:
    return random_planes(I420, *SIZE, seed)


def maps(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return rng.random((3, *SMALL), np.float32), rng.random(SMALL, np.float32)


def matted(move: Any) -> list[Any]:
    """The composite of three frames by way of all hot kernels; ``move`` says where."""
    state, found = None, []
    for seed in range(3):
        planes, background = ([move(p) for p in frame(s)] for s in (seed // 2, 9))
        glance, focus = (move(array) for array in maps(seed))
        view = move(np.empty((3, *SMALL), np.float32))
        alpha = move(np.empty(SIZE, np.uint16))
        out = empty_planes(I420, *SIZE, alpha)
        resize.network_view(planes, I420, Colour(), view)
        state = refine.refine(glance, focus, planes, I420, state, alpha)
        composite.over(planes, I420, Colour(), alpha, background, out)
        found += [alpha, *out]
    return found


def test_a_whole_frame_on_the_gpu_equals_that_of_the_cpu() -> None:
    import cupy

    for there, here in zip(matted(cupy.asarray), matted(np.asarray), strict=True):
        error = np.abs(there.get().astype(int) - here.astype(int)).max()
        assert error <= (GPU_FRAME_CODES if here.dtype == np.uint16 else FUSED_CODES)


def test_ops_run_on_the_callers_streams_side_by_side() -> None:
    import cupy

    expected = [plane.get() for plane in matted(cupy.asarray)]
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(2)]
    results = []
    for stream in streams:
        with stream:
            results.append(matted(cupy.asarray))
    for stream in streams:
        stream.synchronize()
    for result in results:
        assert all((a.get() == b).all() for a, b in zip(result, expected, strict=True))


def test_an_op_into_given_buffers_allocates_nothing_and_can_be_captured() -> None:
    import cupy

    planes = [cupy.asarray(plane) for plane in frame(0)]
    view: Any = cupy.empty((3, *SMALL), np.float32)
    resize.network_view(planes, I420, Colour(), view)  # compiles, and uploads the tables of a size
    expected = view.get()
    stream = cupy.cuda.Stream(non_blocking=True)
    pool = cupy.get_default_memory_pool()
    used = pool.used_bytes()
    view.fill(np.nan)
    cupy.cuda.Device().synchronize()
    with stream:
        stream.begin_capture()  # an allocation from the driver or a wait would end it
        resize.network_view(planes, I420, Colour(), view)
        graph = stream.end_capture()
        graph.launch(stream)
        stream.synchronize()
    assert pool.used_bytes() == used
    assert (view.get() == expected).all()


def test_torch_tensors_share_memory_and_stream() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available() and os.environ.get("STREAMMAT_REQUIRE_CUDA") != "1":
        pytest.skip("this torch has no CUDA")
    planes = frame(0)
    expected = colour.to_rgb(planes, I420, Colour())
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        out: Any = torch.zeros((3, *SIZE), dtype=torch.uint8, device="cuda")
        tensors: Any = [torch.from_numpy(np.ascontiguousarray(plane)).cuda() for plane in planes]
        given: Any = colour.to_rgb(tensors, I420, Colour(), out)
        assert given is out
    stream.synchronize()
    assert np.abs(given.cpu().numpy().astype(int) - expected).max() <= FUSED_CODES


def test_arrays_of_two_devices_are_refused() -> None:
    import cupy

    planes = [cupy.asarray(plane) for plane in frame(0)]
    with pytest.raises(ShapeError, match="out lies on the CPU, planes on cuda:0"):
        colour.to_rgb(planes, I420, Colour(), np.empty((3, *SIZE), np.uint8))


def test_padded_and_strided_planes_need_no_copy() -> None:
    import cupy

    planes = frame(0)
    wide = [cupy.zeros((plane.shape[0], plane.shape[1] + 13), plane.dtype) for plane in planes]
    for target, source in zip(wide, planes, strict=True):
        target[:, 5 : 5 + source.shape[1]] = cupy.asarray(source)
    views = [target[:, 5 : 5 + p.shape[1]] for target, p in zip(wide, planes, strict=True)]
    rgb: Any = colour.to_rgb(views, I420, Colour())
    found = rgb.get()
    expected = colour.to_rgb(planes, I420, Colour()).astype(int)
    assert np.abs(found - expected).max() <= FUSED_CODES
