from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

import cv2  # noqa: E402

from streammat.training import augment  # noqa: E402
from streammat.training.cache import Cache, estimate_foreground, write_cache  # noqa: E402
from streammat.training.contents import Mix  # noqa: E402
from streammat.training.data import Sampler, clip_of, split  # noqa: E402
from streammat.training.decode import build_cache  # noqa: E402
from streammat.training.recipe import load_recipe  # noqa: E402
from streammat.training.strands import hair_object  # noqa: E402
from tests.training.tiny import disc, write_data  # noqa: E402

EMPTY_PAIR = np.zeros((64, 64, 7), np.uint8)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    folder = tmp_path_factory.mktemp("data")
    build_cache(write_data(folder / "data"), folder / "cache")
    return Cache(folder / "cache")


def sampler(cache: Cache, strands: float = 0, cutouts: float = 0, composites: float = 0) -> Sampler:
    mix = Mix(strands, cutouts, composites, 0.7, {})
    return Sampler(cache, cache.of_kind("pair"), mix, seed=4)


def test_the_cache_holds_every_picture(cache: Cache) -> None:
    assert [len(cache.of_kind(k)) for k in ("pair", "cutout", "background")] == [6, 1, 1]
    pixels = cache.pixels(cache.of_kind("pair")[0])
    assert pixels.shape == (80, 100, 7)
    np.testing.assert_array_equal(pixels[..., 3], disc(0)[1])
    assert max(cache.of_kind("background")[0].shape) == 640


def test_clips_are_held_out_whole(cache: Cache) -> None:
    train, held = split(cache.of_kind("pair"), ["vid_kept"], 0.0)
    assert [e.name for e in held] == ["vid_kept_0001"]
    assert len(train) == 5
    assert clip_of("vid_a_b_12") == clip_of("vid_a_b_7") == "vid_a_b"
    assert clip_of("disc_0001") == "disc_0001"


def test_photographs_and_alphas_stay_aligned(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red tells the alpha: 20 outside, 230 inside; interpolation keeps the relation linear."""
    monkeypatch.setattr(augment, "photometric", lambda image, rng: image)
    source = sampler(cache)
    for index in range(12):
        batch = source.batch(index, 0, 2, 64, 96)
        told = (batch.rgb[:, :1] - 20) / 210
        assert float((told - batch.alpha).abs().mean()) < 0.01  # 8-bit rounding, lossy edges


@pytest.mark.parametrize("kind", ["strands", "cutouts", "composites"])
def test_every_kind_of_sample_has_the_right_shape_and_range(cache: Cache, kind: str) -> None:
    batch = sampler(cache, **{kind: 1.0}).batch(0, 0, 3, 96, 64)
    assert batch.rgb.shape == (3, 3, 96, 64)
    assert batch.alpha.shape == (3, 1, 96, 64)
    assert batch.rgb.dtype == batch.alpha.dtype == torch.float32
    assert 0 <= float(batch.rgb.min()) <= float(batch.rgb.max()) <= 255
    assert 0 <= float(batch.alpha.min()) < float(batch.alpha.max()) <= 1


def test_the_mix_cuts_subjects_off(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same draws twice; the first time the pictures count as too small to be cut."""
    source = Sampler(cache, cache.of_kind("pair"), Mix(0, 0, 1.0, 0.7, {}, cut_off=1.0), seed=4)
    whole = source.batch(0, 0, 2, 64, 96)
    monkeypatch.setattr(augment, "SMALLEST_PX", 16)
    assert not torch.equal(source.batch(0, 0, 2, 64, 96).alpha, whole.alpha)


def test_what_hides_a_subject_is_drawn_when_the_mix_says_so(cache: Cache) -> None:
    pairs, plain = cache.of_kind("pair"), Mix(0, 0, 1.0, 0.7, {})
    before = Sampler(cache, pairs, plain, seed=4).batch(0, 0, 2, 64, 96)
    for name in ("alike", "printed"):
        mix = Mix(**plain._asdict() | {name: 1.0})
        batch = Sampler(cache, pairs, mix, seed=4).batch(0, 0, 2, 64, 96)
        assert not torch.equal(batch.rgb, before.rgb), name
        assert 0 <= float(batch.rgb.min()) <= float(batch.rgb.max()) <= 255


@pytest.mark.parametrize("kind", ["cutouts", "composites"])
def test_subjects_on_new_backgrounds_get_a_fringe(cache: Cache, kind: str) -> None:
    pairs, plain = cache.of_kind("pair"), Mix(**Mix(0, 0, 0, 0.7, {})._asdict() | {kind: 1.0})
    before = Sampler(cache, pairs, plain, seed=4).batch(0, 0, 4, 64, 96)
    batch = Sampler(cache, pairs, plain._replace(fringes=1.0), seed=4).batch(0, 0, 4, 64, 96)
    assert not torch.equal(batch.alpha, before.alpha)
    soft = [int(((b.alpha > 0.02) & (b.alpha < 0.98)).sum()) for b in (before, batch)]
    assert soft[1] > soft[0]


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (2000, 3), (3, 2000)])
def test_thin_pictures_are_drawn(size: tuple[int, int], tmp_path: Path) -> None:
    layers = [("background", 3), ("cutout", 4), ("pair", 7)]
    items = [(kind, "thin", "", np.full((*size, depth), 255, np.uint8)) for kind, depth in layers]
    write_cache(items, tmp_path)
    for kind in ("cutouts", "composites"):
        batch = sampler(Cache(tmp_path), **{kind: 1.0}).batch(0, 0, 6, 64, 96)
        assert batch.rgb.shape == (6, 3, 64, 96)


def test_a_batch_depends_on_its_number_only(cache: Cache) -> None:
    one, two = (sampler(cache, composites=0.5).batch(7, 0, 2, 64, 64) for _ in range(2))
    assert torch.equal(one.rgb, two.rgb)
    other = sampler(cache, composites=0.5).batch(8, 0, 2, 64, 64)
    assert not torch.equal(one.rgb, other.rgb)
    second = sampler(cache, composites=0.5).batch(7, 1, 1, 64, 64)
    assert torch.equal(one.rgb[1:], second.rgb)
    assert one.names[1:] == second.names
    assert all(name.startswith("disc_") or name == "vid_kept_0001" for name in one.names)


def test_whole_subject_windows_hold_the_subject_and_the_aspect() -> None:
    _, alpha = disc(3)
    x0, y0, x1, y1 = augment.subject_box(alpha)
    rng = np.random.default_rng(0)
    for height, width in ((64, 96), (96, 64), (64, 64)):
        for _ in range(20):
            window = augment.choose_window(alpha, height, width, True, rng)
            assert window.width / window.height == pytest.approx(width / height, rel=0.05)
            inside = (
                window.x <= x0 + 2
                and window.y <= y0 + 2
                and window.x + window.width >= x1 - 2
                and window.y + window.height >= y1 - 2
            )
            assert inside or window.height < y1 - y0 or window.width < x1 - x0


def test_photometric_changes_keep_shape_type_and_range() -> None:
    rng = np.random.default_rng(2)
    image = rng.uniform(0, 255, (48, 64, 3)).astype(np.float32)
    for _ in range(40):
        out = augment.photometric(image, rng)
        assert out.shape == image.shape
        assert out.dtype == np.float32
        assert 0 <= out.min() <= out.max() <= 255


def test_jpegs_damage_is_that_of_red_green_and_blue_in_their_places() -> None:
    """JPEG weighs green most, then red, then blue: thin lines in red stay clearer than in blue."""
    errors = []
    for channel in (0, 2):
        image = np.zeros((64, 64, 3), np.float32)
        image[:, ::2, channel] = 255
        damaged = augment._jpeg(image, np.random.default_rng(1))
        errors.append(float(np.abs(damaged[..., channel] - image[..., channel]).mean()))
    assert errors[0] < errors[1]


def test_hair_is_premultiplied_and_has_soft_strands() -> None:
    for seed in range(4):
        rgba = hair_object(np.random.default_rng(seed), 96, 128)
        alpha = rgba[..., 3]
        assert rgba.shape == (96, 128, 4)
        assert rgba.dtype == np.float32
        assert np.all(rgba[..., :3] <= alpha[..., None] + 1e-6)
        assert ((alpha > 0.02) & (alpha < 0.98)).mean() > 0.002
        assert 0.005 < alpha.mean() < 0.9


def test_estimated_foreground_does_not_show_the_background_at_the_edge() -> None:
    rgb, alpha = disc(1)
    rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.5), np.uint8)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.5), np.uint8)
    fg = estimate_foreground(rgb, alpha)
    edge = (alpha > 60) & (alpha < 200)
    assert np.abs(fg[edge][:, 0].astype(float) - 230).mean() < 25
    assert np.abs(rgb[edge][:, 0].astype(float) - 230).mean() > 60


def test_the_shipped_recipe_loads_and_fits_the_network() -> None:
    recipe = load_recipe("gfm_lite0")
    assert recipe.phases[-1].until == 1.0
    for phase in recipe.phases:
        assert all(h % 32 == 0 and w % 32 == 0 for h, w in phase.shapes)


def test_the_real_data_can_be_read(shared_data: Path) -> None:
    folder = shared_data / "train"
    if not (folder / "pairs.jsonl").is_file():
        pytest.skip(f"no training pairs in {folder}")
    assert sum(1 for _ in (folder / "pairs.jsonl").open()) > 1000


@pytest.mark.parametrize("threads", [1, 3])
def test_what_was_begun_ahead_is_what_would_be_drawn(cache: Cache, threads: int) -> None:
    mix = Mix(0.2, 0.2, 0.3, 0.7, {}, video=0.5, pairs=0.5)
    pairs = cache.of_kind("pair")
    plain, source = (Sampler(cache, pairs, mix, 4, count) for count in (1, threads))
    for step, (asked, begun) in enumerate([(64, 64), (96, 64), (64, 96), (96, 96)]):
        source.ahead(step, 0, 6, begun, 64)  # where the shape is another one, it is drawn anew
        found, wanted = (one.batch(step, 0, 6, asked, 64) for one in (source, plain))
        assert found.names == wanted.names
        assert torch.equal(found.rgb, wanted.rgb)
        assert torch.equal(found.alpha, wanted.alpha)
        source.ahead(step + 1, 0, 6, asked, 64)  # begun twice: the last counts
