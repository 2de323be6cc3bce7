"""Pictures of every kind of output, drawn from a frame and its alpha."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from streammat.pipeline.compose import Bench, draw
from streammat.pipeline.outputs import OutputPlan
from streammat.settings import OutputKind
from streammat.types import Plane
from streammat_kernels import colour
from streammat_kernels.blur import blur_background
from streammat_kernels.composite import over, premultiply
from streammat_kernels.despill import despill
from streammat_kernels.foreground import estimate_foreground
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout
from streammat_kernels.planes import empty_planes
from tests.pipeline.fakes import GRAY16, HEIGHT, RGBA8, WIDTH, YUV, YUVA, FakeSink, frame, ramp

FULL_RGB = Colour(full_range=True)
KIND = OutputKind


def drawn(
    plan: OutputPlan, sink: FakeSink, background: tuple[Plane, ...] | None = None
) -> tuple[Plane, ...]:
    plate = frame(3)
    bench = Bench(HEIGHT, WIDTH)
    bench.begin()
    out = sink.new_picture().planes
    draw(plan, sink, out, plate, ramp(plate), background, bench)
    return out


def same(left: tuple[Plane, ...], right: tuple[Plane, ...]) -> bool:
    assert len(left) == len(right)
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def made(layout: PixelLayout) -> tuple[Plane, ...]:
    return empty_planes(layout, HEIGHT, WIDTH)


def flat(layout: PixelLayout, value: int) -> tuple[Plane, ...]:
    planes = made(layout)
    for plane in planes:
        plane[...] = value
    return planes


def estimated(linear_light: bool = False) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    plate = frame(3)
    return estimate_foreground(
        plate.planes, plate.layout, plate.colour, ramp(plate), linear_light=linear_light
    )


def test_alpha_file_of_full_range_holds_the_alpha_bit_for_bit() -> None:
    out = drawn(OutputPlan("a.png", KIND.ALPHA), FakeSink(layout=GRAY16, colour=FULL_RGB))
    assert np.array_equal(out[0], ramp(frame(3)))


def test_alpha_file_of_limited_range_runs_from_black_to_white() -> None:
    gray = PixelLayout(Family.GRAY, 1, 1, 8)
    out = drawn(OutputPlan("a.mp4", KIND.ALPHA), FakeSink(layout=gray, colour=Colour()))
    assert out[0][1, 0] == 16
    assert out[0][1, -1] == 235


def test_rgba_with_source_colours_is_a_plain_conversion() -> None:
    plan = OutputPlan("a.mov", KIND.RGBA, estimated=False)
    out = drawn(plan, FakeSink(layout=YUVA))
    plate, expected = frame(3), made(YUVA)
    colour.convert(
        plate.planes, plate.layout, plate.colour, YUVA, Colour(), expected, alpha=ramp(plate)
    )
    assert same(out, expected)


def test_rgba_with_estimated_colours() -> None:
    out = drawn(OutputPlan("a.mov", KIND.RGBA, estimated=True), FakeSink(layout=YUVA))
    expected = made(YUVA)
    colour.from_rgb(estimated(), YUVA, Colour(), expected, alpha=ramp(frame(3)))
    assert same(out, expected)


def test_premultiplied_rgba_is_black_where_alpha_is_zero() -> None:
    plan = OutputPlan("a.png", KIND.RGBA, estimated=True, premultiplied=True)
    out = drawn(plan, FakeSink(layout=RGBA8, colour=FULL_RGB))
    expected = made(RGBA8)
    rgb = premultiply(estimated(linear_light=True), ramp(frame(3)))
    colour.from_rgb(rgb, RGBA8, FULL_RGB, expected, alpha=ramp(frame(3)))
    assert same(out, expected)
    assert all(channel[5, 0] == 0 for channel in out)


def test_foreground_file_is_opaque() -> None:
    plan = OutputPlan("a.png", KIND.FOREGROUND, estimated=True)
    out = drawn(plan, FakeSink(layout=RGBA8, colour=FULL_RGB))
    assert (out[-1] == 255).all()
    opaque, expected = replace(RGBA8, alpha=False), made(replace(RGBA8, alpha=False))
    colour.from_rgb(estimated(), opaque, FULL_RGB, expected)
    assert same(out[:-1], expected)


def test_composite_in_the_source_layout_keeps_plate_and_background_exactly() -> None:
    plan = OutputPlan("a.mp4", KIND.COMPOSITE, background="#00B140")
    out = drawn(plan, FakeSink(), flat(YUV, 60))
    assert np.array_equal(out[0][1:, -1], frame(3).planes[0][1:, -1])
    assert (out[0][1:, 0] == 60).all()


def test_composite_in_another_layout_converts_the_plate_first() -> None:
    deep = PixelLayout(bits=10)
    its = Colour(Matrix.BT601)
    plan = OutputPlan("a.mp4", KIND.COMPOSITE, background="#00B140")
    out = drawn(plan, FakeSink(layout=deep, colour=its), flat(deep, 240))
    plate, converted, expected = frame(3), made(deep), made(deep)
    colour.convert(plate.planes, plate.layout, plate.colour, deep, its, converted)
    over(converted, deep, its, ramp(plate), flat(deep, 240), expected)
    assert same(out, expected)


def test_composite_over_its_own_blur() -> None:
    plan = OutputPlan("a.mp4", KIND.COMPOSITE, background="blur:0.8")
    out = drawn(plan, FakeSink())
    plate, blurred, expected = frame(3), made(YUV), made(YUV)
    blur_background(plate.planes, YUV, plate.colour, ramp(plate), blurred, strength=0.8)
    over(plate.planes, YUV, plate.colour, ramp(plate), blurred, expected)
    assert same(out, expected)


def test_composite_with_estimated_and_despilled_colours() -> None:
    plan = OutputPlan("a.mp4", KIND.COMPOSITE, estimated=True, despill=0.5, background="#000000")
    out = drawn(plan, FakeSink(), flat(YUV, 60))
    plate, expected = frame(3), made(YUV)
    rgb = despill(estimated(linear_light=True), ramp(plate), amount=0.5)
    over(plate.planes, YUV, plate.colour, ramp(plate), flat(YUV, 60), expected, foreground=rgb)
    assert same(out, expected)


@pytest.mark.parametrize("screen", ["green", "blue"])
def test_two_outputs_share_clean_colours_and_lose_the_cast_of_the_screen(
    screen: Literal["green", "blue"],
) -> None:
    plan = OutputPlan("a.mov", KIND.FOREGROUND, estimated=True, despill=0.8, screen=screen)
    out, plate, expected = drawn(plan, FakeSink()), frame(3), made(YUV)
    rgb = despill(estimated(linear_light=False), ramp(plate), screen=screen, amount=0.8)
    colour.from_rgb(rgb, YUV, plate.colour, expected)
    assert same(out, expected)


def test_an_opaque_composite_fills_the_alpha_plane_of_its_layout() -> None:
    plan = OutputPlan("a.png", KIND.COMPOSITE, background="#000000")
    out = drawn(plan, FakeSink(layout=RGBA8, colour=FULL_RGB), flat(replace(RGBA8, alpha=False), 0))
    assert (out[-1] == 255).all()


def test_colours_are_found_once_a_frame_and_anew_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import streammat_kernels.foreground as kernels

    calls = 0
    honest = kernels.estimate_foreground

    def counting(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        return honest(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(kernels, "estimate_foreground", counting)
    plate, bench = frame(3), Bench(HEIGHT, WIDTH)
    for number in range(2):
        bench.begin()
        for plan, layout in (
            (OutputPlan("a.mov", KIND.RGBA, estimated=True), YUVA),
            (OutputPlan("b.mov", KIND.FOREGROUND, estimated=True, despill=1.0), YUV),
        ):
            sink = FakeSink(layout=layout)
            draw(plan, sink, sink.new_picture().planes, plate, ramp(plate), None, bench)
        assert calls == number + 1
