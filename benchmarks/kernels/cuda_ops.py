"""What is timed on a GPU: every kernel of the hot path, and a frame from end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from streammat_kernels import (
    blur,
    closed_form,
    colour,
    composite,
    despeckle,
    despill,
    finesse,
    foreground,
    fusion,
    guided,
    light,
    lut,
    merge,
    motion,
    refine,
    resize,
    temporal,
)
from streammat_kernels.layout import Family, PixelLayout
from streammat_kernels.planes import empty_planes

from . import pictures
from .pictures import COLOUR, NETWORK, YUV8
from .trial import Case, Size, Step, Trial

__all__ = ["chains", "ops"]

Move = Callable[[Any], Any]  # a NumPy array to the device
Sets = Callable[[int], int]
NV12 = PixelLayout(Family.SEMIPLANAR)
P010 = PixelLayout(Family.SEMIPLANAR, bits=10, shift=6)
FRAME_MS, FOREGROUND_MS = 0.06, 1.0
ELEMENTWISE = 0.80  # of a copy of the same bytes at 2160p


class Frames:
    """Pictures of a size on the device, as many sets as rotate."""

    def __init__(self, size: Size, move: Move) -> None:
        self.height, self.width = size.height, size.width
        self._move = move

    def planes(self, layout: PixelLayout = YUV8) -> list[Any]:
        """The picture in the layout."""
        return [self._move(p) for p in pictures.yuv(self.height, self.width, layout)]

    def out(self, layout: PixelLayout = YUV8) -> Sequence[Any]:
        """Planes to fill."""
        return empty_planes(layout, self.height, self.width, self.alpha())

    def alpha(self) -> Any:
        """(H, W) uint16."""
        return self._move(pictures.alpha(self.height, self.width))

    def rgb(self, dtype: Any = np.uint8) -> Any:
        """(3, H, W), full scale."""
        rgb = pictures.rgb(self.height, self.width)
        return self._move(rgb if dtype is np.uint8 else rgb.astype(np.uint16) * 257)

    def maps(self) -> tuple[Any, Any]:
        """Glance and focus."""
        glance, focus = pictures.glance_and_focus()
        return self._move(glance), self._move(focus)

    def view(self) -> Any:
        """(3, h, w) float32 to fill."""
        return self._move(np.zeros((3, *NETWORK), np.float32))

    def seen(self) -> Any:
        """(3, h, w) float32, what the network sees."""
        return self._move(pictures.rgb(*NETWORK).astype(np.float32))

    def vectors(self, size: tuple[int, int]) -> Any:
        """(2, h, w) float32 to fill."""
        return self._move(np.zeros((2, *size), np.float32))

    def light(self) -> Any:
        """(65536,) float32, light of every code."""
        return self._move(np.linspace(0, 1, 1 << 16, dtype=np.float32))

    def half(self) -> Any:
        """(H, W) float16 to fill."""
        return self._move(np.zeros((self.height, self.width), np.float16))

    def sums(self) -> Any:
        """The workspace of RIM's merger."""
        return self._move(np.zeros(merge.WORKSPACE))

    def blocks(self) -> Any:
        """(H / 4, W / 4) float32, luma of the blocks that temporal smoothing compares."""
        luma = pictures.yuv(self.height, self.width)[0]
        return self._move(np.ascontiguousarray(luma[::4, ::4], np.float32))

    def cells(self) -> guided.Workspace:
        """A workspace of guided upsampling."""
        rows, columns = min(NETWORK[0], self.height), min(NETWORK[1], self.width)
        return guided.Workspace(rows, columns, self.height, self.width)


Setup = Callable[[Frames], tuple[Callable[[], object], list[Any]]]


def _case(name: str, move: Move, setup: Setup, **judged: Any) -> Case:
    """``setup`` makes one set: what to run, and the arrays that it has to read or write once."""

    def build(size: Size, sets: Sets) -> Trial:
        first, arrays = setup(Frames(size, move))
        count = sum(array.nbytes for array in arrays)
        number = sets(count)
        steps = [first, *(setup(Frames(size, move))[0] for _ in range(number - 1))]
        step: Step = lambda index: steps[index % number]()  # noqa: E731
        return Trial(step, count)

    return Case(name, "chain" if name.startswith("frame") else "op", build, **judged)


def chains(move: Move) -> list[Case]:
    """A frame before and after the network, without foreground.

    Without motion 1 + 4 launches; following it 1 + 16.
    """

    def frame(f: Frames, follow: bool) -> tuple[Callable[[], object], list[Any]]:
        planes, background, out = f.planes(NV12), f.planes(NV12), f.out(NV12)
        maps, view, alpha, cells = f.maps(), f.view(), f.alpha(), f.cells()
        how: Any = {"follow": follow, "workspace": cells}
        state = [refine.refine(*maps, planes, NV12, None, alpha, **how)]

        def run() -> None:
            resize.network_view(planes, NV12, COLOUR, view)
            state[0] = refine.refine(*maps, planes, NV12, state[0], alpha, **how)
            composite.over(planes, NV12, COLOUR, alpha, background, out)

        return run, [*planes, *background, *out, *maps, view, alpha]

    still, moving = (lambda f: frame(f, follow=False)), (lambda f: frame(f, follow=True))
    return [
        _case("frame: view, refine, over", move, still, limit_ms=FRAME_MS),
        _case("frame: view, refine following motion, over", move, moving),
    ]


def ops(move: Move) -> list[Case]:
    """Single ops."""
    near = {"copy_share": ELEMENTWISE}
    return [
        _case("colour.to_rgb NV12", move, _to_rgb, **near),
        _case("colour.from_rgb NV12", move, _from_rgb, **near),
        _case("colour.convert NV12 to P010", move, _convert, **near),
        _case("resize.network_view NV12", move, _view),
        _case("lut.apply of a cube", move, _lut, sizes=("1080p",)),
        _case("light.encode of half floats", move, _encode, **near),
        _case("light.to_half times alpha", move, _to_half, **near),
        _case("fusion.fuse", move, _fuse, sizes=("1080p",)),
        _case("merge.merge", move, _merge, sizes=("1080p",)),
        _case("closed_form.closed_form", move, _closed_form, sizes=("1080p",)),
        _case("guided.guided_upsample", move, _guided),
        _case("motion.estimate", move, _motion),
        _case("temporal.smooth", move, lambda f: _smooth(f, follow=False), **near),
        _case("temporal.smooth following motion", move, lambda f: _smooth(f, follow=True)),
        _case("refine.refine", move, _refine),
        _case("despeckle.despeckle", move, _despeckle),
        _case("finesse.finesse clip", move, _clip, **near),
        _case("finesse.finesse grow 2, feather 3", move, _finesse),
        _case("despill.despill", move, _despill, **near),
        _case("composite.over NV12", move, _over, **near),
        _case("composite.premultiply", move, _premultiply, **near),
        _case("blur.blur_background", move, _blur),
        _case("foreground.estimate_foreground", move, _foreground, limit_ms=FOREGROUND_MS),
    ]


Prepared = tuple[Callable[[], object], list[Any]]


def _to_rgb(f: Frames) -> Prepared:
    planes, out = f.planes(NV12), f.rgb()
    return lambda: colour.to_rgb(planes, NV12, COLOUR, out), [*planes, out]


def _from_rgb(f: Frames) -> Prepared:
    rgb, out = f.rgb(), f.out(NV12)
    return lambda: colour.from_rgb(rgb, NV12, COLOUR, out), [rgb, *out]


def _convert(f: Frames) -> Prepared:
    planes, out = f.planes(NV12), f.out(P010)
    return lambda: colour.convert(planes, NV12, COLOUR, P010, COLOUR, out), [*planes, *out]


def _view(f: Frames) -> Prepared:
    planes, view = f.planes(NV12), f.view()
    return lambda: resize.network_view(planes, NV12, COLOUR, view), [*planes, view]


def _lut(f: Frames) -> Prepared:
    view, steps = f.view(), np.linspace(0.0, 255.0, 33, dtype=np.float32)
    table = np.ascontiguousarray(np.stack(np.meshgrid(*[steps] * 3, indexing="ij"), axis=-1))
    cube = lut.Lut(table)
    return lambda: lut.apply(view, cube), [view, view]


def _fuse(f: Frames) -> Prepared:
    glance, focus = f.maps()
    out = f.maps()[1]
    return lambda: fusion.fuse(glance, focus, "tt", out), [glance, focus, out]


def _closed_form(f: Frames) -> Prepared:
    alpha, out, view = f.maps()[1], f.maps()[1], f.seen()
    workspace = closed_form.Workspace(*alpha.shape)
    return (
        lambda: closed_form.closed_form(alpha, view, out, workspace=workspace),
        [alpha, view, out],
    )


def _guided(f: Frames) -> Prepared:
    small, planes, out, cells = f.maps()[1], f.planes(), f.alpha(), f.cells()
    return (
        lambda: guided.guided_upsample(small, planes, YUV8, out, workspace=cells),
        [small, planes[0], out],
    )


def _motion(f: Frames) -> Prepared:
    before, now = f.blocks(), f.blocks()
    out = f.vectors(now.shape)
    workspace = motion.Workspace(*now.shape)
    return (
        lambda: motion.estimate(before, now, 1.0, out, workspace=workspace),
        [before, now, out],
    )


def _smooth(f: Frames, follow: bool) -> Prepared:
    alpha, planes = f.alpha(), f.planes()
    state = [temporal.smooth(alpha, planes, YUV8, None, follow=follow)]

    def run() -> None:
        state[0] = temporal.smooth(alpha, planes, YUV8, state[0], follow=follow)

    # Alpha and memory are read and written; where it moves, alpha once and memory twice more.
    again = [alpha, state[0].memory, state[0].memory] if follow else []
    return run, [alpha, alpha, planes[0], state[0].memory, state[0].memory, *again]


def _refine(f: Frames) -> Prepared:
    maps, planes, alpha, cells = f.maps(), f.planes(), f.alpha(), f.cells()
    state = [refine.refine(*maps, planes, YUV8, None, alpha, workspace=cells)]

    def run() -> None:
        state[0] = refine.refine(*maps, planes, YUV8, state[0], alpha, workspace=cells)

    return run, [*maps, planes[0], alpha, state[0].memory, state[0].memory]


def _despeckle(f: Frames) -> Prepared:
    alpha, out = f.alpha(), f.alpha()
    workspace = despeckle.Workspace(f.height, f.width, alpha)
    return (
        lambda: despeckle.despeckle(alpha, out, size_px=30, workspace=workspace),
        [alpha, out, workspace.labels, workspace.areas],
    )


def _clip(f: Frames) -> Prepared:
    alpha, out = f.alpha(), f.alpha()
    workspace = finesse.Workspace(1, 1, alpha)
    return (
        lambda: finesse.finesse(alpha, out, clip_black=0.1, workspace=workspace),
        [alpha, out],
    )


def _finesse(f: Frames) -> Prepared:
    alpha, out = f.alpha(), f.alpha()
    workspace = finesse.Workspace(f.height, f.width, alpha)
    return (
        lambda: finesse.finesse(alpha, out, grow_px=2, feather_px=3, workspace=workspace),
        [alpha, out],
    )


def _despill(f: Frames) -> Prepared:
    rgb, alpha, out = f.rgb(np.uint16), f.alpha(), f.rgb(np.uint16)
    return lambda: despill.despill(rgb, alpha, out), [rgb, alpha, out]


def _over(f: Frames) -> Prepared:
    planes, background, out, alpha = f.planes(NV12), f.planes(NV12), f.out(NV12), f.alpha()
    return (
        lambda: composite.over(planes, NV12, COLOUR, alpha, background, out),
        [*planes, *background, *out, alpha],
    )


def _premultiply(f: Frames) -> Prepared:
    rgb, alpha, out = f.rgb(np.uint16), f.alpha(), f.rgb(np.uint16)
    return lambda: composite.premultiply(rgb, alpha, out), [rgb, alpha, out]


def _blur(f: Frames) -> Prepared:
    planes, alpha, out = f.planes(), f.alpha(), f.out()
    workspace = blur.Workspace(f.height, f.width)
    return (
        lambda: blur.blur_background(planes, YUV8, COLOUR, alpha, out, workspace=workspace),
        [*planes, alpha, *out],
    )


def _foreground(f: Frames) -> Prepared:
    planes, alpha, out = f.planes(), f.alpha(), f.rgb(np.uint16)
    workspace = foreground.Workspace(f.height, f.width)
    return (
        lambda: foreground.estimate_foreground(
            planes, YUV8, COLOUR, alpha, out, workspace=workspace
        ),
        [*planes, alpha, out],
    )


def _encode(f: Frames) -> Prepared:
    alpha = f.alpha()
    values = (alpha / np.float32(65535)).astype(np.float16)
    return lambda: light.encode(values, alpha), [values, alpha]


def _to_half(f: Frames) -> Prepared:
    codes, alpha = f.alpha(), f.alpha()
    table, out = f.light(), f.half()
    return lambda: light.to_half(codes, table, out, alpha), [codes, alpha, out]


def _merge(f: Frames) -> Prepared:
    _, focus = f.maps()
    numbers = np.random.default_rng(0)
    shapes = ((16, 3), (16,), (4, 16), (16, 4), (16,), (1,))
    weights = merge.MergeWeights(*(numbers.standard_normal(shape) for shape in shapes))
    out, workspace = f.maps()[1], f.sums()
    return (
        lambda: merge.merge(focus, focus, focus, weights, out, workspace=workspace),
        [focus, focus, focus, out],
    )
