"""Temporal smoothing: the definition, flicker, moving edges, cuts, flashes, saved state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Family, PixelLayout
from streammat_kernels.motion.reference import estimate
from streammat_kernels.temporal import TemporalState, reference, smooth
from streammat_kernels.temporal.cut import compare
from tests.tolerances import (
    FLICKER_RATIO,
    FOLLOWED_CODES,
    FOLLOWED_NOISE_RATIO,
    HELD_ALPHA,
    HELD_MOVING_ALPHA,
    MOVING_EDGE_RATIO,
    SMOOTH_CODES,
    SMOOTH_DEPTH_CODES,
)

GRAY = PixelLayout(Family.GRAY, 1, 1, 8)
DEEP = PixelLayout(Family.GRAY, 1, 1, 10)
SIZE = (122, 201)


def disc(x: float, soft_px: float = 10.0) -> NDArray[np.float64]:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.asarray(np.clip((35 - np.hypot(rows - 60, columns - x)) / soft_px + 0.5, 0, 1))


class Shot:
    """A disc over a gradient; noise on luma everywhere and on alpha in the band."""

    def __init__(self, seed: int = 0, contrast: float = 80.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.contrast = contrast
        self.ground = np.linspace(60, 100, SIZE[1])[None, :] * np.ones(SIZE)

    def frame(self, x: float) -> tuple[NDArray[np.float64], NDArray[np.uint16], NDArray[np.uint8]]:
        """True alpha, noisy alpha codes, noisy luma."""
        true = disc(x)
        noisy = np.clip(true + self.rng.normal(0, 0.05, SIZE), 0, 1)
        noisy = np.where((true > 0) & (true < 1), noisy, true)
        luma = self.ground + self.contrast * true + self.rng.normal(0, 2, SIZE)
        return true, (noisy * 65535 + 0.5).astype(np.uint16), np.clip(luma, 0, 255).astype(np.uint8)


def run(
    frames: list[tuple[NDArray[np.uint16], NDArray[Any]]],
    state: TemporalState | None = None,
    **options: Any,
) -> tuple[list[NDArray[np.uint16]], TemporalState]:
    results = []
    for alpha, luma in frames:
        out = np.empty_like(alpha)
        state = smooth(alpha, (luma,), GRAY, state, out, **options)
        results.append(out)
    assert state is not None
    return results, state


def still_frames(count: int, seed: int = 0) -> list[tuple[NDArray[np.uint16], NDArray[Any]]]:
    shot = Shot(seed)
    return [shot.frame(100.0)[1:] for _ in range(count)]


def traced(
    means: NDArray[Any], before: NDArray[Any], memory: NDArray[Any], follow: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """By the definition: the memory along the motion, vectors, residuals, and the witness."""
    shift = compare(before.astype(np.float32), means.astype(np.float32))[1]
    found = np.zeros((2, *means.shape))
    if follow:
        found = estimate(before, means, shift)
    vectors, residual = reference.follow(before, means, shift, found)
    sure = reference.witness(before, means, shift, vectors)
    return (reference.recall(memory, vectors) if follow else memory), vectors, residual, sure


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("strength", [0.4, 1.0])
@pytest.mark.parametrize("step_px", [0.0, 0.3, 2.0])
def test_equals_the_definition(strength: float, step_px: float, follow: bool) -> None:
    shot = Shot(contrast=25.0)
    frames = [shot.frame(90 + step_px * index)[1:] for index in range(5)]
    for index in (2, 3):  # whole blocks are suddenly something else
        region = frames[index][0][15 * index : 30 * index + 3, 41:130]
        region[:] = 65535 - region // index
    results, _ = run(frames, strength=strength, follow=follow)
    memory = frames[0][0].astype(np.float64)
    for (alpha, luma), (_, before), result in zip(frames[1:], frames, results[1:], strict=False):
        means, old_means = reference.block_means(luma, 255), reference.block_means(before, 255)
        memory, vectors, residual, sure = traced(means, old_means, memory, follow)
        moving = np.asarray(vectors.any(axis=0))
        nothing = np.zeros(moving.shape)
        broad = sure * reference.breadth(alpha, memory) if follow else nothing
        still = reference.stillness(residual, moving, broad)
        memory = reference.blend(alpha, memory, still, moving, broad, sure, strength)
        assert moving.any() or not follow or step_px < 2
        assert np.abs(result - memory).max() <= (FOLLOWED_CODES if follow else SMOOTH_CODES)


def test_reads_ten_bits_as_it_reads_eight() -> None:
    frames = still_frames(3)
    expected = run(frames)[0][-1]
    state = None
    for alpha, luma in frames:
        out = np.empty_like(alpha)
        deep = (luma.astype(np.float64) * 1023 / 255 + 0.5).astype(np.uint16)
        state = smooth(alpha, (deep,), DEEP, state, out)
    assert np.abs(out.astype(np.int64) - expected).mean() <= SMOOTH_DEPTH_CODES


def test_the_flicker_of_a_noisy_still_is_halved() -> None:
    frames = still_frames(24)
    results, _ = run(frames)
    true = disc(100.0)
    band = (true > 0.15) & (true < 0.85)
    before = np.std([alpha for alpha, _ in frames[6:]], axis=0)[band].mean()
    after = np.std(results[6:], axis=0)[band].mean()
    assert after <= FLICKER_RATIO * before


def edge_errors(contrast: float, step_px: float, follow: bool) -> tuple[float, float]:
    """Mean error of the alpha of a moving disc in its soft edge: as it came, and smoothed."""
    shot = Shot(contrast=contrast)
    shown = [shot.frame(60 + step_px * index) for index in range(20)]
    results, _ = run([(alpha, luma) for _, alpha, luma in shown], follow=follow)
    raw, smoothed = [], []
    for (true, alpha, _), result in zip(shown[1:], results[1:], strict=True):
        near = (true > 0) & (true < 1)
        raw.append(np.abs(alpha / 65535 - true)[near].mean())
        smoothed.append(np.abs(result / 65535 - true)[near].mean())
    return float(np.mean(raw)), float(np.mean(smoothed))


@pytest.mark.parametrize("contrast", [80.0, -50.0, 30.0])
def test_a_moving_edge_loses_next_to_nothing(contrast: float) -> None:
    raw, smoothed = edge_errors(contrast, 4.0, follow=False)
    assert smoothed <= MOVING_EDGE_RATIO * raw


@pytest.mark.parametrize("contrast", [80.0, -50.0])
@pytest.mark.parametrize("step_px", [1.0, 4.0])
def test_flicker_falls_along_the_motion_of_an_edge(contrast: float, step_px: float) -> None:
    raw, smoothed = edge_errors(contrast, step_px, follow=True)
    assert smoothed <= FOLLOWED_NOISE_RATIO * raw


def test_a_weak_edge_is_followed_where_it_would_drag() -> None:
    raw, smoothed = edge_errors(8.0, 2.0, follow=True)
    assert smoothed < raw
    assert edge_errors(8.0, 2.0, follow=False)[1] > MOVING_EDGE_RATIO * raw


def texture(rng: np.random.Generator) -> NDArray[np.float64]:
    """Waves of 30 to 100 pixels in all directions."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = rng.uniform(0.06, 0.2, (8, 2)) * rng.choice([-1, 1], (8, 2))
    phases = rng.uniform(0, 6, 8)
    total = sum(np.sin(a * rows + b * columns + p) for (a, b), p in zip(waves, phases, strict=True))
    return np.asarray(120 + 15 * total)


def moving_square(hole_in: int) -> list[tuple[NDArray[np.uint16], NDArray[np.uint8]]]:
    """A textured square that moves by (3, 1) a frame over another texture; in one frame the
    network takes the middle of it for background."""
    rng = np.random.default_rng(5)
    ground, own = (texture(rng) for _ in range(2))
    frames = []
    for index in range(6):
        y, x = 20 + index, 40 + 3 * index
        alpha = np.zeros(SIZE, np.uint16)
        alpha[y : y + 80, x : x + 80] = 65535
        luma = ground[: SIZE[0], : SIZE[1]].copy()
        luma[y : y + 80, x : x + 80] = own[:80, :80]
        if index == hole_in:
            alpha[y + 25 : y + 55, x + 25 : x + 55] = 0
        frames.append((alpha, luma.astype(np.uint8)))
    return frames


def test_a_hole_for_one_frame_in_a_moving_subject_is_held() -> None:
    frames = moving_square(hole_in=4)
    hole = np.s_[20 + 4 + 28 : 20 + 4 + 52, 40 + 12 + 28 : 40 + 12 + 52]
    assert run(frames[:5])[0][-1][hole].mean() >= HELD_MOVING_ALPHA * 65535
    assert run(frames[:5], follow=False)[0][-1][hole].mean() == 0
    assert run(frames)[0][-1][30:90, 60:120].mean() >= 0.95 * 65535


@pytest.mark.parametrize("follow", [True, False])
def test_patches_of_a_fast_subject_that_look_like_the_background_are_not_torn_out(
    follow: bool,
) -> None:
    """A blurred dog on gravel: where its luma is the background's, nothing seems to have moved."""
    rng = np.random.default_rng(5)
    ground = texture(rng)[: SIZE[0], : SIZE[1]]
    patch = np.s_[40:64, 100:124]
    frames = []
    for index in range(3):
        alpha, luma = np.zeros(SIZE, np.uint16), ground.copy()
        if index == 2:
            alpha[20:100, 60:180] = 65535
            luma[20:100, 60:180] = 255 - texture(rng)[:80, :120]
            luma[patch] = ground[patch]
        frames.append((alpha, luma.clip(0, 255).astype(np.uint8)))
    result = run(frames, follow=follow)[0][-1]
    assert (result[patch] == 65535).all()


def test_an_area_that_drops_out_for_a_frame_is_held_and_let_go_within_a_second() -> None:
    frames = still_frames(35)
    whole = frames[0][0] == 65535
    for index in (5, *range(10, 35)):
        frames[index][0][whole] = 0
    results = np.stack(run(frames)[0])[:, whole] / 65535
    assert results[5].mean() >= HELD_ALPHA
    assert results[9].mean() >= results[5].mean()
    assert results[-1].max() < 1 / 255


def test_an_area_that_appears_with_the_picture_shows_at_once() -> None:
    shown, luma = still_frames(1)[0]
    darker = np.where(shown > 0, luma // 2, luma).astype(np.uint8)
    before = np.zeros_like(shown)
    results, _ = run([(before, darker), (shown, luma)])
    solid = shown == 65535
    assert (results[1][solid] == 65535).all()


def test_a_cut_starts_afresh_bit_for_bit() -> None:
    rng = np.random.default_rng(3)
    other = np.kron(rng.integers(0, 256, (7, 11)), np.ones((18, 19)))[: SIZE[0], : SIZE[1]]
    after = [(alpha, other.astype(np.uint8)) for alpha, _ in still_frames(3, seed=9)]
    _, state = run(still_frames(5))
    fresh, fresh_state = None, None
    cuts = []
    for alpha, luma in after:
        out, fresh = np.empty_like(alpha), np.empty_like(alpha)
        state = smooth(alpha, (luma,), GRAY, state, out)
        fresh_state = smooth(alpha, (luma,), GRAY, fresh_state, fresh)
        cuts.append(state.cut)
        np.testing.assert_array_equal(out, fresh)
        for name, array in state.to_arrays().items():
            np.testing.assert_array_equal(array, fresh_state.to_arrays()[name])
    assert cuts == [True, False, False]


def test_flashes_and_exposure_are_no_cut() -> None:
    frames = still_frames(4)
    _, state = run(frames[:2])
    for gain, offset in ((1.4, 10.0), (0.6, 0.0), (1.0, 50.0)):
        luma = np.clip(frames[2][1] * gain + offset, 0, 255).astype(np.uint8)
        state = smooth(frames[2][0], (luma,), GRAY, state, np.empty(SIZE, np.uint16))
        assert not state.cut


def test_another_size_starts_afresh_and_says_so() -> None:
    _, state = run(still_frames(2))
    alpha, luma = still_frames(1)[0]
    out = np.empty((60, 90), np.uint16)
    state = smooth(alpha[:60, :90], (luma[:60, :90],), GRAY, state, out)
    assert state.cut
    np.testing.assert_array_equal(out, alpha[:60, :90])
    assert state.memory.shape == (60, 90)


def test_the_first_frame_and_strength_0_keep_every_bit() -> None:
    frames = still_frames(3)
    results, state = run(frames, strength=0.0)
    assert not state.cut
    for (alpha, _), result in zip(frames, results, strict=True):
        np.testing.assert_array_equal(result, alpha)
    np.testing.assert_array_equal(run(frames[:1])[0][0], frames[0][0])


def test_a_saved_state_goes_on_bit_for_bit() -> None:
    frames = still_frames(8)
    expected, _ = run(frames)
    _, state = run(frames[:4])
    restored = TemporalState.from_arrays(state.to_arrays())
    results, _ = run(frames[4:], restored)
    np.testing.assert_array_equal(results, expected[4:])


def test_a_damaged_saved_state_is_refused() -> None:
    arrays = run(still_frames(1))[1].to_arrays()
    with pytest.raises(ShapeError, match="lacks luma"):
        TemporalState.from_arrays({"memory": arrays["memory"], "solid": arrays["solid"]})
    with pytest.raises(ShapeError, match="saved luma"):
        TemporalState.from_arrays({**arrays, "luma": arrays["luma"][1:]})


def test_in_place_bands_and_padded_rows_change_nothing() -> None:
    frames = still_frames(4)
    expected, _ = run(frames)
    state = None
    with ThreadPoolExecutor(2) as pool:
        for (alpha, luma), result in zip(frames, expected, strict=True):
            wide, wide_luma = (
                np.zeros((SIZE[0], 256), np.uint16),
                np.zeros((SIZE[0], 256), np.uint8),
            )
            wide[:, : SIZE[1]], wide_luma[:, : SIZE[1]] = alpha, luma
            part = wide[:, : SIZE[1]]
            state = smooth(part, (wide_luma[:, : SIZE[1]],), GRAY, state, bands=Bands(pool, 4))
            np.testing.assert_array_equal(part, result)
            assert (wide[:, SIZE[1] :] == 0).all()


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 11),
    width=st.integers(1, 70),
    seed=st.integers(0, 99),
    follow=st.booleans(),
)
def test_stays_between_alpha_and_memory_at_any_size(
    height: int, width: int, seed: int, follow: bool
) -> None:
    rng = np.random.default_rng(seed)
    state = None
    for _ in range(4):
        alpha = rng.choice(np.array([0, 300, 30000, 65535], np.uint16), (height, width))
        luma = rng.integers(100, 104, (height, width), np.uint8)
        before = alpha.astype(np.float32) if state is None else state.memory.copy()
        out = np.empty_like(alpha)
        state = smooth(alpha, (luma,), GRAY, state, out, strength=1.0, follow=follow)
        if follow:  # the memory of any other place may come here
            before = np.stack([before.min(), before.max()])[:, None, None]
            before = np.broadcast_to(before, (2, height, width))
            low, high = np.minimum(alpha, before[0]), np.maximum(alpha, before[1])
        else:
            low, high = np.minimum(alpha, before), np.maximum(alpha, before)
        assert (out >= low - 1).all()
        assert (out <= high + 1).all()


def test_a_subject_that_left_leaves_no_ghost() -> None:
    shown, luma = still_frames(1)[0]
    gone = np.zeros_like(shown)
    results, state = run([(shown // 8, luma)] + [(gone, luma)] * 25)
    assert (results[-1] == 0).all()
    assert (state.to_arrays()["solid"] == 1).all()


def test_refuses_what_does_not_belong_together() -> None:
    alpha, luma = still_frames(1)[0]
    with pytest.raises(ShapeError, match=r"0\.\.1"):
        smooth(alpha, (luma,), GRAY, None, strength=2)
    with pytest.raises(ShapeError, match="alpha is uint16"):
        smooth(alpha[1:], (luma,), GRAY, None)
    with pytest.raises(ShapeError, match="out is float32"):
        smooth(alpha, (luma,), GRAY, None, np.empty(SIZE, np.float32))
