"""Frames that stay on the GPU: pictures equal the CPU's, one wait a frame, nothing made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import streammat.pipeline.job as job_module
from streammat.catalogue.cards import find_model
from streammat.device import Device
from streammat.matting import CloserMatter, FrameMatter, GfmMatter
from streammat.matting.device_network import RunsOnDevice
from streammat.matting.fixed import FixedMatter
from streammat.matting.window import Rect, window_of
from streammat.media.reader import open_reader
from streammat.pipeline.flow import Flow, Parts
from streammat.pipeline.job import matte_file
from streammat.pipeline.on_device import SLOTS, DeviceWay
from streammat.pipeline.outputs import OutputPlan
from streammat.pipeline.refine import Finesse
from streammat.pipeline.stages import Target
from streammat.pipeline.work import Work
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Frame
from streammat_kernels.closed_form import FRAME
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer
from streammat_kernels.lut import Lut
from tests.clips import make_clip
from tests.gpu.late_gpu import LateGpu, fake_engine
from tests.kernels.host_cuda import COMPILER
from tests.pipeline.fakes import (
    GRAY16,
    HEIGHT,
    RGBA8,
    WIDTH,
    YUV,
    YUVA,
    FakeSink,
    FlatBackground,
    frame,
    sink_of,
)
from tests.tolerances import DEVICE_PICTURE_CODES, GUIDED_CODES

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")

SIZE = "32x32"
FRAMES = 5
KIND = OutputKind
FULL = Colour(full_range=True)
NV12, P010 = PixelLayout(Family.SEMIPLANAR), PixelLayout(Family.SEMIPLANAR, bits=10, shift=6)
GRAY8, RGB16 = PixelLayout(Family.GRAY, 1, 1), PixelLayout(Family.RGB, 1, 1, bits=16)


def coloured(index: int, layout: PixelLayout, reset: bool) -> Frame:
    """Noise in three large fields, so that the fake network sees all of its three classes."""
    made = frame(index, layout, reset)
    for number, plane in enumerate(made.planes):
        np.left_shift(plane, layout.shift, out=plane)
        third = plane.shape[1] // 3
        plane[:, :third] //= 4 if number == 0 else 1
        plane[:, 2 * third :] = plane[:, 2 * third :] // 4 * (3 if number else 1)
    return made


def clip(layout: PixelLayout = YUV, **changes: Any) -> Iterator[Frame]:
    for index in range(FRAMES):
        yield replace(coloured(index // 2, layout, index == 0), index=index, **changes)


def parts(
    targets: list[Target], frames: Iterator[Frame], matter: FrameMatter, **options: Any
) -> Parts:
    return Parts(frames, HEIGHT, WIDTH, matter, targets, **options)


def matter_on_device(opened: list[LateGpu], size: str = SIZE, *, redrawn: bool = True) -> GfmMatter:
    card: Any = type("Card", (), {"variant": "tt", "name": "fake", "path": "fake"})()
    return GfmMatter(
        card,
        size,
        redrawn=redrawn,
        open_engine=lambda card, w, h: fake_engine(card, w, h, opened),
    )


def both(
    make_targets: Any,
    layout: PixelLayout = YUV,
    changes: Any = None,
    redrawn: bool = True,
    roi: Rect | None = None,
    **options: Any,
) -> tuple[list[Target], list[Target], Flow]:
    """The outputs of the CPU's way (the network's maps go down to it) and of the GPU's."""
    results = []
    for on_device in (False, True):
        targets, opened = make_targets(), list[LateGpu]()
        plain = matter_on_device(opened, redrawn=redrawn)
        matter = plain if roi is None else CloserMatter(plain, roi)
        matter.warm_up(HEIGHT, WIDTH)
        network = matter.device_network() if on_device else None
        run = Flow(
            parts(targets, clip(layout, **(changes or {})), matter, network=network, **options)
        )
        run.run()
        matter.close()
        results.append(targets)
    return results[0], results[1], run


def worst(here: list[Target], there: list[Target]) -> list[int]:
    """The largest difference of any sample, for each output."""
    found = []
    for one, other in zip(here, there, strict=True):
        pairs = list(zip(sink_of(one).written, sink_of(other).written, strict=True))
        assert len(pairs) == FRAMES
        error = 0
        for (index, pts, planes), (other_index, other_pts, others) in pairs:
            assert (index, pts) == (other_index, other_pts)
            for a, b in zip(planes, others, strict=True):
                error = max(error, int(np.abs(a.astype(int) - b.astype(int)).max()))
        found.append(error)
    return found


def alpha_target() -> Target:
    sink = FakeSink(layout=GRAY16, colour=FULL, wants=KIND.ALPHA)
    return Target(OutputPlan("a.png", KIND.ALPHA), sink)


def composite(layout: PixelLayout = YUV, **plan: Any) -> Target:
    plan = {"background": "#202020", **plan}
    opaque = replace(layout, alpha=False)
    behind = None if plan["background"].startswith("blur") else FlatBackground(opaque)
    return Target(OutputPlan("c.mp4", KIND.COMPOSITE, **plan), FakeSink(layout=layout), behind)


@pytest.mark.parametrize("layout", [YUV, NV12, P010, GRAY8, RGB16, PixelLayout(bits=10)], ids=str)
def test_alpha_and_composite_equal_those_of_the_cpu(layout: PixelLayout) -> None:
    here, there, run = both(lambda: [alpha_target(), composite(layout)], layout, strength=0.75)
    alpha, picture = worst(here, there)
    written = sink_of(there[0]).written[-1][2][0]
    assert written.any() or layout is GRAY8  # all of its classes are equal
    assert alpha <= 2 * GUIDED_CODES  # each within that of the definition
    rounding = 2 * GUIDED_CODES if layout.bits == 16 else DEVICE_PICTURE_CODES << layout.shift
    assert picture <= rounding
    assert run.chain.cuts == []


def test_every_kind_of_output_is_drawn_on_the_device() -> None:
    def targets() -> list[Target]:
        rgba = FakeSink(layout=RGBA8, colour=FULL, wants=KIND.RGBA)
        deep = FakeSink(layout=YUVA, wants=KIND.RGBA)
        return [
            Target(OutputPlan("s.png", KIND.RGBA), rgba),
            Target(OutputPlan("e.mov", KIND.RGBA, estimated=True), deep),
            Target(
                OutputPlan("p.png", KIND.RGBA, premultiplied=True),
                FakeSink(layout=RGBA8, colour=FULL, wants=KIND.RGBA),
            ),
            composite(background="blur"),
            composite(estimated=True, despill=0.7, screen="blue"),
            composite(YUVA),
        ]

    here, there, _ = both(targets, strength=0.75)
    plain, deep, multiplied, blurred, despilled, converted = worst(here, there)
    assert max(plain, multiplied, blurred, converted) <= DEVICE_PICTURE_CODES
    assert max(deep, despilled) <= DEVICE_PICTURE_CODES


def test_finesse_with_mattes_from_files_and_a_region() -> None:
    def guide(value: Frame) -> Any:
        guides = np.zeros((HEIGHT, WIDTH), np.uint16)
        guides[: 3 + value.index, 4:9] = 65535
        return guides

    touch = Finesse(grow_px=1.5, feather_px=1.0, garbage=guide, holdout=guide, roi=(2, 1, 27, 15))
    here, there, _ = both(lambda: [alpha_target()], strength=0.5, touch=touch)
    assert worst(here, there)[0] <= DEVICE_PICTURE_CODES
    last = sink_of(there[0]).written[-1][2][0]
    assert not last[:7, 4:9].any()
    assert not last[:, :2].any()


@pytest.mark.parametrize("strength", [0.0, 0.75])
def test_islands_are_taken_out_as_on_the_cpu(strength: float) -> None:
    found = []
    for touch in (None, Finesse(despeckle_px=9, clip_black=0.4)):
        here, there, _ = both(lambda: [alpha_target()], strength=strength, touch=touch)
        assert worst(here, there)[0] <= DEVICE_PICTURE_CODES
        found.append(sink_of(there[0]).written[-1][2][0])
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("strength", [0.0, 0.75])
def test_edges_as_the_network_says_and_redrawn(strength: float) -> None:
    found = []
    for redrawn in (False, True):
        here, there, _ = both(lambda: [alpha_target()], redrawn=redrawn, strength=strength)
        assert worst(here, there)[0] <= 2 * GUIDED_CODES
        found.append(sink_of(there[0]).written[-1][2][0])
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("strength", [0.0, 0.75])
@pytest.mark.parametrize("layout", [YUV, NV12], ids=str)
def test_a_region_is_seen_closer_as_on_the_cpu(strength: float, layout: PixelLayout) -> None:
    roi = (10, 4, 8, 8)
    here, there, _ = both(lambda: [alpha_target()], layout, roi=roi, strength=strength)
    assert worst(here, there)[0] <= 2 * GUIDED_CODES
    window, last = window_of(roi, HEIGHT, WIDTH), sink_of(there[0]).written[-1][2][0].copy()
    assert window is not None
    assert last.any()
    window.within(last)[:] = 0
    assert not last.any()


@pytest.mark.parametrize("is_scene", [False, True])
def test_the_view_of_hdr_and_of_scene_values_goes_through_its_table(is_scene: bool) -> None:
    table = np.linspace(0, 255, 17 * 3, dtype=np.float32).reshape(17, 3)
    changes: dict[str, Any] = {"view": Lut(table, log=True), "colour": Colour(transfer=Transfer.PQ)}
    if is_scene:
        light = np.linspace(0, 1.5, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
        changes["scene"] = (light, light[::-1].copy(), light[:, ::-1].copy())

    def targets() -> list[Target]:
        sink = FakeSink(colour=Colour(transfer=Transfer.PQ))
        plan = OutputPlan("c.mp4", KIND.COMPOSITE, background="#000000")
        return [alpha_target(), Target(plan, sink, FlatBackground())]

    here, there, _ = both(targets, changes=changes, strength=0.75)
    alpha, picture = worst(here, there)
    assert sink_of(there[0]).written[-1][2][0].any()
    assert alpha <= 2 * GUIDED_CODES
    assert picture <= DEVICE_PICTURE_CODES


def test_a_reset_and_a_cut_are_those_of_the_cpu() -> None:
    def frames() -> Iterator[Frame]:
        for index in range(6):
            made = coloured(0, YUV, index in {0, 2})
            if index >= 4:
                made.planes[0][:] = 255 - made.planes[0]
            yield replace(made, index=index)

    cuts = []
    for on_device in (False, True):
        matter = matter_on_device([])
        matter.warm_up(HEIGHT, WIDTH)
        network = matter.device_network() if on_device else None
        run = Flow(parts([alpha_target()], frames(), matter, network=network, strength=0.75))
        cuts.append(run.run().cuts)
        matter.close()
    assert cuts == [(2, 4)] * 2


def test_a_job_on_the_gpu_writes_what_one_on_the_cpu_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=4)
    monkeypatch.setattr(job_module, "choose_device", lambda *_: Device("cuda", 2, ""))
    monkeypatch.setattr(
        job_module,
        "frame_matter",
        lambda *_, **__: GfmMatter(find_model("gfm_lite0_tt"), "64x64", open_engine=fake_engine),
    )
    written: dict[str, list[Any]] = {}
    said: list[str] = []
    for way in ("gpu", "cpu"):
        if way == "cpu":
            monkeypatch.setattr(GfmMatter, "device_network", lambda _: None)
        outputs = [
            OutputRequest(f"{tmp_path}/{way}.mkv"),
            OutputRequest(f"{tmp_path}/{way}c.mkv", kind=KIND.COMPOSITE),
        ]
        settings = MatteSettings(background="#203040", codec="ffv1", threads=2)
        report = matte_file(str(made.path), outputs, settings, notify=said.append)
        assert report.frames == 4
        written[way] = [
            plane for path in outputs for f in open_reader(path.path) for plane in f.planes
        ]
        assert sum("the GPU runs the network only" in line for line in said) == (way == "cpu")
    for one, other in zip(written["gpu"], written["cpu"], strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= DEVICE_PICTURE_CODES


def driven() -> tuple[LateGpu, list[list[str]]]:
    """What was asked of the GPU for each frame of the clip, the slots taking turns."""
    opened: list[LateGpu] = []
    matter = matter_on_device(opened)
    matter.warm_up(HEIGHT, WIDTH)
    network = matter.device_network()
    targets = [composite(), alpha_target()]
    way = DeviceWay(parts(targets, iter(()), matter, network=network, strength=0.75))
    gpu, behind, asked = opened[0], FlatBackground(), list[list[str]]()
    for index, made in enumerate(clip()):
        gpu.log.clear()
        way.begin(Work(made, backgrounds=[behind.planes_at(0), None]), index % SLOTS)
        way.wait(index % SLOTS)
        asked.append(list(gpu.log))
    return gpu, asked


def test_a_frame_is_in_order_on_one_stream_with_one_wait() -> None:
    gpu, asked = driven()
    assert asked[3] == [
        *["upload"] * 3,
        "resize.view",
        "fusion.fuse",
        *["closed_form.begin", "closed_form.build"],
        *["closed_form.iterate"] * FRAME.steps,
        "closed_form.finish",
        "refine.measure",
        "refine.solve_and_compare",
        *["motion.solve", "motion.settle"],  # a picture this small has one level
        "refine.paint_and_recall",
        "temporal.blend",
        "download",  # whether it was a cut
        *["upload"] * 3,  # the background
        "composite.over_yuv",
        *["download"] * 3,
        "colour.rescale",
        "download",
        "record",
        "wait",
    ]
    assert not gpu.stream.queue


def test_nothing_is_made_after_the_slots_have_been_filled_once() -> None:
    _, asked = driven()
    made = [[word for word in log if word in {"empty", "pinned", "table"}] for log in asked]
    assert "empty" in made[0]
    assert {"pinned"} == set(made[1]) == set(made[2])  # each slot has its own
    assert made[3] == made[4] == []


def test_a_picture_smaller_than_the_network() -> None:
    results = []
    for on_device in (False, True):
        target, matter = alpha_target(), matter_on_device([], "96x96")
        matter.warm_up(HEIGHT, WIDTH)
        network = matter.device_network() if on_device else None
        Flow(parts([target], clip(), matter, network=network, strength=0.75)).run()
        results.append([target])
    assert worst(*results)[0] <= 2 * GUIDED_CODES


def test_other_matters_have_no_network_on_a_device() -> None:
    assert not isinstance(FixedMatter(lambda frame: np.zeros((1, 1), np.uint16)), RunsOnDevice)
