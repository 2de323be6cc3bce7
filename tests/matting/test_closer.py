"""A region of interest is seen closer: same answers inside, nothing outside."""

from __future__ import annotations

import numpy as np
import pytest

from streammat.catalogue.cards import ModelCard
from streammat.device import Device
from streammat.matting.build import frame_matter
from streammat.matting.closer import CloserMatter
from streammat.matting.gfm import GfmMatter
from streammat.matting.window import window_of
from streammat.settings import MatteSettings
from streammat.types import Frame

from .test_gfm import WHITE, alpha_of, assert_split, split_frame

SIZE = (360, 640)
ROI = (200, 100, 160, 160)

pytestmark = pytest.mark.usefixtures("own_cache")


def closer(card: ModelCard, roi: tuple[int, int, int, int] = ROI) -> CloserMatter:
    return CloserMatter(GfmMatter(card, "fast"), roi)


def alpha(matter: CloserMatter, frame: Frame) -> np.ndarray:
    return alpha_of(matter, frame)  # type: ignore[arg-type]


def test_the_window_is_matted_and_the_rest_is_empty(card: ModelCard) -> None:
    found = alpha(closer(card), split_frame(280, SIZE))
    window = window_of(ROI, *SIZE)
    assert window is not None
    inside = window.within(found)
    assert_split(inside, 280 - window.left)
    outside = found.copy()
    window.within(outside)[:] = 0
    assert not outside.any()
    assert (found == WHITE).any()


def test_an_edge_is_found_more_exactly_than_in_the_whole_frame(card: ModelCard) -> None:
    frame = split_frame(281, (1080, 1920))
    roi = (180, 300, 200, 200)
    near, far = alpha(closer(card, roi), frame), alpha_of(GfmMatter(card, "fast"), frame)
    truth = np.zeros((200, 200))
    truth[:, : 281 - 180] = WHITE
    errors = [np.abs(a[300:500, 180:380] - truth).mean() for a in (near, far)]
    assert errors[0] < errors[1]


def test_a_frame_of_another_size_gets_its_own_window(card: ModelCard) -> None:
    matter = closer(card)
    for size in (SIZE, (720, 1280), (90, 120)):
        found = alpha(matter, split_frame(size[1] // 2, size))
        assert found.shape == size


def test_what_it_looks_at_is_told(card: ModelCard) -> None:
    matter = closer(card)
    matter.warm_up(*SIZE)
    window = window_of(ROI, *SIZE)
    assert window is not None
    assert matter.describe().endswith(
        f" of {window.width}x{window.height} at {window.left},{window.top}"
    )
    whole = closer(card, (0, 0, SIZE[1], SIZE[0]))
    whole.warm_up(*SIZE)
    assert " of " not in whole.describe()
    assert matter.device_network() is None  # its engine is the CPU's


@pytest.mark.parametrize("strategy", ["single", "multi-scale"])
def test_every_strategy_looks_closer(card: ModelCard, strategy: str) -> None:
    settings = MatteSettings(model=str(card.path), size="fast", strategy=strategy, roi=ROI)
    matter = frame_matter(settings, Device("cpu", 1, "test"), requests=1)
    assert isinstance(matter, CloserMatter)
    found = alpha(matter, split_frame(280, SIZE))
    assert found[110:250, 210:260].min() == WHITE
    assert not found[:, 420:].any()
    matter.close()
