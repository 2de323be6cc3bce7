"""Fused chains on the CPU beside the same chain of OpenCV calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.composite import over
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import Workspace, guided_upsample
from streammat_kernels.planes import empty_planes
from streammat_kernels.resize import network_view
from streammat_kernels.temporal import TemporalState, smooth

from . import pictures
from .opencv import cv2
from .pictures import COLOUR, NETWORK, YUV8
from .trial import Case, Size, Trial

__all__ = [
    "OpenCvSmoothing", "chains", "guided_filter", "opencv_fusion", "rgb_to_yuv_matrix", "stacked",
    "to_codes", "yuv_to_rgb_matrix",
]  # fmt: skip

Sets = Callable[[int], int]
SMALL = NETWORK[1], NETWORK[0]  # as OpenCV counts: width first
GAMMA = 2.4
GUIDED_EPS = 1e-4


def chains(bands: Bands | None) -> list[Case]:
    """Every chain, wanted at twice OpenCV's speed."""
    return [
        Case("planes to network view", "chain", lambda s, n: _view(s, n, bands), times=2.0),
        Case("network to full-size alpha", "chain", lambda s, n: _alpha(s, n, bands), times=2.0),
        Case(
            "network to smoothed alpha, motion left out",
            "chain",
            lambda s, n: _smoothed(s, n, bands, follow=False),
            times=2.0,
        ),
        Case(
            "network to smoothed alpha",
            "chain",
            lambda s, n: _smoothed(s, n, bands, follow=True),
            times=2.0,
        ),
        Case(
            "planes over colour, linear light", "chain", lambda s, n: _over(s, n, bands), times=2.0
        ),
    ]


def stacked(planes: tuple[NDArray[Any], ...]) -> NDArray[np.uint8]:
    """I420 as OpenCV takes it: one array of 3/2 H rows."""
    return np.concatenate([np.ascontiguousarray(plane).ravel() for plane in planes]).reshape(
        -1, planes[0].shape[1]
    )


def _view(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    planes = pictures.yuv(size.height, size.width)
    read = sum(plane.nbytes for plane in planes)
    number = sets(read)
    sources = [tuple(plane.copy() for plane in planes) for _ in range(number)]
    joined = [stacked(planes) for _ in range(number)]
    out = np.empty((3, *NETWORK), np.float32)

    def whole(index: int) -> None:
        rgb = cv2.cvtColor(joined[index], cv2.COLOR_YUV2RGB_I420)
        small = cv2.resize(rgb, SMALL, interpolation=cv2.INTER_AREA)
        cv2.split(small.astype(np.float32), list(out))

    matrix = yuv_to_rgb_matrix()

    def by_plane(index: int) -> None:
        small = [cv2.resize(p, SMALL, interpolation=cv2.INTER_AREA) for p in sources[index]]
        rgb = cv2.transform(cv2.merge(small).astype(np.float32), matrix)
        cv2.split(cv2.min(cv2.max(rgb, 0.0), 255.0), list(out))

    return Trial(
        lambda index: network_view(sources[index], YUV8, COLOUR, out, bands=bands),
        read + out.nbytes,
        {"opencv, picture first": whole, "opencv, planes first": by_plane},
    )


def yuv_to_rgb_matrix() -> NDArray[np.float32]:
    """(3, 4): limited BT.709 codes and 1 to R'G'B' 0..255."""
    scale, chroma = 255 / 219, 255 / 224
    rows = np.array(
        [
            [scale, 0.0, 1.5748 * chroma],
            [scale, -0.18732 * chroma, -0.46812 * chroma],
            [scale, 1.8556 * chroma, 0.0],
        ]
    )
    offset = -rows @ np.array([16.0, 128.0, 128.0])
    return np.column_stack([rows, offset]).astype(np.float32)


def rgb_to_yuv_matrix() -> NDArray[np.float32]:
    """(3, 4): R'G'B' 0..255 and 1 to limited BT.709 codes."""
    forward = yuv_to_rgb_matrix().astype(np.float64)
    inverse = np.linalg.inv(forward[:, :3])
    return np.column_stack([inverse, -inverse @ forward[:, 3]]).astype(np.float32)


def guided_filter(luma: NDArray[np.uint8], small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fast guided filter (He & Sun, arXiv:1505.00996) of alpha by luma, radius 1, in OpenCV."""
    window = (3, 3)
    guide = cv2.resize(luma, SMALL, interpolation=cv2.INTER_AREA).astype(np.float32) * (1 / 255)
    mean_guide, mean_alpha = cv2.blur(guide, window), cv2.blur(small, window)
    covariance = cv2.blur(guide * small, window) - mean_guide * mean_alpha
    variance = cv2.blur(guide * guide, window) - mean_guide * mean_guide
    slope = covariance / (variance + GUIDED_EPS)
    offset = mean_alpha - slope * mean_guide
    full = luma.shape[1], luma.shape[0]
    slope = cv2.resize(cv2.blur(slope, window), full, interpolation=cv2.INTER_LINEAR)
    offset = cv2.resize(cv2.blur(offset, window), full, interpolation=cv2.INTER_LINEAR)
    result = cv2.multiply(slope, luma, scale=1 / 255, dtype=cv2.CV_32F)
    return np.asarray(cv2.add(result, offset, dst=result))


def opencv_fusion(glance: NDArray[np.float32], focus: NDArray[np.float32]) -> Any:
    """The trimap's way with OpenCV's comparisons."""
    black, band, white = glance
    alpha = focus.copy()
    sure_white = cv2.compare(white, cv2.max(black, band), cv2.CMP_GT)
    sure_black = cv2.compare(black, cv2.max(band, white), cv2.CMP_GE)
    alpha[sure_white > 0], alpha[sure_black > 0] = 1.0, 0.0
    return alpha


def to_codes(alpha: NDArray[np.float32]) -> NDArray[np.uint16]:
    """0..1 to 0..65535, rounded and clipped."""
    return np.asarray(cv2.multiply(alpha, 65535.0, dtype=cv2.CV_16U))


class _Mattes:
    """Buffers of the chains that end with an alpha of full size."""

    def __init__(self, size: Size, sets: Sets, moving: bool = False) -> None:
        luma = np.ascontiguousarray(pictures.yuv(size.height, size.width)[0])
        self.read = luma.nbytes
        self.number = sets(luma.nbytes * 3)
        self.luma = [luma.copy() for _ in range(self.number)]
        if moving:
            self.luma = pictures.moving(luma, self.number)
        self.planes = [
            (plane, *(np.ascontiguousarray(c) for c in pictures.yuv(size.height, size.width)[1:]))
            for plane in self.luma
        ]
        shape = size.height, size.width
        self.out = [np.zeros(shape, np.uint16) for _ in range(self.number)]
        self.glance, self.focus = pictures.glance_and_focus()
        self.small = np.empty(NETWORK, np.float32)
        self.workspace = Workspace(*NETWORK, *shape)

    @property
    def bytes(self) -> int:
        """Of both network maps, luma and alpha."""
        return self.glance.nbytes + self.focus.nbytes + self.read + self.out[0].nbytes


def _alpha(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    its = _Mattes(size, sets)

    def ours(index: int) -> None:
        fuse(its.glance, its.focus, "tt", its.small)
        guided_upsample(
            its.small, its.planes[index], YUV8, its.out[index], workspace=its.workspace, bands=bands
        )

    def opencv(index: int) -> None:
        small = opencv_fusion(its.glance, its.focus)
        its.out[index] = to_codes(guided_filter(its.luma[index], small))

    return Trial(ours, its.bytes, {"opencv": opencv})


def _smoothed(size: Size, sets: Sets, bands: Bands | None, follow: bool) -> Trial:
    its = _Mattes(size, sets, moving=follow)
    state: TemporalState | None = None
    opencv_state = OpenCvSmoothing(size, follow)

    def ours(index: int) -> None:
        nonlocal state
        fuse(its.glance, its.focus, "tt", its.small)
        alpha, planes = its.out[index], its.planes[index]
        guided_upsample(its.small, planes, YUV8, alpha, workspace=its.workspace, bands=bands)
        state = smooth(alpha, planes, YUV8, state, follow=follow, bands=bands)

    def opencv(index: int) -> None:
        small = opencv_fusion(its.glance, its.focus)
        alpha = guided_filter(its.luma[index], small)
        opencv_state.smooth(alpha * 65535.0, its.luma[index])

    memory = 2 * 4 * size.height * size.width
    return Trial(ours, its.bytes + memory, {"opencv": opencv})


class OpenCvSmoothing:
    """Smoothing with OpenCV's calls: 4x4 block means gate an exponential mean.

    With ``follow`` the mean is first moved along the fastest of OpenCV's dense optical flows.
    """

    def __init__(self, size: Size, follow: bool) -> None:
        self.flow: Any = None
        if follow:
            self.flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self.places = np.stack(
            np.meshgrid(
                np.arange(size.width, dtype=np.float32), np.arange(size.height, dtype=np.float32)
            ),
            axis=2,
        )
        self.memory = np.zeros((size.height, size.width), np.float32)
        self.blocks = (size.width // 4, size.height // 4)
        self.previous = np.zeros(self.blocks[::-1], np.float32)

    def smooth(self, alpha: NDArray[Any], luma: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Alpha 0..65535 in, codes out; the memory is kept."""
        current = cv2.resize(luma, self.blocks, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self.flow is not None:
            self._move(current)
        change = cv2.dilate(cv2.absdiff(current, self.previous), np.ones((3, 3), np.uint8))
        still = cv2.threshold(4.5 - change, 1.0, 1.0, cv2.THRESH_TRUNC)[1]
        keep = 0.675 * cv2.max(still, 0.0)
        full = luma.shape[1], luma.shape[0]
        share = cv2.resize(keep, full, interpolation=cv2.INTER_NEAREST)
        difference = cv2.subtract(self.memory, alpha, dtype=cv2.CV_32F)
        self.memory = cv2.add(alpha, cv2.multiply(difference, share), dtype=cv2.CV_32F)
        self.previous = current
        return np.asarray(cv2.add(self.memory, 0.0, dtype=cv2.CV_16U))

    def _move(self, current: NDArray[np.float32]) -> None:
        now, before = (cv2.convertScaleAbs(blocks) for blocks in (current, self.previous))
        vectors = self.flow.calc(now, before, None)
        full = self.memory.shape[1], self.memory.shape[0]
        at = cv2.add(self.places, cv2.resize(cv2.multiply(vectors, (4.0, 4.0, 0, 0)), full))
        self.memory = np.asarray(cv2.remap(self.memory, at, None, cv2.INTER_LINEAR))
        y, x = (np.arange(count, dtype=np.float32) for count in current.shape)
        near = cv2.add(np.stack(np.meshgrid(x, y), axis=2), vectors)
        self.previous = np.asarray(cv2.remap(self.previous, near, None, cv2.INTER_LINEAR))


def _over(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    planes, alpha = pictures.yuv(size.height, size.width), pictures.alpha(size.height, size.width)
    count = 3 * sum(plane.nbytes for plane in planes) + alpha.nbytes
    number = sets(count)
    near = [tuple(plane.copy() for plane in planes) for _ in range(number)]
    far = [tuple(plane[:, ::-1].copy() for plane in planes) for _ in range(number)]
    mattes = [alpha.copy() for _ in range(number)]
    out = [empty_planes(YUV8, size.height, size.width) for _ in range(number)]
    near_joined = [stacked(planes) for planes in near]
    far_joined = [stacked(planes) for planes in far]
    light = ((np.arange(256) / 255.0) ** GAMMA).astype(np.float32)

    def blended(index: int) -> Any:
        front = cv2.LUT(cv2.cvtColor(near_joined[index], cv2.COLOR_YUV2RGB_I420), light)
        back = cv2.LUT(cv2.cvtColor(far_joined[index], cv2.COLOR_YUV2RGB_I420), light)
        share = cv2.multiply(mattes[index], 1 / 65535, dtype=cv2.CV_32F)
        return cv2.blendLinear(front, back, share, 1.0 - share)

    def by_power(index: int) -> None:
        codes = cv2.multiply(cv2.pow(blended(index), 1 / GAMMA), 255.0, dtype=cv2.CV_8U)
        cv2.cvtColor(codes, cv2.COLOR_RGB2YUV_I420)

    table = ((np.arange(4096) / 4095.0) ** (1 / GAMMA) * 255 + 0.5).astype(np.uint8)

    def by_table(index: int) -> None:
        places = cv2.multiply(blended(index), 4095.0, dtype=cv2.CV_16U)
        cv2.cvtColor(table.take(places), cv2.COLOR_RGB2YUV_I420)

    return Trial(
        lambda i: over(near[i], YUV8, COLOUR, mattes[i], far[i], out[i], bands=bands),
        count,
        {"opencv, power": by_power, "opencv and a numpy table": by_table},
    )
