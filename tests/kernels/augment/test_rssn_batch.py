from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.augment import SamplePlan, rssn_batch
from streammat_kernels.augment.reference import rssn_sample
from streammat_kernels.errors import ShapeError
from tests.tolerances import RSSN_LEVELS, RSSN_OTHER_SHARE

KERNELS_PX = (9, 20)


def _picture(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack(
        [120 + 80 * np.sin(x / 20), 120 + 80 * np.cos(y / 25), 255 * (x + y) / (height + width)], 2
    )
    return np.asarray(np.clip(smooth + random.normal(0, 8, smooth.shape), 0, 255), np.uint8)


def _alpha(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - height / 2) / (height * 0.3), (x - width / 2) / (width * 0.3))
    return np.asarray(np.clip(255 * ((1 - distance) / 0.25 + 0.5), 0, 255), np.uint8)


CASES = {
    "plain": ((120, 130), (120, 130), SamplePlan(7, 9, 64)),
    "flipped": ((120, 130), (120, 130), SamplePlan(7, 9, 64, flip=True)),
    "half, blurred, noisy": (
        (160, 150),
        (160, 150),
        SamplePlan(1, 2, 128, blur_px=20, noise_sigma=10.0, noise_seed=5),
    ),
    "odd blur at the border": ((100, 90), (100, 90), SamplePlan(26, 36, 64, blur_px=31)),
    "denoised": (
        (100, 110),
        (100, 110),
        SamplePlan(0, 36, 64, denoise_foreground=6.0, denoise_background=4.0),
    ),
    "larger background": ((100, 90), (170, 200), SamplePlan(3, 5, 80, blur_px=10)),
    "smaller background": ((100, 90), (50, 31), SamplePlan(3, 5, 80, True, 12, 0.0, 3.0)),
    "crop is enlarged": ((50, 40), (50, 40), SamplePlan(0, 5, 40, noise_sigma=4.0)),
    "third": ((200, 196), (200, 196), SamplePlan(1, 3, 192, True, 30, 2.0, 2.0, 10.0, 9)),
    "one pixel": ((1, 1), (3, 2), SamplePlan(0, 0, 1, True, 60, 3.0, 3.0, 5.0, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_batch_equals_the_reference(name: str) -> None:
    size, back_size, plan = CASES[name]
    fg, bg, alpha = _picture(*size, 1), _picture(*back_size, 2), _alpha(*size)
    found = rssn_batch([fg], [bg], [alpha], [plan], 64, trimap_px=9, rosta_px=20)
    wanted = rssn_sample(fg, bg, alpha, plan, 64, KERNELS_PX)
    for field, got, want in zip(found._fields, found, wanted, strict=True):
        difference = np.abs(got[0] - np.floor(want + 0.5))
        assert difference.max() <= RSSN_LEVELS, field
        assert (difference > 0).mean() <= RSSN_OTHER_SHARE, field


def test_a_composite_by_hand() -> None:
    fg = np.full((4, 4, 3), 200, np.uint8)
    bg = np.full((4, 4, 3), 100, np.uint8)
    alpha = np.full((4, 4), 51, np.uint8)  # a fifth
    batch = rssn_batch([fg], [bg], [alpha], [SamplePlan(0, 0, 4)], 4, trimap_px=1, rosta_px=1)
    assert (batch.image == 120).all()
    assert (batch.foreground == 200).all()
    assert (batch.background == 100).all()
    assert (batch.trimap == 128).all()
    assert (batch.dilation == 255).all()
    assert (batch.erosion == 0).all()


def test_equal_layers_lose_no_level_to_rounding() -> None:
    same = np.full((16, 16, 3), 100, np.uint8)
    alpha = np.arange(256, dtype=np.uint8).reshape(16, 16)
    batch = rssn_batch([same], [same], [alpha], [SamplePlan(0, 0, 16)], 16)
    assert (batch.image == 100).all()


@pytest.mark.parametrize("level", [0, 255])
def test_an_alpha_of_one_level_gives_one_region(level: int) -> None:
    picture, alpha = _picture(40, 40, 3), np.full((40, 40), level, np.uint8)
    batch = rssn_batch([picture], [picture], [alpha], [SamplePlan(4, 4, 32)], 32)
    for grey in (batch.alpha, batch.trimap, batch.dilation, batch.erosion):
        assert (grey == level).all()


def test_the_same_noise_is_on_all_layers_and_stays_in_place() -> None:
    grey = np.full((80, 80, 3), 128, np.uint8)
    alpha = np.zeros((80, 80), np.uint8)
    plan = SamplePlan(10, 10, 32, noise_sigma=10.0, noise_seed=3)
    moved = replace(plan, x=14, y=11)
    batch = rssn_batch([grey] * 2, [grey] * 2, [alpha] * 2, [plan, moved], 32)
    assert np.array_equal(batch.image, batch.foreground)
    assert np.array_equal(batch.image, batch.background)
    assert np.array_equal(batch.image[0, :, 1:, 4:], batch.image[1, :, :-1, :-4])
    assert abs(float(batch.image[0].std()) - 10) < 1
    other = rssn_batch([grey], [grey], [alpha], [replace(plan, noise_seed=4)], 32)
    assert not np.array_equal(batch.image[0], other.image[0])


def test_strong_noise_stops_at_black_and_white() -> None:
    black = np.zeros((32, 32, 3), np.uint8)
    white = np.full((32, 32, 3), 255, np.uint8)
    alpha = np.zeros((32, 32), np.uint8)
    plan = SamplePlan(0, 0, 32, noise_sigma=10.0)
    batch = rssn_batch([white], [black], [alpha], [plan], 32)
    assert batch.image.max() < 60
    assert batch.foreground.min() > 195


def test_denoising_takes_noise_from_flat_areas_and_keeps_edges() -> None:
    random = np.random.default_rng(0)
    step = np.where(np.arange(64) < 32, 60.0, 200.0)
    noisy = np.clip(step + random.normal(0, 6, (64, 64)), 0, 255).astype(np.uint8)
    picture = np.repeat(noisy[..., None], 3, 2)
    alpha = np.full((64, 64), 255, np.uint8)
    plan = SamplePlan(0, 0, 64, denoise_foreground=6.0)
    calm = rssn_batch([picture], [picture], [alpha], [plan], 64).foreground[0, 0]
    assert calm[:, 4:28].std() < 0.5 * noisy[:, 4:28].std()
    assert abs(float(calm[:, 31].mean()) - 60) < 10
    assert abs(float(calm[:, 32].mean()) - 200) < 10


def test_threads_change_nothing() -> None:
    names = list(CASES)[:6]
    inputs = (
        [_picture(*CASES[name][0], 1) for name in names],
        [_picture(*CASES[name][1], 2) for name in names],
        [_alpha(*CASES[name][0]) for name in names],
        [CASES[name][2] for name in names],
    )
    alone = rssn_batch(*inputs, 64)
    with ThreadPoolExecutor(3) as pool:
        together = rssn_batch(*inputs, 64, pool=pool)
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (SamplePlan(30, 0, 32), "leaves the picture"),
        (SamplePlan(0, 0, 0), "leaves the picture"),
        (SamplePlan(0, 0, 32, blur_px=-1), "0 or more"),
    ],
)
def test_impossible_plans_are_refused(plan: SamplePlan, words: str) -> None:
    picture, alpha = _picture(40, 40, 3), _alpha(40, 40)
    with pytest.raises(ShapeError, match=words):
        rssn_batch([picture], [picture], [alpha], [plan], 32)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    picture, alpha = _picture(40, 40, 3), _alpha(40, 40)
    plan = SamplePlan(0, 0, 32)
    with pytest.raises(ShapeError, match="same number of each"):
        rssn_batch([picture], [], [alpha], [plan])
    with pytest.raises(ShapeError, match="as the foreground"):
        rssn_batch([picture], [picture], [alpha[1:]], [plan])
    with pytest.raises(ShapeError, match="of uint8 is needed"):
        rssn_batch([picture.astype(np.float32)], [picture], [alpha], [plan])
    with pytest.raises(ShapeError, match="rosta_px is 127"):
        rssn_batch([picture], [picture], [alpha], [plan], rosta_px=127)
