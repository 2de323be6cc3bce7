"""Single ops on the CPU beside OpenCV, NumPy and pymatting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels import blur, colour, despill, finesse, motion, resize
from streammat_kernels.bands import Bands
from streammat_kernels.composite import premultiply
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import Workspace, guided_upsample
from streammat_kernels.layout import Family, PixelLayout
from streammat_kernels.planes import empty_planes
from streammat_kernels.temporal import TemporalState, smooth

from . import pictures
from .cpu_chains import (
    GAMMA,
    SMALL,
    OpenCvSmoothing,
    guided_filter,
    opencv_fusion,
    rgb_to_yuv_matrix,
    stacked,
    to_codes,
    yuv_to_rgb_matrix,
)
from .cpu_closed_form import redrawn
from .cpu_despeckle import despeckled
from .cpu_foreground import foreground
from .opencv import cv2
from .pictures import COLOUR, NETWORK, YUV8
from .trial import Case, Size, Trial

__all__ = ["ops"]

Sets = Callable[[int], int]
PRORES = PixelLayout(Family.PLANAR, 1, 1, bits=12, alpha=True)
DEEP = PixelLayout(bits=10)
GUIDED_MS = 5.0
BILINEAR = (
    "two neighbours are gathered for each of 288 x 1920 samples, which AVX2 does not do in "
    "vectors: 0.55 M x 4 cycles = 0.6 ms, on top of the 0.6 ms that 8.3 MB of float32 take to be "
    "written. Only strategies of several passes use it"
)
FINESSE = (
    "OpenCV's dilation knows whole pixels: a maximum of 16-bit codes in a 5x5 window. Ours is a "
    "disc of any radius: per step 16 directions x 4 weights in float32 near the edge, and five "
    "passes that read and write 8.3 MB each, 83 MB = 5.5 ms at one core's 15 GB/s"
)
FOREGROUND_TIMES = 4.0


def ops(bands: Bands | None) -> list[Case]:
    """Every op; sizes are left out where a library takes minutes."""
    return [
        Case("colour.to_rgb 8 bit", "op", lambda s, n: _to_rgb(s, n, bands)),
        Case("colour.from_rgb 8 bit", "op", lambda s, n: _from_rgb(s, n, bands)),
        Case("colour.convert 8 to 10 bit", "op", lambda s, n: _convert(s, n, DEEP, bands)),
        Case("colour.convert to 4:4:4, alpha", "op", lambda s, n: _convert(s, n, PRORES, bands)),
        Case("resize.area", "op", lambda s, n: _area(s, n, bands)),
        Case("resize.bilinear", "op", lambda s, n: _bilinear(s, n, bands), exception=BILINEAR),
        Case("fusion.fuse", "op", _fuse, sizes=("1080p",)),
        Case("closed_form.closed_form of a photograph", "op", redrawn, sizes=("1080p",)),
        Case("guided.guided_upsample", "op", lambda s, n: _guided(s, n, bands), limit_ms=GUIDED_MS),
        Case("motion.estimate", "op", _motion),
        Case("temporal.smooth, motion left out", "op", lambda s, n: _smooth(s, n, bands)),
        Case("temporal.smooth", "op", lambda s, n: _follow(s, n, bands)),
        Case("finesse.finesse", "op", lambda s, n: _finesse(s, n, bands), exception=FINESSE),
        Case("despeckle.despeckle", "op", despeckled),
        Case("despill.despill", "op", lambda s, n: _despill(s, n, bands)),
        Case("composite.premultiply", "op", lambda s, n: _premultiply(s, n, bands)),
        Case("blur.blur_background", "op", lambda s, n: _blur(s, n, bands)),
        Case(
            "foreground.estimate_foreground",
            "op",
            lambda s, n: foreground(s, n, bands),
            sizes=("720p", "1080p"),
            times=FOREGROUND_TIMES,
        ),
    ]  # fmt: skip


def _copies(array: NDArray[Any], number: int) -> list[NDArray[Any]]:
    return [array.copy() for _ in range(number)]


def _interleaved(rgb: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(rgb.transpose(1, 2, 0))


def _nbytes(planes: Sequence[NDArray[Any]]) -> int:
    return sum(plane.nbytes for plane in planes)


def _to_rgb(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    planes, rgb = pictures.yuv(size.height, size.width), pictures.rgb(size.height, size.width)
    count = _nbytes(planes) + rgb.nbytes
    number = sets(count)
    sources = [tuple(plane.copy() for plane in planes) for _ in range(number)]
    joined, out = [stacked(planes) for planes in sources], _copies(rgb, number)
    result = _copies(_interleaved(rgb), number)
    matrix, full = yuv_to_rgb_matrix(), (size.width, size.height)

    def opencv(index: int) -> None:
        luma, *chroma = sources[index]
        wide = [cv2.resize(plane, full, interpolation=cv2.INTER_LINEAR) for plane in chroma]
        cv2.transform(cv2.merge([luma, *wide]), matrix, result[index])

    def repeated(index: int) -> None:
        cv2.cvtColor(joined[index], cv2.COLOR_YUV2RGB_I420, result[index])

    return Trial(
        lambda i: colour.to_rgb(sources[i], YUV8, COLOUR, out[i], bands=bands),
        count,
        {"opencv, chroma interpolated": opencv},
        {
            "opencv, chroma repeated": lambda i: cv2.cvtColor(
                joined[i], cv2.COLOR_YUV2RGB_I420, result[i]
            )
        },
    )


def _from_rgb(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    rgb = pictures.rgb(size.height, size.width)
    planes = pictures.yuv(size.height, size.width)
    count = _nbytes(planes) + rgb.nbytes
    number = sets(count)
    sources, joined = _copies(rgb, number), _copies(_interleaved(rgb), number)
    out = [empty_planes(YUV8, size.height, size.width) for _ in range(number)]
    result = [stacked(planes) for _ in range(number)]
    half = -(-size.width // 2), -(-size.height // 2)
    matrix = rgb_to_yuv_matrix()

    def opencv(index: int) -> None:
        luma, *chroma = cv2.split(cv2.transform(joined[index], matrix))
        out[index][0][...] = luma
        for plane, target in zip(chroma, out[index][1:], strict=True):
            target[...] = cv2.resize(plane, half, interpolation=cv2.INTER_AREA)

    def picked(index: int) -> None:
        cv2.cvtColor(joined[index], cv2.COLOR_RGB2YUV_I420, result[index])

    return Trial(
        lambda i: colour.from_rgb(sources[i], YUV8, COLOUR, out[i], bands=bands),
        count,
        {"opencv, chroma averaged": opencv},
        {
            "opencv, chroma picked": lambda i: cv2.cvtColor(
                joined[i], cv2.COLOR_RGB2YUV_I420, result[i]
            )
        },
    )


def _convert(size: Size, sets: Sets, layout: PixelLayout, bands: Bands | None) -> Trial:
    planes = pictures.yuv(size.height, size.width)
    alpha = pictures.alpha(size.height, size.width)
    out = [empty_planes(layout, size.height, size.width)]
    count = _nbytes(planes) + _nbytes(out[0]) + (alpha.nbytes if layout.alpha else 0)
    number = sets(count)
    out += [empty_planes(layout, size.height, size.width) for _ in range(number - 1)]
    sources = [tuple(plane.copy() for plane in planes) for _ in range(number)]
    mattes = _copies(alpha, number) if layout.alpha else [None] * number
    gain, peak = float(1 << (layout.bits - 8)), (1 << layout.bits) - 1

    def opencv(index: int) -> None:
        for source, target in zip(sources[index], out[index], strict=False):
            wide = source
            if source.shape != target.shape:
                full = target.shape[1], target.shape[0]
                wide = cv2.resize(source, full, interpolation=cv2.INTER_LINEAR)
            cv2.multiply(wide, gain, dst=target, dtype=cv2.CV_16U)
        if layout.alpha:
            cv2.multiply(mattes[index], peak / 65535, dst=out[index][-1], dtype=cv2.CV_16U)

    def ours(index: int) -> None:
        colour.convert(
            sources[index], YUV8, COLOUR, layout, COLOUR, out[index], alpha=mattes[index],
            bands=bands,
        )  # fmt: skip

    return Trial(ours, count, {"opencv": opencv})


def _area(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    luma, small = pictures.yuv(size.height, size.width)[0], np.empty(NETWORK, np.uint8)
    sources = _copies(np.ascontiguousarray(luma), sets(luma.nbytes))
    return Trial(
        lambda i: resize.area(sources[i], small, bands=bands),
        luma.nbytes + small.nbytes,
        {"opencv": lambda i: cv2.resize(sources[i], SMALL, small, interpolation=cv2.INTER_AREA)},
    )


def _bilinear(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    small = pictures.glance_and_focus()[1]
    full = np.zeros((size.height, size.width), np.float32)
    out, shape = _copies(full, sets(full.nbytes)), (size.width, size.height)
    return Trial(
        lambda i: resize.bilinear(small, out[i], bands=bands),
        full.nbytes + small.nbytes,
        {"opencv": lambda i: cv2.resize(small, shape, out[i], interpolation=cv2.INTER_LINEAR)},
    )


def _fuse(size: Size, sets: Sets) -> Trial:
    del size
    glance, focus = pictures.glance_and_focus()
    count = glance.nbytes + 2 * focus.nbytes
    number = sets(count)
    glances, focuses = _copies(glance, number), _copies(focus, number)
    out, zero, one = _copies(focus, number), np.zeros_like(focus), np.ones_like(focus)

    def numpy(index: int) -> None:
        np.choose(glances[index].argmax(axis=0), [zero, focuses[index], one], out=out[index])

    return Trial(
        lambda i: fuse(glances[i], focuses[i], "tt", out[i]),
        count,
        {"numpy": numpy, "opencv": lambda i: opencv_fusion(glances[i], focuses[i])},
    )


def _guided(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    luma, *chroma = (np.ascontiguousarray(plane) for plane in pictures.yuv(size.height, size.width))
    small = opencv_fusion(*pictures.glance_and_focus())
    alpha = pictures.alpha(size.height, size.width)
    number = sets(luma.nbytes + alpha.nbytes)
    lumas, out = _copies(luma, number), _copies(alpha, number)
    workspace = Workspace(*NETWORK, size.height, size.width)

    def ours(index: int) -> None:
        planes = (lumas[index], *chroma)
        guided_upsample(small, planes, YUV8, out[index], workspace=workspace, bands=bands)

    return Trial(
        ours,
        luma.nbytes + small.nbytes + alpha.nbytes,
        {"opencv": lambda i: to_codes(guided_filter(lumas[i], small))},
    )


def _motion(size: Size, sets: Sets) -> Trial:
    """Of maps of 4x4 blocks, as smoothing asks for it, beside OpenCV's fastest dense flow."""
    luma = pictures.yuv(size.height, size.width)[0]
    small = size.width // 4, size.height // 4
    bytes_moved = 4 * 4 * small[0] * small[1]
    number = sets(bytes_moved)
    codes = [
        np.asarray(cv2.resize(plane, small, interpolation=cv2.INTER_AREA))
        for plane in pictures.moving(luma, number)
    ]
    maps, out = [plane.astype(np.float32) for plane in codes], np.empty((2, *small[::-1]), "f4")
    workspace = motion.Workspace(*small[::-1])
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    return Trial(
        lambda i: motion.estimate(maps[i - 1], maps[i], 0.0, out, workspace=workspace),
        bytes_moved,
        {"opencv DIS": lambda i: flow.calc(codes[i], codes[i - 1], None)},
    )


def _smooth(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    luma, *chroma = (np.ascontiguousarray(plane) for plane in pictures.yuv(size.height, size.width))
    alpha = pictures.alpha(size.height, size.width)
    count = luma.nbytes + 2 * alpha.nbytes + 2 * 2 * alpha.nbytes  # the memory is float32
    number = sets(count)
    lumas, mattes, out = _copies(luma, number), _copies(alpha, number), _copies(alpha, number)
    states: list[TemporalState | None] = [None] * number
    opencv = [OpenCvSmoothing(size, follow=False) for _ in range(number)]

    def ours(index: int) -> None:
        planes = (lumas[index], *chroma)
        given = mattes[index], planes, YUV8, states[index], out[index]
        states[index] = smooth(*given, follow=False, bands=bands)

    return Trial(ours, count, {"opencv": lambda i: opencv[i].smooth(mattes[i], lumas[i])})


def _follow(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    luma, *chroma = (np.ascontiguousarray(plane) for plane in pictures.yuv(size.height, size.width))
    alpha = pictures.alpha(size.height, size.width)
    count = luma.nbytes + 2 * alpha.nbytes + 2 * 2 * 2 * alpha.nbytes  # the memory moves, too
    number = sets(count)
    lumas, mattes = pictures.moving(luma, number), pictures.moving(alpha, number)
    out, opencv = _copies(alpha, number), OpenCvSmoothing(size, follow=True)
    state: TemporalState | None = None

    def ours(index: int) -> None:
        nonlocal state
        planes = (lumas[index], *chroma)
        state = smooth(mattes[index], planes, YUV8, state, out[index], bands=bands)

    return Trial(ours, count, {"opencv": lambda i: opencv.smooth(mattes[i], lumas[i])})


def _finesse(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    alpha = pictures.alpha(size.height, size.width)
    number = sets(2 * alpha.nbytes)
    sources, out = _copies(alpha, number), _copies(alpha, number)
    workspace = finesse.Workspace(size.height, size.width)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))

    def ours(index: int) -> None:
        finesse.finesse(
            sources[index], out[index], grow_px=2, feather_px=4, workspace=workspace, bands=bands
        )

    def opencv(index: int) -> None:
        cv2.GaussianBlur(cv2.dilate(sources[index], disc), (13, 13), 2.0, out[index])

    return Trial(ours, 2 * alpha.nbytes, {"opencv": opencv})


def _wide(size: Size, sets: Sets) -> tuple[list[NDArray[Any]], list[NDArray[Any]], Any, int]:
    """16-bit R'G'B' sources and outputs, alphas, and the bytes of one set."""
    rgb = pictures.rgb(size.height, size.width).astype(np.uint16) * np.uint16(257)
    alpha = pictures.alpha(size.height, size.width)
    count = 2 * rgb.nbytes + alpha.nbytes
    number = sets(count)
    return _copies(rgb, number), _copies(rgb, number), _copies(alpha, number), count


def _despill(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    sources, out, mattes, count = _wide(size, sets)

    def opencv(index: int) -> None:
        red, green, blue = sources[index]
        limit = cv2.addWeighted(red, 0.5, blue, 0.5, 0.0)
        share = cv2.multiply(cv2.subtract(65535.0, mattes[index]), 8 / 65535, dtype=cv2.CV_32F)
        spill = cv2.multiply(cv2.subtract(green, limit), cv2.min(share, 1.0), dtype=cv2.CV_16U)
        out[index][0], out[index][2] = red, blue
        cv2.subtract(green, spill, out[index][1])

    return Trial(
        lambda i: despill.despill(sources[i], mattes[i], out[i], bands=bands),
        count,
        {"opencv": opencv},
    )


def _premultiply(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    sources, out, mattes, count = _wide(size, sets)

    def opencv(index: int) -> None:
        share = cv2.multiply(mattes[index], 1 / 65535, dtype=cv2.CV_32F)
        factor = cv2.pow(share, 1 / GAMMA)  # a pure power: alpha may come before the curve
        for channel in range(3):
            cv2.multiply(sources[index][channel], factor, out[index][channel], 1.0, cv2.CV_16U)

    return Trial(
        lambda i: premultiply(sources[i], mattes[i], out[i], bands=bands), count, {"opencv": opencv}
    )


def _blur(size: Size, sets: Sets, bands: Bands | None) -> Trial:
    planes, alpha = pictures.yuv(size.height, size.width), pictures.alpha(size.height, size.width)
    count = 2 * _nbytes(planes) + alpha.nbytes
    number = sets(count)
    sources = [tuple(plane.copy() for plane in planes) for _ in range(number)]
    joined, mattes = [stacked(planes) for planes in sources], _copies(alpha, number)
    out = [empty_planes(YUV8, size.height, size.width) for _ in range(number)]
    workspace = blur.Workspace(size.height, size.width)
    light = ((np.arange(256) / 255.0) ** GAMMA).astype(np.float32)
    window = (size.height // 40 * 2 + 1,) * 2  # a disc of about the same size

    def ours(index: int) -> None:
        blur.blur_background(
            sources[index],
            YUV8,
            COLOUR,
            mattes[index],
            out[index],
            workspace=workspace,
            bands=bands,
        )

    def opencv(index: int) -> None:
        picture = cv2.LUT(cv2.cvtColor(joined[index], cv2.COLOR_YUV2RGB_I420), light)
        clear = cv2.max(
            cv2.add(1.0, cv2.multiply(mattes[index], -8 / 65535, dtype=cv2.CV_32F)), 0.0
        )
        weighted = picture * clear[..., None]
        mixed = cv2.blur(weighted, window) / (cv2.blur(clear, window)[..., None] + 1e-4)
        codes = cv2.multiply(cv2.pow(mixed, 1 / GAMMA), 255.0, dtype=cv2.CV_8U)
        cv2.cvtColor(codes, cv2.COLOR_RGB2YUV_I420)

    return Trial(ours, count, {"opencv": opencv})
