"""Soft edges: when they are redrawn, and that hair is found again on every way to an alpha."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard, Variant
from streammat.errors import ConfigError
from streammat.matting.build import frame_matter
from streammat.matting.gfm import GfmMatter
from streammat.matting.passes.openvino import openvino_pass
from streammat.matting.strategies import PassOutput, Strategy, redraws, still_alpha
from streammat.matting.strategies.edges import drawn_still
from streammat.matting.strategies.planes import rgb_layout, rgb_planes
from streammat.settings import MatteSettings
from streammat.types import Frame
from streammat_kernels.layout import Colour, Family, PixelLayout

Grey = NDArray[np.float32]

pytestmark = pytest.mark.usefixtures("own_cache")


@dataclass
class BlurringNetwork:
    """Red is the subject, blurred across by 15 samples: hair is a haze to it."""

    network: str = "gfm_lite0_tt"
    variant: Variant = "tt"

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        focus = _blurred(rgb[..., 0] / np.float32(255))
        low, high = focus < 0.02, focus > 0.98
        glance = np.stack([low, ~low & ~high, high]).astype(np.float32)
        return PassOutput(glance, focus)

    def close(self) -> None:
        pass


def _blurred(plane: Grey) -> Grey:
    """The mean of 15 samples across, replicated at the border."""
    sums = np.cumsum(np.pad(plane, ((0, 0), (8, 7)), "edge"), axis=1, dtype=np.float64)
    return np.ascontiguousarray((sums[:, 15:] - sums[:, :-15]) / 15, np.float32)


def haired(height: int = 288, width: int = 512) -> tuple[NDArray[np.uint8], Grey]:
    """A red square with strands two pixels wide on its right, before blue: picture, alpha."""
    alpha = np.zeros((height, width), np.float32)
    alpha[80:210, 120:300] = 1
    for top in range(84, 206, 9):
        alpha[top : top + 2, 300:324] = 1
    colours = alpha[..., None] * (255, 40, 30) + (1 - alpha[..., None]) * (0, 60, 200)
    return np.rint(colours).astype(np.uint8), alpha


@pytest.mark.parametrize(
    ("edges", "network", "strategy", "expected"),
    [
        ("auto", "gfm_lite0_tt", "single", True),
        ("auto", "", "multi-scale", True),
        ("auto", "gfm_lite0_tt", "hybrid", False),
        ("auto", "gfm_lite0_tt", "tiled", False),
        ("auto", "gfm_r34_tt", "single", False),
        ("closed-form", "gfm_r34_tt", "hybrid", True),
        ("network", "gfm_lite0_tt", "multi-scale", False),
    ],
)
def test_released_networks_and_their_strategies_stay_as_they_are(
    edges: str, network: str, strategy: Strategy, expected: bool
) -> None:
    assert redraws(edges, network, strategy) == expected


@pytest.mark.parametrize(
    ("edges", "strategy", "message"),
    [
        ("drawn", "single", "edges 'drawn': use auto, closed-form, network"),
        ("closed-form", "tiled", "strategy tiled never has the whole picture"),
    ],
)
def test_what_cannot_be_is_refused_before_any_frame(
    edges: str, strategy: Strategy, message: str, card: ModelCard
) -> None:
    with pytest.raises(ConfigError, match=message):
        redraws(edges, "", strategy)
    with pytest.raises(ConfigError, match=message):
        frame_matter(MatteSettings(model=str(card.path), strategy=strategy, edges=edges))


@pytest.mark.parametrize(
    "strategy", ["single", "second-glance", "mirrored", "multi-scale", "hybrid", "resize"]
)
def test_strands_come_out_of_the_haze(strategy: str) -> None:
    rgb, truth = haired()
    hair = np.s_[80:210, 302:322]
    errors = []
    for edges in ("network", "closed-form"):
        alpha = still_alpha(BlurringNetwork(), rgb, strategy, "balanced", edges)
        errors.append(float(np.abs(alpha / 65535.0 - truth)[hair].mean()))
    assert errors[1] < 0.75 * errors[0], errors


def test_sixteen_bits_are_redrawn_as_eight_are() -> None:
    rgb, _ = haired()
    narrow = still_alpha(BlurringNetwork(), rgb)
    wide = still_alpha(BlurringNetwork(), rgb.astype(np.uint16) * 257)
    assert np.abs(narrow.astype(int) - wide.astype(int)).max() <= 2


@pytest.mark.parametrize("size", [(90, 160), (1200, 2000), (7, 5), (1, 1)])
def test_a_photograph_of_any_size_is_redrawn(size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    small = np.tile(np.linspace(0, 1, 12, dtype=np.float32), (6, 1))
    alpha = drawn_still(small, rgb_planes(rgb), rgb_layout(rgb))
    assert alpha.shape == size
    assert alpha.dtype == np.uint16
    if size[1] > 20:
        assert not alpha[:, 0].any()
        assert (alpha[:, -1] == 65535).all()


def _alpha_of_a_clip(card: ModelCard, edges: str, rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    matter = frame_matter(MatteSettings(model=str(card.path), size="fast", edges=edges))
    assert isinstance(matter, GfmMatter)
    planes = rgb_planes(rgb)
    colour = Colour(full_range=True)
    frame = Frame(planes, PixelLayout(Family.RGB, 1, 1), colour, 0, Fraction(1, 25), 0)
    matter.prepare(frame, 0)
    matter.submit(0)
    matter.wait(0)
    out = np.zeros(rgb.shape[:2], np.uint16)
    matter.alpha(frame, 0, out)
    matter.close()
    return out


def test_frames_of_clips_are_redrawn_as_single_does_it(card: ModelCard) -> None:
    rgb, _ = haired(120, 200)
    rgb = (rgb // 2 + 40 + np.random.default_rng(1).integers(0, 60, rgb.shape)).astype(np.uint8)
    network = openvino_pass(card, 1)
    found = {}
    for edges in ("auto", "network"):
        found[edges] = _alpha_of_a_clip(card, edges, rgb)
        assert np.array_equal(found[edges], still_alpha(network, rgb, "single", "fast", edges))
    assert not np.array_equal(found["auto"], found["network"])
