"""Pairs of frames: the same content twice, moved as the batch says, with effects of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from streammat.training import augment, shots  # noqa: E402
from streammat.training.batch import Batch  # noqa: E402
from streammat.training.cache import Cache  # noqa: E402
from streammat.training.contents import Mix  # noqa: E402
from streammat.training.data import _OWN, Sampler  # noqa: E402
from streammat.training.decode import build_cache  # noqa: E402
from tests.training.runs import make_trainer, same_weights  # noqa: E402
from tests.training.tiny import write_data, write_recipe  # noqa: E402

HEIGHT_PX, WIDTH_PX = 96, 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shots")
    build_cache(write_data(folder / "data"), folder / "cache")
    write_recipe(folder / "tiny.toml")
    return folder


def sampler(folder: Path, pairs: float, composites: float = 0.5, video: float = 0.0) -> Sampler:
    mix = Mix(0, 0, composites, 0.7, {}, video=video, pairs=pairs)
    cache = Cache(folder / "cache")
    return Sampler(cache, cache.of_kind("pair"), mix, seed=4)


def batch_of(source: Sampler, step: int, first: int = 0, count: int = 4) -> Batch:
    return source.batch(step, first, count, HEIGHT_PX, WIDTH_PX)


def brought(maps: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """First frames of the pairs in the second ones' geometry, and where both frames see."""
    assert batch.pairs is not None
    assert batch.motion is not None
    before = maps[batch.pairs]
    grid = functional.affine_grid(batch.motion, list(before.shape), align_corners=False)
    seen = (grid.abs().amax(-1) <= 1)[:, None]
    return functional.grid_sample(before, grid, align_corners=False), seen


@pytest.mark.parametrize("composites", [0.0, 1.0])
def test_the_motion_maps_the_first_alpha_onto_the_second(folder: Path, composites: float) -> None:
    source = sampler(folder, 1.0, composites)
    moved, unmoved = [], []
    for step in range(6):
        batch = batch_of(source, step)
        assert batch.pairs is not None
        assert batch.pairs.tolist() == [0, 2]
        first, seen = brought(batch.alpha, batch)
        second = batch.alpha[batch.pairs + 1]
        moved.append(float(((first - second).abs() * seen).mean()))
        unmoved.append(float((batch.alpha[batch.pairs] - second).abs().mean()))
        assert batch.names[0] == batch.names[1]
    assert np.mean(moved) < 0.004  # of edges that were sampled twice
    assert np.mean(moved) < 0.4 * np.mean(unmoved)


def test_frames_of_a_photograph_show_the_same_through_the_same_camera(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without noise and JPEG only the sampling differs, whatever the camera does to colours."""
    monkeypatch.setattr(augment, "_blur_patch", lambda image, rng: image)  # stays on the screen
    source = sampler(folder, 1.0, 0.0)
    monkeypatch.setattr(source, "_generator", _quiet(source))
    for step in range(4):
        batch = batch_of(source, step)
        first, seen = brought(batch.rgb, batch)
        assert batch.pairs is not None
        difference = ((first - batch.rgb[batch.pairs + 1]).abs() * seen).mean()
        assert float(difference) < 3  # of 255: edges that were sampled twice


class _Ones:
    """Draws nothing but ones, so that no effect is drawn."""

    def random(self) -> float:
        return 1.0


def _quiet(source: Sampler) -> Callable[..., Any]:
    """The source's generators, without effects of single frames."""
    plain = source._generator
    return lambda *key: _Ones() if key[2:] == (_OWN,) else plain(*key)


def test_noise_is_drawn_anew_for_each_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "_jpeg", lambda image, rng: image)
    image = np.full((64, 64, 3), 120, np.float32)
    made = [
        augment.photometric(image, np.random.default_rng(9), np.random.default_rng(seed))
        for seed in range(20)
    ]
    plain = [frame for frame in made if np.ptp(frame[..., 0]) == 0]
    assert len(plain) > 5  # without noise
    assert all(np.array_equal(plain[0], frame) for frame in plain)
    noisy = {frame.tobytes() for frame in made if np.ptp(frame[..., 0])}
    assert len(noisy) == len(made) - len(plain) > 2  # each another


def test_subject_and_background_move_apart() -> None:
    found = [
        shots.draw_motion(np.random.default_rng(seed), HEIGHT_PX, WIDTH_PX) for seed in range(40)
    ]
    same = sum(np.array_equal(subject, background) for subject, background in found)
    assert 0 < same < 15  # a tripod and a sitter
    corners = np.array([[0, WIDTH_PX - 1, 0], [0, 0, HEIGHT_PX - 1], [1, 1, 1]])
    reach = [np.abs(m @ corners - corners[:2]).max() for pair in found for m in pair]
    assert 3 < max(reach) < shots.MARGIN_PX


def test_a_sample_of_a_pair_depends_on_seed_step_and_place_only(folder: Path) -> None:
    """One process with all samples, two with halves, and one that begins in the midst of a pair."""
    whole = batch_of(sampler(folder, 0.6, video=0.5), 3, 0, 6)
    assert whole.pairs is not None
    assert 0 < len(whole.pairs) < 3
    for first, count in ((0, 3), (3, 3), (2, 2), (5, 1)):
        source = sampler(folder, 0.6, video=0.5)
        part = batch_of(source, 3, first, count)
        assert torch.equal(part.rgb, whole.rgb[first : first + count])
        assert torch.equal(part.alpha, whole.alpha[first : first + count])
        assert part.names == whole.names[first : first + count]
        assert part.pairs is not None
        inside = [p - first for p in whole.pairs.tolist() if first <= p < first + count - 1]
        assert part.pairs.tolist() == inside


def test_samples_that_are_no_pairs_are_drawn_as_without_pairs(folder: Path) -> None:
    plain = batch_of(sampler(folder, 0.0, video=0.5), 3, 0, 6)
    mixed = batch_of(sampler(folder, 0.6, video=0.5), 3, 0, 6)
    assert plain.pairs is None
    assert plain.motion is None
    assert mixed.pairs is not None
    paired = {place + k for place in mixed.pairs.tolist() for k in (0, 1)}
    for place in set(range(6)) - paired:
        assert torch.equal(plain.rgb[place], mixed.rgb[place])
        assert torch.equal(plain.alpha[place], mixed.alpha[place])


def test_a_run_with_pairs_goes_on_as_if_it_had_not_stopped(folder: Path, tmp_path: Path) -> None:
    recipe_mix = Mix(0, 0, 0.5, 0.7, {}, pairs=0.7)
    torch.set_flush_denormal(True)
    unbroken, stopped = (
        make_trainer(folder, tmp_path / name, 4, mix=recipe_mix) for name in ("one", "other")
    )
    parts = [unbroken.train_step(unbroken.next_batch()) for _ in range(4)]
    assert any(part["change"] > 0 for part in parts)
    for _ in range(2):
        stopped.train_step(stopped.next_batch())
    stopped.save()
    resumed = make_trainer(folder, tmp_path / "other", 4, mix=recipe_mix)
    resumed.resume(tmp_path / "other" / "last.pt")
    for _ in range(2):
        resumed.train_step(resumed.next_batch())
    assert same_weights(unbroken, resumed)
