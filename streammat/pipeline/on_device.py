"""A frame's whole way on a GPU: up, through network and kernels, and down, on one stream.

Planes are copied into pinned memory and uploaded; the view, the network, fusion, upsampling,
smoothing, finesse and the pictures of every output follow on the same stream; the pictures come
down into pinned memory. The one wait of a frame is for the event behind that. Device buffers are
made by the first frame and shared by all, as the stream runs them in turn; pinned ones belong to a
slot. Frames with scene values (EXR) get their network view on the CPU, and it is uploaded.

Untried on a GPU so far; the tests run it over the CUDA source built for the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streammat.matting.extent import Extent
from streammat.matting.frame_view import frame_view
from streammat.matting.touch_up import TouchUp
from streammat.matting.window import Window
from streammat.types import Alpha, Frame
from streammat_kernels.closed_form import Workspace as EdgesWorkspace
from streammat_kernels.closed_form import closed_form
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import Workspace, guided_upsample
from streammat_kernels.lut import Lut, apply
from streammat_kernels.planes import plane_shapes, sample_dtype
from streammat_kernels.refine import refine
from streammat_kernels.resize import network_view
from streammat_kernels.temporal import TemporalState, smooth

from .chain import QUEUE_DEPTH, background_stage
from .compose import Bench, draw
from .queue import BoundedQueue, Pool
from .runner import Runner
from .stage import Stage
from .work import Work

if TYPE_CHECKING:
    from .flow import Parts

__all__ = ["DeviceChain", "DeviceWay"]

SLOTS = 3  # one filled, one under way, one drawn into pictures


class _Buffers:
    """Arrays that are made when first asked for and kept."""

    def __init__(self, make: Callable[[tuple[int, ...], Any], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        """The array of that name; made anew for another shape or dtype."""
        found = self._made.get(name)
        if found is None or found.shape != shape or found.dtype != np.dtype(dtype):
            found = self._made[name] = self._make(shape, dtype)
        return found

    def like(self, name: str, array: Any) -> Any:
        """The array of that name, as large as ``array``."""
        return self.get(name, array.shape, array.dtype)


class _Slot:
    """What one frame under way has for itself."""

    def __init__(self, staging: Any) -> None:
        self.pinned = _Buffers(staging.pinned)
        self.pictures: list[list[NDArray[Any]]] = []
        self.verdict: NDArray[np.float32] | None = None
        self.fresh = False
        self.event: Any = None


class DeviceWay:
    """Computes one frame after the other; ``begin`` in order and from one thread.

    Args:
        parts: of the run; ``parts.network`` is given.
    """

    def __init__(self, parts: Parts) -> None:
        network = parts.network
        assert network is not None, "a device way needs a network on the device"
        self._parts, self._network, self._staging = parts, network, network.staging
        self._on_device = _Buffers(network.staging.empty)
        self._slots = [_Slot(network.staging) for _ in range(SLOTS)]
        self._state: TemporalState | None = None
        self._raw: Any = None
        content = network.size.content_height, network.size.content_width
        self._content = content
        seen = network.window or Window(0, 0, parts.width, parts.height)
        cells = min(content[0], seen.height), min(content[1], seen.width)
        self._workspace = Workspace(*cells, seen.height, seen.width)
        self._edges = EdgesWorkspace(*content)
        self._touch_up = TouchUp()
        self._bench = Bench(parts.height, parts.width, make=network.staging.empty)
        specs = network.engine.manifest.inputs, network.engine.manifest.outputs
        self._inputs, self._outputs = (
            {spec.name: self._on_device.get(spec.name, spec.shape, np.float32) for spec in part}
            for part in specs
        )

    def begin(self, work: Work, number: int) -> None:
        """Give everything that one frame needs to the stream and return."""
        frame, slot = work.frame, self._slots[number]
        view, guides = self._host_view(frame, slot), self._guides(frame)
        with self._staging.on_stream():
            there = replace(
                frame, planes=self._up(slot, "frame", frame.planes), scene=None, view=None
            )
            rgb = self._inputs["rgb"]
            if view is None:
                self._view(self._seen(there), frame.view, rgb[0])
            else:
                self._staging.upload(view, rgb)
            self._network.engine.submit(self._inputs, self._outputs)  # its ticket: our event below
            alpha = self._touched(slot, self._alpha(there, slot), guides)
            self._draw(there, alpha, work, slot)
            slot.event = self._staging.record()

    def wait(self, number: int) -> bool:
        """Wait for a frame; whether smoothing started afresh with it."""
        slot = self._slots[number]
        self._staging.synchronise(slot.event)
        cut = slot.verdict is not None and slot.verdict[1] != 0
        return slot.fresh or bool(cut)

    def fill(self, number: int, index: int, planes: Sequence[NDArray[Any]]) -> None:
        """Copy the picture of output ``index`` of a frame that was waited for."""
        for target, plane in zip(planes, self._slots[number].pictures[index], strict=True):
            np.copyto(target, plane)

    def _up(self, slot: _Slot, name: str, arrays: Sequence[NDArray[Any]]) -> tuple[Any, ...]:
        """The arrays on the device, copied there on the stream."""
        lifted = []
        for index, array in enumerate(arrays):
            pinned = slot.pinned.like(f"{name} {index}", array)
            there = self._on_device.like(f"{name} {index}", array)
            np.copyto(pinned, array)
            self._staging.upload(pinned, there)
            lifted.append(there)
        return tuple(lifted)

    def _host_view(self, frame: Frame, slot: _Slot) -> NDArray[np.float32] | None:
        """The view of plates that hold scene values, averaged as the light that they are."""
        if frame.scene is None:
            return None
        view: NDArray[np.float32] = slot.pinned.like("view", self._inputs["rgb"])
        frame_view(self._seen(frame), view[0], content=self._content)
        return view

    def _seen(self, frame: Frame) -> Frame:
        """What the network looks at."""
        window = self._network.window
        return frame if window is None else window.of(frame)

    def _view(self, there: Frame, table: Lut | None, out: Any) -> None:
        """The network's view of planes on the device; HDR and log plates go through their table."""
        network_view(there.planes, there.layout, there.colour, out, content=self._content)
        if table is not None:
            apply(out, table)

    def _guides(self, frame: Frame) -> dict[str, Alpha]:
        """Garbage and holdout mattes of this frame, which come from files."""
        touch = self._parts.touch
        if touch is None:
            return {}
        given = {"garbage": touch.garbage, "holdout": touch.holdout}
        return {name: at(frame) for name, at in given.items() if at is not None}

    def _alpha(self, there: Frame, slot: _Slot) -> Any:
        """Fused, its edges redrawn where wanted, upsampled and smoothed."""
        strength, planes, layout = self._parts.strength, there.planes, there.layout
        state = None if there.reset else self._state
        slot.fresh, slot.verdict = there.reset or (strength > 0 and state is None), None
        if strength == 0:
            return self._unsmoothed(there, slot)
        alpha = self._on_device.get("alpha", (there.height, there.width), np.uint16)
        if self._network.window is None:
            maps = self._outputs["glance"][0], self._outputs["focus"][0, 0]
            self._state = refine(
                *maps, planes, layout, state, alpha,
                mode=self._network.variant, strength=strength, content=self._content,
                rgb=self._inputs["rgb"][0] if self._network.redrawn else None,
                edges_workspace=self._edges, workspace=self._workspace,
            )  # fmt: skip
        else:
            raw = self._unsmoothed(there, slot)
            self._state = smooth(raw, planes, layout, state, alpha, strength=strength)
        slot.verdict = slot.pinned.get("verdict", (2,), np.float32)
        self._staging.download(self._state.verdict, slot.verdict)
        return alpha

    def _unsmoothed(self, there: Frame, slot: _Slot) -> Any:
        """Step by step; 0 around the window, where nobody ever writes."""
        seen, window, maps = self._seen(there), self._network.window, self._outputs
        small = self._on_device.like("small", maps["focus"][0, 0])
        fuse(maps["glance"][0], maps["focus"][0, 0], self._network.variant, small)
        if self._network.redrawn:
            rgb = self._inputs["rgb"][0]
            closed_form(small, rgb, small, content=self._content, workspace=self._edges)
        shape = there.height, there.width
        if self._raw is None or self._raw.shape != shape:
            empty = slot.pinned.get("raw", shape, np.uint16)
            empty.fill(0)
            self._raw = self._on_device.get("raw", shape, np.uint16)
            self._staging.upload(empty, self._raw)
        guided_upsample(
            small, seen.planes, seen.layout, window.within(self._raw) if window else self._raw,
            content=self._content, workspace=self._workspace,
        )  # fmt: skip
        return self._raw

    def _touched(self, slot: _Slot, alpha: Any, guides: dict[str, Alpha]) -> Any:
        touch = self._parts.touch
        if touch is None:
            return alpha
        there = {name: self._up(slot, name, (guide,))[0] for name, guide in guides.items()}
        return self._touch_up(
            alpha,
            self._on_device.like("touched", alpha),
            despeckle_px=touch.despeckle_px,
            grow_px=touch.grow_px,
            shrink_px=touch.shrink_px,
            feather_px=touch.feather_px,
            clip_black=touch.clip_black,
            clip_white=touch.clip_white,
            garbage=there.get("garbage"),
            holdout=there.get("holdout"),
            roi=touch.roi,
        )

    def _draw(self, there: Frame, alpha: Any, work: Work, slot: _Slot) -> None:
        """The pictures of all outputs, on their way down."""
        targets = self._parts.targets
        slot.pictures.clear()
        self._bench.begin()
        for index, target in enumerate(targets):
            given = work.backgrounds[index] if work.backgrounds else None
            behind = None if given is None else self._up(slot, f"background {index}", given)
            layout = target.sink.layout
            out = tuple(
                self._on_device.get(f"picture {index} {i}", shape, sample_dtype(layout))
                for i, shape in enumerate(plane_shapes(layout, there.height, there.width))
            )
            draw(target.plan, target.sink, out, there, alpha, behind, self._bench)
            slot.pictures.append([])
            for i, plane in enumerate(out):
                slot.pictures[-1].append(slot.pinned.like(f"picture {index} {i}", plane))
                self._staging.download(plane, slot.pictures[-1][-1])


class _Begin:
    """Gives a frame to the GPU."""

    name = "prepare"

    def __init__(self, way: DeviceWay, slots: Pool[int]) -> None:
        self._way, self._slots = way, slots

    def process(self, work: Work) -> Work:
        """Take a slot; the background, if any, is uploaded and no longer needed."""
        work.slot = self._slots.take()
        self._way.begin(work, work.slot)
        work.backgrounds = []
        return work


class _Wait:
    """Waits for the GPU."""

    name = "infer"

    def __init__(self, way: DeviceWay) -> None:
        self._way = way
        self.cuts: list[int] = []

    def process(self, work: Work) -> Work:
        """Fill in ``work.cut``."""
        work.cut = self._way.wait(work.slot)
        if work.cut and work.frame.index:
            self.cuts.append(work.frame.index)
        return work


class _Fill:
    """Copies what came down into the encoders' pictures."""

    name = "finish"

    def __init__(self, way: DeviceWay, parts: Parts, slots: Pool[int]) -> None:
        self._way, self._targets, self._slots = way, parts.targets, slots

    def process(self, work: Work) -> Work:
        """Fill in ``work.pictures`` and give the slot back."""
        for index, target in enumerate(self._targets):
            picture = target.sink.new_picture()
            self._way.fill(work.slot, index, picture.planes)
            work.pictures.append(picture)
        self._slots.give(work.slot)
        work.slot = -1
        return work


class DeviceChain:
    """background -> prepare (all of it) -> infer (the wait) -> finish; a `Chain`.

    Args:
        parts: of the run; ``parts.network`` is given.
    """

    def __init__(self, parts: Parts) -> None:
        way = DeviceWay(parts)
        self.slots = Pool(range(SLOTS))
        self._background = background_stage(parts.targets, parts.begin_seconds)
        self._wait = _Wait(way)
        self._rest: tuple[Stage[Work, Work], ...] = (
            _Begin(way, self.slots),
            self._wait,
            _Fill(way, parts, self.slots),
        )

    @property
    def stages(self) -> Sequence[Stage[Work, Work]]:
        """See `Chain.stages`."""
        return self._rest if self._background is None else (self._background, *self._rest)

    @property
    def cuts(self) -> Sequence[int]:
        """See `Chain.cuts`."""
        return self._wait.cuts

    @property
    def extent(self) -> Extent:
        """Nowhere: alphas do not come down from the GPU."""
        return Extent()

    def connect(
        self, runner: Runner, decoded: BoundedQueue[Work], pictures: Sequence[BoundedQueue[Work]]
    ) -> None:
        """See `Chain.connect`."""
        runner.adopt(self.slots)
        source = decoded
        for stage in self.stages[:-1]:
            sink = runner.queue(QUEUE_DEPTH)
            runner.stage(stage, source, sink)
            source = sink
        runner.stage(self.stages[-1], source, *pictures)
