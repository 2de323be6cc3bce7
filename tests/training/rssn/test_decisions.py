from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.training.rssn.decisions import Crop, Generators, draw_crop, draw_effects
from streammat_kernels.augment import SamplePlan
from streammat_kernels.augment.reference import box_blur, fit_background, rssn_sample
from tests.tolerances import OFFICIAL_COMPOSITE_LEVELS, OFFICIAL_MEAN_LEVELS

SIZE = 700, 820
SEEDS = range(6)


@pytest.fixture(scope="module")
def official(gfm_reference: Path) -> dict[str, Any]:
    """What the authors' code decided and made, by seed."""
    found: dict[str, Any] = json.loads((gfm_reference / "rssn_transform.json").read_text())
    return found


def _generators(seed: int) -> Generators:
    return Generators(random.Random(seed), np.random.RandomState(seed))


def _alpha() -> NDArray[np.uint8]:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    soft = np.clip((1 - np.hypot((y - 350) / 220, (x - 400) / 260)) / 0.25 + 0.5, 0, 1)
    return np.asarray(np.floor(255 * soft + 0.5), np.uint8)


def _layers() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    cv2 = pytest.importorskip("cv2")
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [120 + 80 * np.sin(x / 40), 120 + 80 * np.cos(y / 50), 255 * (x + y) / (sum(SIZE) - 2)]
    fg = np.stack(waves, 2).astype(np.uint8)
    noise = np.random.RandomState(5).randint(0, 256, (450, 600, 3)).astype(np.uint8)
    return fg, cv2.GaussianBlur(noise, (0, 0), 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_effects_are_those_of_the_released_code(official: dict[str, Any], seed: int) -> None:
    wanted = official["rssn"][str(seed)]
    found = draw_effects(_generators(seed), denoised=True)
    assert found.denoise == wanted["use_denoised"]
    assert found.blur_px == (wanted["kernel"] or 0)
    assert found.noise == wanted["add_noise"]


@pytest.mark.parametrize("seed", SEEDS)
def test_crops_are_those_of_the_released_code(official: dict[str, Any], seed: int) -> None:
    replay = official["transform"][str(seed)]["replay"]
    alpha = _alpha()
    found = draw_crop(_generators(seed), SIZE, lambda: alpha == 128)
    assert found == Crop(replay["x"], replay["y"], replay["crop_size"], replay["flip"])


@pytest.mark.parametrize("seed", SEEDS)
def test_cropped_alphas_are_those_of_the_released_code(official: dict[str, Any], seed: int) -> None:
    wanted = official["transform"][str(seed)]
    alpha, (fg, _) = _alpha(), _layers()
    crop = draw_crop(_generators(seed), SIZE, lambda: alpha == 128)
    plan = SamplePlan(crop.x, crop.y, crop.side, crop.flip)
    maps = rssn_sample(fg, fg, alpha, plan, 320, (25, 50))
    assert abs(float(np.floor(maps.alpha + 0.5).mean()) - wanted["mask_mean"]) < 1e-9
    trimap = np.floor(maps.trimap + 0.5)
    assert len(np.unique(trimap)) == wanted["trimap_unique_values"]
    assert int((trimap == 128).sum()) == wanted["trimap_n128"]


@pytest.mark.parametrize("seed", SEEDS)
def test_composites_are_those_of_the_released_code(official: dict[str, Any], seed: int) -> None:
    wanted = official["rssn"][str(seed)]
    effects = draw_effects(_generators(seed), denoised=True)
    fg, bg = _layers()
    if effects.denoise:  # the released code reads files that were denoised beforehand
        fg = np.clip(fg.astype(np.int16) + 3, 0, 255).astype(np.uint8)
        bg = np.clip(bg.astype(np.int16) - 3, 0, 255).astype(np.uint8)
    back = fit_background(bg, SIZE)
    if effects.blur_px:
        back = box_blur(back, effects.blur_px)
    share = _alpha()[..., None] / 255
    image = np.floor(share * fg + (1 - share) * back)
    if effects.noise:
        field = np.random.RandomState(seed).normal(0, 10, image.shape)
        image = np.trunc(image + field)  # no value of these pictures runs over by much
    for place in ((350, 400), (10, 10), (350, 150)):
        levels = wanted[f"composite[{place[0]},{place[1]}]"]
        assert np.abs(image[place] - levels).max() <= OFFICIAL_COMPOSITE_LEVELS
    assert abs(np.mod(image, 256).mean() - wanted["composite_mean"]) < OFFICIAL_MEAN_LEVELS


def test_crops_start_in_the_trimap_not_at_alpha_128() -> None:
    alpha = np.zeros((400, 400), np.uint8)
    alpha[:, 40:] = 255
    transition = np.zeros((400, 400), bool)
    transition[:, 28:52] = True
    crops = [draw_crop(Generators.seeded(1, n), (400, 400), lambda: transition) for n in range(60)]
    inside = [28 <= crop.x < 52 for crop in crops]
    assert sum(inside) > 20


@pytest.mark.parametrize("size", [(320, 500), (160, 300), (33, 20), (1, 1)])
def test_pictures_under_the_crop_are_taken_whole(size: tuple[int, int]) -> None:
    everywhere = np.ones(size, bool)
    for number in range(20):
        crop = draw_crop(Generators.seeded(3, number), size, lambda: everywhere)
        assert crop.side == min(320, *size)
        assert 0 <= crop.x <= size[1] - crop.side
        assert 0 <= crop.y <= size[0] - crop.side


def test_generators_follow_from_their_numbers() -> None:
    first, again, other = (Generators.seeded(5, 6, n) for n in (7, 7, 8))
    assert first.python.random() == again.python.random() != other.python.random()
    assert first.numpy.rand() == again.numpy.rand() != other.numpy.rand()
