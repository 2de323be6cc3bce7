from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streammat.catalogue.cards import ModelCard, Variant
from streammat.device import Device
from streammat.errors import ConfigError, EngineFileError
from streammat.matting.build import frame_matter
from streammat.matting.gfm import GfmMatter
from streammat.settings import MatteSettings
from streammat.types import Alpha, Frame
from streammat_engines.engine import Engine
from streammat_engines.openvino import OpenVinoEngine
from streammat_kernels.layout import Colour, Family, PixelLayout

RGB = PixelLayout(Family.RGB, 1, 1)
FULL = Colour(full_range=True)
WHITE = 65535

pytestmark = pytest.mark.usefixtures("own_cache")


def split_frame(border: int, size: tuple[int, int] = (120, 200)) -> Frame:
    """Red (the tiny model's subject) left of column ``border``, green (its background) right."""
    planes = np.zeros((3, *size), np.uint8)
    planes[0, :, :border] = 255
    planes[1, :, border:] = 255
    views = (planes[0], planes[1], planes[2])
    return Frame(views, RGB, FULL, pts=border, time_base=Fraction(1, 25), index=0)


def alpha_of(matter: GfmMatter, frame: Frame, slot: int = 0) -> Alpha:
    matter.prepare(frame, slot)
    matter.submit(slot)
    matter.wait(slot)
    return take(matter, frame, slot)


def take(matter: GfmMatter, frame: Frame, slot: int) -> Alpha:
    out = np.full((frame.height, frame.width), 12345, np.uint16)
    matter.alpha(frame, slot, out)
    return out


def assert_split(alpha: Alpha, border: int, slack: int = 12) -> None:
    assert (alpha[:, : border - slack] == WHITE).all()
    assert (alpha[:, border + slack :] == 0).all()


def test_the_subject_is_opaque_and_the_background_empty(card: ModelCard) -> None:
    matter = GfmMatter(card)
    assert_split(alpha_of(matter, split_frame(100)), 100)


@pytest.mark.parametrize("size", [(200, 120), (100, 100), (31, 57), (2, 2), (300, 20)])
def test_every_frame_size_works(card: ModelCard, size: tuple[int, int]) -> None:
    alpha = alpha_of(GfmMatter(card, "fast"), split_frame(size[1], size))
    assert alpha.shape == size
    assert (alpha == WHITE).all()


def test_native_video_planes_work_like_rgb(card: ModelCard) -> None:
    rows, columns = 120, 200
    luma = np.full((rows, columns), 63, np.uint8)  # red in BT.709, limited range
    u, v = np.full((rows // 2, columns // 2), 102, np.uint8), np.full((60, 100), 240, np.uint8)
    luma[:, 100:], u[:, 50:], v[:, 50:] = 173, 42, 26  # green
    frame = Frame((luma, u, v), PixelLayout(), Colour(), 0, Fraction(1, 25), 0)
    assert_split(alpha_of(GfmMatter(card), frame), 100)


def test_frames_in_flight_do_not_mix(card: ModelCard) -> None:
    matter = GfmMatter(card, "fast", requests=2, threads=2)
    borders = [70, 90, 110, 130]
    assert len(matter.slots) == len(borders)
    frames = [split_frame(border) for border in borders]
    for slot, frame in zip(matter.slots, frames, strict=True):
        matter.prepare(frame, slot)
        matter.submit(slot)
    for slot, frame in reversed(list(zip(matter.slots, frames, strict=True))):
        matter.wait(slot)
        assert_split(take(matter, frame, slot), frame.pts)


def test_a_size_change_leaves_frames_under_way_alone(card: ModelCard) -> None:
    matter = GfmMatter(card, "fast")
    small, large = split_frame(60, (96, 128)), split_frame(100, (240, 160))
    matter.prepare(small, 0)
    matter.submit(0)
    matter.prepare(large, 1)
    matter.submit(1)
    for slot, frame in enumerate((small, large)):
        matter.wait(slot)
        assert_split(take(matter, frame, slot), frame.pts)


def test_the_same_frame_gives_the_same_alpha_in_every_slot(card: ModelCard) -> None:
    matter = GfmMatter(card, "fast", requests=2)
    frame = split_frame(90)
    first = alpha_of(matter, frame)
    for slot in matter.slots:
        np.testing.assert_array_equal(alpha_of(matter, frame, slot), first)


def test_no_picture_is_allocated_once_it_runs(card: ModelCard) -> None:
    matter = GfmMatter(card, "fast")
    frame, out = split_frame(300, (480, 640)), np.empty((480, 640), np.uint16)
    alpha_of(matter, frame)
    tracemalloc.start()
    for _ in range(3):
        matter.prepare(frame, 0)
        matter.submit(0)
        matter.wait(0)
        matter.alpha(frame, 0, out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 480 * 640 // 4


def test_it_says_what_it_is_before_and_after_the_first_frame(card: ModelCard) -> None:
    matter = GfmMatter(card)
    assert matter.describe() == "tiny_tt balanced"
    assert matter.manifest is None
    matter.warm_up(1080, 1920)
    assert matter.describe() == "tiny_tt 512x288"
    assert matter.manifest is not None
    assert matter.manifest.sha256 == card.sha256


def test_the_compiled_network_is_cached_where_the_user_says(
    card: ModelCard, own_cache: Path
) -> None:
    GfmMatter(card).warm_up(1080, 1920)
    assert list((own_cache / "engines").glob("*.blob"))


def test_closing_twice_is_fine(card: ModelCard) -> None:
    matter = GfmMatter(card, "fast")
    matter.prepare(split_frame(50), 0)
    matter.submit(0)
    matter.close()
    matter.close()


@pytest.mark.parametrize("variant", ["ft", "bt"])
def test_a_variant_that_is_not_the_graphs_is_refused(card: ModelCard, variant: Variant) -> None:
    with pytest.raises(EngineFileError, match=f"3 glance planes, but variant {variant} has 2"):
        GfmMatter(replace(card, variant=variant)).warm_up(64, 64)


def test_three_glance_planes_need_no_name(card: ModelCard) -> None:
    matter = GfmMatter(replace(card, variant=None))
    assert_split(alpha_of(matter, split_frame(100)), 100)


def test_weights_that_do_not_match_their_card_are_refused(card: ModelCard) -> None:
    with pytest.raises(EngineFileError, match="damaged"):
        GfmMatter(replace(card, sha256="0" * 64)).warm_up(64, 64)


def test_a_size_that_cannot_be_is_refused_before_any_frame(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match="size 'huge'"):
        GfmMatter(card, "huge")


def test_settings_choose_the_matter(card: ModelCard) -> None:
    settings = MatteSettings(model=str(card.path), size="fast", threads=3)
    matter = frame_matter(settings)
    assert isinstance(matter, GfmMatter)
    assert (matter.requests, matter.threads, len(matter.slots)) == (3, 3, 5)
    waiting = frame_matter(settings, requests=1)
    assert isinstance(waiting, GfmMatter)
    assert waiting.threads == 3


def test_an_unknown_strategy_is_refused(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match="strategy 'twice'"):
        frame_matter(MatteSettings(model=str(card.path), strategy="twice"))


@pytest.mark.parametrize(
    ("size", "strategy", "twice"),
    [
        ("best", "auto", True),
        ("balanced", "auto", False),
        ("balanced", "second-glance", True),
    ],
)
def test_the_gpus_engine_looks_as_often_as_the_cpus(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch, size: str, strategy: str, twice: bool
) -> None:
    opened: list[bool] = []
    said: list[str] = []

    def open_on_gpu(
        card: ModelCard, width: int, height: int, *, second_glance: bool, say: Callable[[str], None]
    ) -> Engine:
        opened.append(second_glance)
        say(f"building {card.name}")
        return OpenVinoEngine(card.path, (1, 3, height, width), second_glance=second_glance)

    monkeypatch.setattr("streammat.matting.passes.tensorrt.open_on_gpu", open_on_gpu)
    settings = MatteSettings(model=str(card.path), size=size, strategy=strategy)
    described = []
    for kind in ("cuda", "cpu"):
        matter = frame_matter(settings, Device(kind, 1, "asked for"), say=said.append)
        assert isinstance(matter, GfmMatter)
        matter.warm_up(1080, 1920)
        described.append(matter.describe())
        matter.close()
    assert opened == [twice]
    assert len(said) == 1
    assert described[0] == described[1]
    assert ("+" in described[0]) is twice
