"""The whole flow over fakes: order, buffers given back, ends, reports."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest

from streammat.matting import FixedMatter
from streammat.pipeline.chain import HostChain
from streammat.pipeline.flow import encode_names
from streammat.pipeline.progress import Progress
from streammat.types import Alpha, Frame
from tests.pipeline.fakes import (
    STEP,
    FakeError,
    alpha_target,
    flow,
    frames,
    ramp,
    sink_of,
)

FRAMES = 30


def test_every_output_gets_every_frame_in_order_with_its_pts() -> None:
    targets = [alpha_target(), alpha_target()]
    outcome = flow(frames(FRAMES), targets).run()
    assert outcome.frames == FRAMES
    assert not outcome.cancelled
    for target in targets:
        written = sink_of(target).written
        assert [(index, pts) for index, pts, _ in written] == [
            (index, 1000 + index * STEP) for index in range(FRAMES)
        ]


def test_each_picture_holds_the_alpha_of_its_own_frame() -> None:
    target = alpha_target()
    flow(frames(FRAMES), [target]).run()
    for index, _, planes in sink_of(target).written:
        assert planes[0][0, 0] == index
        assert planes[0][1, -1] == 65535
        assert planes[0][1, 0] == 0


def test_order_survives_random_delays_of_every_step() -> None:
    dice = random.Random(7)

    class Dawdling(FixedMatter):
        def prepare(self, frame: Frame, slot: int) -> None:
            time.sleep(dice.random() * 0.002)
            super().prepare(frame, slot)

        def wait(self, slot: int) -> None:
            time.sleep(dice.random() * 0.004)
            super().wait(slot)

        def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
            time.sleep(dice.random() * 0.002)
            super().alpha(frame, slot, out)

    targets = [
        alpha_target(gate=lambda index: time.sleep(dice.random() * 0.003)),
        alpha_target(),
    ]
    flow(frames(FRAMES), targets, matter=Dawdling(ramp), cores=4).run()
    for target in targets:
        assert sink_of(target).indexes == list(range(FRAMES))
        assert [planes[0][0, 0] for _, _, planes in sink_of(target).written] == list(range(FRAMES))


def test_slots_alphas_and_benches_come_back() -> None:
    job = flow(frames(FRAMES), [alpha_target(), alpha_target()])
    job.run()
    chain = job.chain
    assert isinstance(chain, HostChain)
    for pool in (chain.slots, chain.alphas, chain.benches):
        taken = [pool.take() for _ in range(len(pool))]  # blocks for ever if one is missing
        assert len(taken) == len(pool)


def test_alpha_buffers_do_not_grow_with_the_clip() -> None:
    seen: set[int] = set()

    class Watching(FixedMatter):
        def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
            seen.add(out.ctypes.data)
            super().alpha(frame, slot, out)

    job = flow(frames(100), [alpha_target()], matter=Watching(ramp))
    job.run()
    assert isinstance(job.chain, HostChain)
    assert len(seen) <= len(job.chain.alphas)


@pytest.mark.parametrize("failing", [0, FRAMES // 2, FRAMES - 1])
@pytest.mark.parametrize("step", ["decode", "prepare", "submit", "wait", "alpha", "encode"])
def test_an_error_at_any_step_ends_the_run(step: str, failing: int) -> None:
    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        if calls == failing + 1:
            raise FakeError(f"{step} {failing}")

    class Failing(FixedMatter):
        def prepare(self, frame: Frame, slot: int) -> None:
            if step == "prepare":
                fail()
            super().prepare(frame, slot)

        def submit(self, slot: int) -> None:
            if step == "submit":
                fail()
            super().submit(slot)

        def wait(self, slot: int) -> None:
            if step == "wait":
                fail()
            super().wait(slot)

        def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
            if step == "alpha":
                fail()
            super().alpha(frame, slot, out)

    before = set(threading.enumerate())
    target, other = alpha_target(failing=failing if step == "encode" else None), alpha_target()
    clip = frames(FRAMES, failing=failing if step == "decode" else None)
    job = flow(clip, [target, other], matter=Failing(ramp))
    with pytest.raises(FakeError, match=f"{step} {failing}"):
        job.run()
    assert not set(threading.enumerate()) - before
    assert sink_of(target).indexes == list(range(len(sink_of(target).indexes)))
    assert len(sink_of(target).indexes) <= failing


def test_an_encoder_that_fails_with_all_queues_full_ends_the_run() -> None:
    def jam(index: int) -> None:
        if index == 2:
            time.sleep(0.2)  # everything in front fills up meanwhile

    job = flow(frames(FRAMES), [alpha_target(), alpha_target(gate=jam, failing=2)])
    with pytest.raises(FakeError, match="encode 2"):
        job.run()


def test_cancelling_finishes_what_is_under_way() -> None:
    cancel = threading.Event()

    def press(index: int) -> None:
        if index == 5:
            cancel.set()
        time.sleep(0.02)

    target = alpha_target(gate=press)
    outcome = flow(frames(10_000), [target]).run(cancel=cancel)
    assert outcome.cancelled
    assert 5 < outcome.frames < 10_000
    assert sink_of(target).indexes == list(range(outcome.frames))


def test_cancelling_after_the_source_has_ended_changes_nothing() -> None:
    cancel = threading.Event()

    def press(index: int) -> None:
        if index == 2:
            cancel.set()
            time.sleep(0.3)

    outcome = flow(frames(3), [alpha_target(gate=press)]).run(cancel=cancel)
    assert not outcome.cancelled
    assert outcome.frames == 3


def test_progress_counts_up_to_the_last_frame() -> None:
    seen: list[Progress] = []
    flow(frames(FRAMES), [alpha_target()], total=FRAMES).run(on_progress=seen.append)
    assert [p.frame for p in seen] == sorted(p.frame for p in seen)
    assert seen[-1].frame == FRAMES
    assert seen[-1].total == FRAMES


def test_progress_tells_speed_time_left_and_the_slowest_stage() -> None:
    seen: list[Progress] = []
    target = alpha_target(gate=lambda index: time.sleep(0.03))
    flow(frames(20), [target], total=20).run(on_progress=seen.append)
    middle = seen[len(seen) // 2]
    assert middle.fps > 0
    assert middle.eta_seconds is not None
    assert middle.eta_seconds > 0
    assert middle.slowest == "encode"


def test_an_error_of_the_progress_callback_ends_the_run() -> None:
    def fail(progress: Progress) -> None:
        raise FakeError("callback")

    target = alpha_target(gate=lambda index: time.sleep(0.01))
    with pytest.raises(FakeError, match="callback"):
        flow(frames(10_000), [target]).run(on_progress=fail)


def test_timings_cover_every_stage() -> None:
    outcome = flow(frames(FRAMES), [alpha_target(), alpha_target()]).run()
    assert [stage.name for stage in outcome.stages] == [
        "decode",
        "prepare",
        "infer",
        "refine",
        "finish",
        "encode png",
        "encode png 2",
    ]
    assert {stage.frames for stage in outcome.stages} == {FRAMES}


def test_smoothing_starts_afresh_where_the_reader_says_so() -> None:
    still = next(frames(1))

    def clip(resets: set[int]) -> list[Frame]:
        import dataclasses

        return [
            dataclasses.replace(still, index=i, pts=i, reset=i == 0 or i in resets)
            for i in range(6)
        ]

    def flicker(frame: Frame) -> Alpha:
        return np.full((frame.height, frame.width), 30_000 + 4000 * (frame.index % 2), np.uint16)

    def run(resets: set[int]) -> tuple[list[int], tuple[int, ...]]:
        target = alpha_target()
        job = flow(iter(clip(resets)), [target], matter=FixedMatter(flicker), strength=0.75)
        outcome = job.run()
        return [int(planes[0][5, 5]) for _, _, planes in sink_of(target).written], outcome.cuts

    smoothed, cuts = run(set())
    assert cuts == ()
    assert smoothed[0] == 30_000
    assert all(30_000 < value < 34_000 for value in smoothed[1:])
    restarted, cuts = run({3})
    assert cuts == (3,)
    assert restarted[:3] == smoothed[:3]
    assert restarted[3] == 34_000


def test_encode_stages_are_named_by_suffix_where_there_are_several() -> None:
    assert encode_names(["out.mp4"]) == ["encode"]
    assert encode_names(["a.mov", "b.mp4", "dir/c.mov", "frames"]) == [
        "encode mov",
        "encode mp4",
        "encode mov 2",
        "encode files",
    ]
