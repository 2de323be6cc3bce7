from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streammat.errors import ConfigError
from streammat.matting.sizes import SIZES, network_size, size_note, working_area
from tests.tolerances import FLOAT64

BALANCED = 512 * 288


def test_balanced_sixteen_to_nine_is_512x288() -> None:
    assert network_size(1920, 1080) == (512, 288, 512, 288)


def test_portrait_is_the_same_turned() -> None:
    assert network_size(1080, 1920) == (288, 512, 288, 512)


@pytest.mark.parametrize(
    ("size", "expected"), [("fast", (384, 224, 380, 214)), ("best", (768, 448, 768, 432))]
)
def test_fast_and_best(size: str, expected: tuple[int, ...]) -> None:
    assert network_size(3840, 2160, size) == expected


@given(
    st.integers(2, 8192),
    st.integers(2, 8192),
    st.sampled_from(["fast", "balanced", "best", "640x352", "512x512"]),
)
def test_never_squashed_and_always_on_the_grid(width: int, height: int, size: str) -> None:
    net = network_size(width, height, size)
    assert net.width % 32 == 0
    assert net.height % 32 == 0
    assert 1 <= net.content_width <= net.width
    assert 1 <= net.content_height <= net.height
    low_x, high_x = _scales(net.content_width, width)
    low_y, high_y = _scales(net.content_height, height)
    assert max(low_x, low_y) <= min(high_x, high_y) * (1 + FLOAT64)


def _scales(content: int, length: int) -> tuple[float, float]:
    """The even scales that round ``length`` to ``content`` pixels (at least one)."""
    return (0.0 if content == 1 else (content - 0.5) / length), (content + 0.5) / length


@given(st.integers(2, 8192), st.integers(2, 8192), st.sampled_from(sorted(SIZES)))
def test_cost_is_bounded_whatever_the_aspect(width: int, height: int, size: str) -> None:
    net = network_size(width, height, size)
    assert net.width * net.height <= 2.1 * BALANCED * SIZES[size]


def test_padding_is_less_than_one_grid_step() -> None:
    net = network_size(1024, 768)
    assert net.width - net.content_width < 32
    assert net.height - net.content_height < 32


def test_a_size_off_the_grid_is_rounded_up_and_said() -> None:
    assert network_size(1280, 720, "640x360") == (640, 384, 640, 360)
    assert size_note(1280, 720, "640x360") == (
        "size 640x360: rounded up to multiples of 32: 640x384"
    )


def test_a_lying_size_is_turned_for_a_standing_frame_and_said() -> None:
    assert network_size(720, 1280, "640x384") == (384, 640, 360, 640)
    assert size_note(720, 1280, "640x384") == "size 640x384: turned with the frame: 384x640"


def test_a_size_that_fits_says_nothing() -> None:
    assert size_note(1920, 1080, "512x288") == ""
    assert size_note(1920, 1080, "balanced") == ""


def test_a_picture_of_another_aspect_is_fitted_not_stretched() -> None:
    assert network_size(1000, 1000, "512x288") == (512, 288, 288, 288)


@pytest.mark.parametrize("size", ["tiny", "512", "512x", "0x0", "31x64", "9000x512", "-32x32", ""])
def test_other_sizes_are_refused_with_what_is_allowed(size: str) -> None:
    with pytest.raises(ConfigError, match=r"WxH|32\.\.4096"):
        network_size(1920, 1080, size)


def test_the_area_of_a_size_is_about_what_a_network_sees() -> None:
    assert working_area("balanced") == 512 * 288
    assert working_area("fast") < working_area("balanced") < working_area("best")
    assert working_area("640x384") == 640 * 384
    with pytest.raises(ConfigError, match="use fast"):
        working_area("huge")
