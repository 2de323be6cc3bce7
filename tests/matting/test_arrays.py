from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import streammat
from streammat.errors import ConfigError, DeviceUnavailable, InputError, ShapeError
from streammat.matting.arrays import ArrayMatter
from tests.engines.tiny_model import write_tiny_model

WHITE = 65535


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny_tt.onnx"))


@pytest.fixture
def matter(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArrayMatter]:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    with streammat.create_matter(model=model, size="fast", threads=2) as made:
        yield made


def picture(red: int, size: tuple[int, int] = (96, 128)) -> NDArray[np.uint8]:
    """The tiny model's focus is a function of red; without green its background never wins."""
    rgb = np.zeros((*size, 3), np.uint8)
    rgb[..., 0] = red
    return rgb


def test_alpha_is_uint16_of_the_pictures_size(matter: ArrayMatter) -> None:
    rgb = picture(255)
    before = rgb.copy()
    alpha, _ = matter(rgb, None)
    assert alpha.dtype == np.uint16
    assert alpha.shape == (96, 128)
    assert (alpha == WHITE).all()
    np.testing.assert_array_equal(rgb, before)


def test_callers_from_several_threads_get_their_own_pictures(matter: ArrayMatter) -> None:
    reds = [40, 122, 123, 255] * 8
    alone = [matter(picture(red))[0] for red in reds]
    with ThreadPoolExecutor(4) as pool:
        together = [alpha for alpha, _ in pool.map(lambda red: matter(picture(red)), reds)]
    assert all((a == b).all() for a, b in zip(together, alone, strict=True))


def test_a_view_of_a_larger_array_works(matter: ArrayMatter) -> None:
    large = picture(255, (200, 300))
    alpha, _ = matter(large[::2, 10:150][:, ::-1])
    assert alpha.shape == (100, 140)
    assert (alpha == WHITE).all()


def test_the_state_smooths_a_still_picture(matter: ArrayMatter) -> None:
    first, state = matter(picture(122), None)
    fresh, _ = matter(picture(123), None)
    smoothed, _ = matter(picture(123), state)
    middle = (slice(40, 50), slice(50, 60))
    assert int(first[middle].mean()) < int(smoothed[middle].mean()) < int(fresh[middle].mean())


def test_every_stream_has_its_own_state(matter: ArrayMatter) -> None:
    _, state = matter(picture(122), None)
    expected, _ = matter(picture(123), copy.deepcopy(state))
    matter(picture(124), None)  # another stream in between
    again, _ = matter(picture(123), state)
    np.testing.assert_array_equal(again, expected)


def test_another_size_starts_afresh(matter: ArrayMatter) -> None:
    _, state = matter(picture(122), None)
    alpha, _ = matter(picture(124, (64, 64)), state)
    fresh, _ = matter(picture(124, (64, 64)), None)
    np.testing.assert_array_equal(alpha, fresh)


def test_alphas_are_the_callers_own(matter: ArrayMatter) -> None:
    first, state = matter(picture(255), None)
    matter(picture(0), state)
    assert (first == WHITE).all()


def test_smoothing_off_keeps_no_state(model: str) -> None:
    with streammat.create_matter(model=model, size="fast", smooth="off") as matter:
        _, state = matter(picture(122), None)
        assert state is None


def test_finesse_is_applied(model: str) -> None:
    with streammat.create_matter(
        model=model, size="fast", smooth=0.5, roi=(10, 20, 30, 40), threads=1
    ) as matter:
        alpha, _ = matter(picture(255), None)
    expected = np.zeros((96, 128), np.uint16)
    expected[20:60, 10:40] = WHITE
    np.testing.assert_array_equal(alpha, expected)


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
        [[1, 2, 3]],
    ],
)
def test_other_arrays_are_refused_with_what_is_needed(matter: ArrayMatter, rgb: Any) -> None:
    with pytest.raises(ShapeError, match=r"\(H, W, 3\) of uint8|at least one pixel"):
        matter(rgb, None)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown setting 'smoth': use .*smooth"):
        streammat.create_matter(**{"smoth": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"clip_black": 0.9, "clip_white": 0.1},
        {"clip_white": 0.0},
        {"roi": (0, 0, 0, 5)},
        {"roi": (1, 2, 3)},
        {"threads": "2"},
        {"grow_px": "a"},
        {"grow_px": 501},
        {"smooth": None},
        {"size": 3},
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        streammat.create_matter(**options)


def test_a_region_outside_of_the_picture_is_refused(model: str) -> None:
    with (
        streammat.create_matter(model=model, size="fast", roi=(128, 0, 9, 9)) as matter,
        pytest.raises(ConfigError, match="outside of the 128x96 picture"),
    ):
        matter(picture(255))


def test_a_state_of_something_else_is_refused(matter: ArrayMatter) -> None:
    bad: Any = "state"
    with pytest.raises(ConfigError, match="state is str: give what the call before returned"):
        matter(picture(255), bad)


def test_a_closed_matter_says_so_and_has_let_its_threads_go(model: str) -> None:
    matter = streammat.create_matter(model=model, size="fast", threads=1)
    matter.close()
    matter.close()
    with pytest.raises(InputError, match=r"this matter is closed: make another"):
        matter(picture(255))
    with pytest.raises(RuntimeError, match="shutdown"):
        matter._pool.submit(print)


def test_files_of_guides_go_with_clips_only() -> None:
    with pytest.raises(ConfigError, match="go with a clip"):
        streammat.create_matter(streammat.MatteSettings(garbage="g.png"))


def test_cuda_is_refused_as_on_the_command_line() -> None:
    with pytest.raises(DeviceUnavailable, match="device cuda needs"):
        streammat.create_matter(device="cuda")
