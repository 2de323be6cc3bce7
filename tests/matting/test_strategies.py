"""Strategies over networks of a formula: sizes, fusion, tiles, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat.errors import ConfigError, InputError
from streammat.matting.strategies import (
    STRATEGIES,
    PassOutput,
    hybrid,
    multi_scale,
    official,
    resize,
    single,
    still_alpha,
    strategy_for_clip,
    strategy_for_source,
    strategy_for_still,
    tiled,
)
from streammat.matting.strategies.labels import fuse_labels, glance_labels
from streammat.matting.strategies.official import sample_size
from streammat.matting.strategies.pass_size import pass_size
from streammat.matting.strategies.second_glance import SecondGlance
from tests.matting.still_networks import RedNetwork, ramp_picture
from tests.tolerances import BLEND_CODES


def test_sizes_of_the_passes_are_the_official_ones() -> None:
    network = RedNetwork()
    maps = hybrid(network, ramp_picture(517, 389))
    assert network.sizes == [(160, 128), (256, 192)]
    assert {part.shape for part in maps} == {(517, 389)}
    network.sizes.clear()
    resize(network, ramp_picture(517, 389))
    assert network.sizes == [(256, 192)]


@given(st.integers(96, 9000), st.integers(96, 9000))
def test_a_side_is_a_multiple_of_32_and_at_most_1600(height: int, width: int) -> None:
    for side, length in zip(pass_size(height, width, 1 / 3), (height, width), strict=True):
        assert side % 32 == 0
        assert 32 <= side <= 1600
        assert side == 1600 or int(length / 3) - 32 < side <= length / 3


def test_pictures_below_the_minimum_are_refused_with_it() -> None:
    with pytest.raises(InputError, match="95x300: this strategy needs sides of at least 96"):
        hybrid(RedNetwork(), ramp_picture(300, 95))
    with pytest.raises(InputError, match="at least 64"):
        resize(RedNetwork(), ramp_picture(63, 300))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_finds_subject_background_and_ramp(strategy: str) -> None:
    alpha = still_alpha(RedNetwork(), ramp_picture(120, 300), strategy, "fast")
    assert alpha.shape == (120, 300)
    assert alpha.dtype == np.uint16
    assert not alpha[:, :80].any()
    assert (alpha[:, 220:] == 65535).all()
    assert abs(int(alpha[60, 150]) - 32768) < 1500  # half-way, within the blur of shrinking


@pytest.mark.parametrize("strategy", ["hybrid", "resize", "single", "tiled", "multi-scale"])
def test_sixteen_bits_give_what_eight_give(strategy: str) -> None:
    picture = ramp_picture(100, 200)
    narrow = still_alpha(RedNetwork(), picture, strategy)
    wide = still_alpha(RedNetwork(), picture.astype(np.uint16) * 257, strategy)
    assert np.abs(narrow.astype(int) - wide.astype(int)).max() <= BLEND_CODES


def test_the_three_representations_fuse_as_defined() -> None:
    glance = np.array([[0.0, 0.0005, 127.5, 254.9995, 255.0 - 3e-14]])
    focus = np.full((1, 5), 0.75)
    assert fuse_labels(glance, focus, "tt").tolist() == [[0.0, 0.0, 0.75, 1.0, 1.0]]
    np.testing.assert_allclose(fuse_labels(glance, focus, "ft")[0, [0, 2, 4]], [0.75, 1, 1])
    np.testing.assert_allclose(fuse_labels(glance, focus, "bt")[0, [0, 2, 4]], [0, 0, 0.25])


def test_labels_are_those_of_the_first_winning_channel() -> None:
    glance = np.array([[[0.2, 0.5, 0.1]], [[0.2, 0.6, 0.1]], [[0.2, 0.1, 0.9]]], np.float32)
    assert glance_labels(glance, "tt").tolist() == [[0, 128, 255]]
    assert glance_labels(glance[1:], "bt").tolist() == [[0, 0, 255]]


@pytest.mark.parametrize("variant", ["ft", "bt"])
def test_two_plane_networks_go_through_every_strategy(variant: str) -> None:
    network = RedNetwork("ft" if variant == "ft" else "bt")
    for strategy in STRATEGIES:
        alpha = still_alpha(network, ramp_picture(100, 200), strategy, "fast")
        # ft adds focus to the core, bt takes focus from the subject (so full red is none, but for
        # the grey level by which the official strategy darkens what it shrinks).
        least, most = (65535, 65535) if variant == "ft" else (0, 257 * (strategy == "official"))
        assert least <= alpha[:, -20:].min() <= alpha[:, -20:].max() <= most


def test_official_sample_mode_shrinks_to_a_shorter_side_of_1080() -> None:
    assert sample_size(1200, 1600) == (1080, 1440)
    assert sample_size(3001, 2000) == (1620, 1080)
    assert sample_size(1080, 5000) == (1080, 5000)
    picture = ramp_picture(1090, 1100)
    assert official(RedNetwork(), picture, sample_mode=True).alpha.shape == (1080, 1089)
    assert still_alpha(RedNetwork(), picture, "official").shape == (1090, 1100)


def test_official_refuses_sixteen_bits() -> None:
    with pytest.raises(InputError, match="8 bits, not uint16"):
        official(RedNetwork(), ramp_picture(100, 100).astype(np.uint16))


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    overlap=st.sampled_from([0, 8, 31]),
)
def test_tiles_of_a_flat_transition_leave_no_seam(height: int, width: int, overlap: int) -> None:
    rgb = np.full((height, width, 3), 128, np.uint8)
    alpha = tiled(RedNetwork(), rgb, size="64x64", tile_px=64, overlap_px=overlap)
    assert np.abs(alpha.astype(int) - round(128 / 255 * 65535)).max() <= BLEND_CODES


def test_tiles_agree_with_one_large_tile() -> None:
    rgb = ramp_picture(260, 420)
    one = tiled(RedNetwork(), rgb, tile_px=256, overlap_px=32)
    many = tiled(RedNetwork(), rgb, tile_px=64, overlap_px=16)
    # The border of a tile is mirrored, where the whole picture goes on: a slope there bends.
    assert np.abs(one.astype(int) - many.astype(int)).mean() < 65535 * 0.002


def test_plain_tiles_are_not_computed_and_memory_maps_are_taken(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("map")
    rgb = np.memmap(folder / "rgb", np.uint8, "w+", shape=(200, 900, 3))
    rgb[:, 450:, 0] = 255
    out = np.memmap(folder / "alpha", np.uint16, "w+", shape=(200, 900))
    network = RedNetwork()
    alpha = tiled(network, rgb, tile_px=64, overlap_px=8, out=out)
    assert alpha is out
    columns = len(network.sizes) - 1  # the first pass is glance
    assert 0 < columns <= 6  # of about sixteen tiles only those on the edge
    assert not out[:, :400].any()
    assert (out[:, 500:] == 65535).all()


@pytest.mark.parametrize(("tile", "overlap"), [(50, 0), (0, 0), (64, 32), (64, -1)])
def test_tiles_that_cannot_be_are_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ConfigError, match="multiple of 32"):
        tiled(RedNetwork(), ramp_picture(64, 64), tile_px=tile, overlap_px=overlap)


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_clips_and_stills_take_every_strategy_by_name(strategy: str, still: bool) -> None:
    assert strategy_for_source(strategy, "x", 1080, 1920, still=still) == strategy


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match="use auto, single, second-glance, mirrored, multi-scale, hybrid"
    ):
        strategy_for_source("twice", "x", 1080, 1920, still=False)


def test_auto_is_what_suits_the_network_for_clips_and_for_stills() -> None:
    for network, wanted in (
        ("gfm_lite0_tt", "second-glance"),
        ("", "second-glance"),
        ("gfm_r34_tt", "single"),
        ("gfm_d121_rim", "single"),
    ):
        large = strategy_for_source("auto", network, 720, 1280, still=False, size="best")
        assert large == wanted
        assert strategy_for_source("auto", network, 720, 1280, still=False) == "single"
    assert (
        strategy_for_clip("gfm_lite0_tt", "fast") == strategy_for_clip("x", "512x288") == "single"
    )
    assert strategy_for_clip("gfm_lite0_tt", "544x288") == "second-glance"
    assert strategy_for_still("gfm_lite0_tt", 40, 40) == "multi-scale"
    assert strategy_for_still("my_film", 720, 1280) == "multi-scale"
    assert strategy_for_still("gfm_d121_rim", 96, 96) == "hybrid"
    assert strategy_for_still("gfm_r34_2b_tt_div4", 95, 1280) == "single"


def test_a_second_glance_is_half_as_large() -> None:
    network = RedNetwork()
    still_alpha(network, ramp_picture(1080, 1920), "second-glance")
    assert network.sizes == [(288, 512), (128, 256)]
    network.sizes.clear()
    still_alpha(network, ramp_picture(1080, 1920), "second-glance", "640x384")
    assert network.sizes == [(384, 640), (192, 320)]


def test_a_second_glance_has_a_say_in_glance_and_none_in_focus() -> None:
    class Near(RedNetwork):
        def __call__(self, rgb: Any, /) -> PassOutput:
            near = rgb.shape[0] >= 192
            glance = np.zeros((3, *rgb.shape[:2]), np.float32)
            glance[0 if near else 2] = 0.5 if near else 0.75
            return PassOutput(glance, np.full(rgb.shape[:2], near, np.float32))

    seen = SecondGlance(Near())(np.zeros((192, 256, 3), np.float32))
    np.testing.assert_allclose(seen.glance[:, 5, 7], [0.25, 0, 0.375])
    assert (seen.focus == 1).all()


def test_focus_comes_from_a_closer_pass_but_never_above_the_picture() -> None:
    network = RedNetwork()
    multi_scale(network, ramp_picture(1080, 1920))
    # 0.4 times the working size's area is 182 x 324, 2.5 times is 455 x 810
    assert network.sizes == 2 * [(192, 352)] + 2 * [(288, 512)] + 2 * [(480, 832)]
    network.sizes.clear()
    multi_scale(network, ramp_picture(360, 640))  # 1.56 times the working size
    assert network.sizes == 2 * [(192, 352)] + 2 * [(288, 512)] + 2 * [(384, 640)]
    network.sizes.clear()
    multi_scale(network, ramp_picture(288, 512))
    assert network.sizes == 2 * [(192, 352)] + 2 * [(288, 512)]


def test_nothing_is_looked_at_from_so_far_off_that_it_is_lost() -> None:
    network = RedNetwork()
    picture = ramp_picture(100, 160)
    np.testing.assert_array_equal(
        multi_scale(network, picture, size="160x128"), single(network, picture, size="160x128")
    )
    assert network.sizes == 3 * [(128, 160)]  # the picture and its mirror image; the picture


class Seeing(RedNetwork):
    """Answers by the height of what it is shown."""

    def __init__(self, answers: dict[int, list[float]]) -> None:
        super().__init__()
        self.answers = answers

    def __call__(self, rgb: Any, /) -> PassOutput:
        output = super().__call__(rgb)
        output.glance[...] = np.array(self.answers[rgb.shape[0]], np.float32)[:, None, None]
        return output


@pytest.mark.parametrize(("sureness", "alpha"), [(0.52, 65535), (0.48, 0)])
def test_glance_of_the_working_size_counts_as_much_as_both_others(
    sureness: float, alpha: int
) -> None:
    middle, outer = [1 - sureness, 0, sureness], [0.5, 0, 0.5]
    answers = {192: outer, 288: middle, 480: outer}
    assert (multi_scale(Seeing(answers), ramp_picture(1080, 1920)) == alpha).all()
    nothing, surely = [1.0, 0, 0], [0, 0, 1.0]
    answers = {192: surely, 288: middle, 480: nothing}
    assert (multi_scale(Seeing(answers), ramp_picture(1080, 1920)) == alpha).all()


def test_focus_is_that_of_the_closest_pass() -> None:
    class Focusing(Seeing):
        """Transition everywhere."""

        def __call__(self, rgb: Any, /) -> PassOutput:
            output = super().__call__(rgb)
            output.focus[...] = 0.75 if rgb.shape[0] == 480 else 0.25
            return output

    network = Focusing({height: [0, 1.0, 0] for height in (192, 288, 480)})
    alpha = multi_scale(network, ramp_picture(1080, 1920))
    assert np.abs(alpha.astype(int) - round(0.75 * 65535)).max() <= BLEND_CODES
