from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.datasets import Faults, Sample  # noqa: E402
from streammat.datasets.layouts import layout_named  # noqa: E402
from streammat.errors import ConfigError, InputError  # noqa: E402
from streammat.training.rssn import (  # noqa: E402
    RssnSource,
    device,
    open_source,
    rssn_settings,
    stage_on,
)
from streammat.training.rssn.layers import noise_level  # noqa: E402
from streammat_kernels.augment.staged import RssnStage  # noqa: E402
from tests.datasets.trees import write_alpha, write_rgb, write_tree  # noqa: E402
from tests.engines.tensorrt.fake_cuda import FakeCuda  # noqa: E402
from tests.gpu.late_gpu import LateGpu  # noqa: E402
from tests.kernels.host_cuda import COMPILER  # noqa: E402
from tests.tolerances import (  # noqa: E402
    NOISE_ESTIMATE_SHARE,
    RSSN_LEVELS,
    RSSN_OTHER_SHARE,
    TENSOR_LEVELS,
)

BATCH, SIZE = 3, 32


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(layout_named("am2k"), tmp_path, ("a", "b", "c"))
    write_tree(layout_named("comp1k"), tmp_path, ("d",))
    write_tree(layout_named("bg20k"), tmp_path, ("x", "y", "z", "w"))
    return tmp_path


def _source(
    tree: Path,
    track: str = "rssn",
    *,
    strict: bool = False,
    keep_back: Callable[[str], bool] | None = None,
    stage: RssnStage | None = None,
    **more: object,
) -> RssnSource:
    table = {"track": track, "sets": ["am2k"], **more}
    if track != "ori":
        table["backgrounds"] = ["bg20k"]
    faults = Faults(lambda line: None, strict=strict)
    return open_source(rssn_settings(table), tree, BATCH, 4, faults, 2, keep_back, stage)


def test_what_is_kept_back_is_not_trained_on(tree: Path) -> None:
    source = _source(tree, bags=1, keep_back=lambda name: name == "a0")
    assert source.samples == 2
    assert [sample.name for sample in source.held_out] == ["a0"]
    with pytest.raises(InputError, match="nothing is left"):
        _source(tree, keep_back=lambda name: True)
    with pytest.raises(InputError, match="no such folder"):
        _source(tree / "nowhere")


@pytest.mark.parametrize("track", ["ori", "comp", "rssn"])
def test_every_track_gives_a_whole_batch(tree: Path, track: str) -> None:
    batch = _source(tree, track).batch(0, 0, BATCH, SIZE, SIZE)
    colours = (batch.rgb, batch.foreground, batch.background)
    grey = (batch.alpha, batch.trimap, batch.dilation, batch.erosion)
    for colour in colours:
        assert colour is not None
        assert colour.shape == (BATCH, 3, SIZE, SIZE)
        assert 1 < float(colour.max()) <= 255
    for values in grey:
        assert values is not None
        assert values.shape == (BATCH, 1, SIZE, SIZE)
        assert 0 <= float(values.min()) <= float(values.max()) <= 1
    assert len(batch.names) == BATCH


@pytest.mark.parametrize("track", ["ori", "comp"])
def test_layers_compose_to_the_picture(tree: Path, track: str) -> None:
    batch = _source(tree, track).batch(0, 0, BATCH, SIZE, SIZE)
    assert batch.foreground is not None
    assert batch.background is not None
    if track == "comp":
        mixed = batch.alpha * batch.foreground + (1 - batch.alpha) * batch.background
        assert float((mixed - batch.rgb).abs().mean()) < 2  # levels: crops are scaled after mixing
    else:  # the published layers of this tree are other pictures; the photograph stays
        assert float((batch.foreground - batch.rgb).abs().mean()) > 2


@pytest.mark.parametrize("track", ["ori", "comp", "rssn"])
def test_estimated_layers_are_not_multiplied_by_alpha(tree: Path, track: str) -> None:
    """As no layers are published here: the released code gave alpha F and (1 - alpha) B then."""
    for layer in ("fg", "bg"):
        shutil.rmtree(tree / "AM-2k" / "train" / layer)
    batch = _source(tree, track).batch(0, 0, BATCH, SIZE, SIZE)
    fg, bg = batch.foreground, batch.background
    assert fg is not None
    assert bg is not None
    right, twice = (
        float((batch.alpha * f + (1 - batch.alpha) * b - batch.rgb).abs().mean())
        for f, b in ((fg, bg), (batch.alpha * fg, (1 - batch.alpha) * bg))
    )
    assert right < 2 < twice  # levels: crops are scaled after mixing


def test_a_batch_depends_on_its_number_alone(tree: Path) -> None:
    one, other = _source(tree), _source(tree)
    for step in range(3):
        wanted = one.batch(step, 0, BATCH, SIZE, SIZE)
        one.ahead(step + 1, 0, BATCH, SIZE, SIZE)
    got = other.batch(2, 0, BATCH, SIZE, SIZE)
    assert got.names == wanted.names
    assert torch.equal(got.rgb, wanted.rgb)
    halves = [other.batch(2, first, n, SIZE, SIZE) for first, n in ((0, 1), (1, 2))]
    assert torch.equal(torch.cat([half.rgb for half in halves]), wanted.rgb)


def test_an_epoch_shows_every_foreground_as_often_as_there_are_bags(tree: Path) -> None:
    source = _source(tree, bags=2)
    assert source.samples == 6
    names = [n for step in range(2) for n in source.batch(step, 0, BATCH, SIZE, SIZE).names]
    assert sorted(names) == ["a0", "a0", "b0", "b0", "c0", "c0"]
    assert _source(tree, keep_defects=["one_bag"]).samples == 3


@pytest.mark.parametrize(("count", "rounds"), [(10, 5), (6, 9), (4, 100), (3, 2)])
def test_foregrounds_meet_other_backgrounds_in_each_bag_and_epoch(count: int, rounds: int) -> None:
    bags, epochs = 3, 60
    table = {"track": "comp", "sets": ["folder"], "backgrounds": ["backgrounds"], "bags": bags}

    def met(**more: object) -> list[list[set[int]]]:
        files = [Sample("", "photo", Path(), Path())] * count, [1.0] * count, [Path()] * rounds
        source = RssnSource(rssn_settings(table | more), *files, BATCH, 1, Faults(print))
        found = [[set[int]() for _ in range(count)] for _ in range(epochs)]
        for position in range(epochs * source.samples):
            index, background = source._choose(position)
            found[position // source.samples][index].add(background)
        return found

    found = met()
    assert all(len(one) == min(bags, rounds) for epoch in found for one in epoch)
    for index in range(count):
        over_all = set().union(*(epoch[index] for epoch in found))
        assert len(over_all) > min(2 * bags, rounds - 1)
    assert set().union(*(one for epoch in found for one in epoch)) == set(range(rounds))
    assert met(keep_defects=["one_bag"], bags=1) == [[{i % rounds} for i in range(count)]] * epochs


def test_noise_follows_from_the_recipes_seed(tree: Path) -> None:
    table = {"track": "rssn", "sets": ["am2k"], "backgrounds": ["bg20k"]}
    faults = Faults(print)
    drawn = set()
    for seed in (4, 4, 5):
        source = open_source(rssn_settings(table), tree, BATCH, seed, faults)
        drawn |= {source._draw(position, (0, 0)).plan.noise_seed for position in range(4)}
    assert len(drawn) == 8


@pytest.mark.parametrize("track", ["ori", "rssn"])
def test_a_share_of_samples_looks_filmed_and_follows_from_the_seed(tree: Path, track: str) -> None:
    still, some, again = (_source(tree, track, video=share) for share in (0.0, 0.5, 0.5))
    other = 0
    for step in range(8):
        plain, found, twice = (s.batch(step, 0, BATCH, SIZE, SIZE) for s in (still, some, again))
        assert torch.equal(found.rgb, twice.rgb)
        assert torch.equal(found.alpha, twice.alpha)
        other += sum(not torch.equal(*pair) for pair in zip(plain.rgb, found.rgb, strict=True))
    assert 4 <= other <= 20  # of 24
    assert still.fingerprint != some.fingerprint


def test_weights_choose_between_sets(tree: Path) -> None:
    source = _source(tree, sets=["am2k", "comp1k"], weights={"am2k": 0.0})
    names = {n for step in range(4) for n in source.batch(step, 0, BATCH, SIZE, SIZE).names}
    assert names <= {"d0", "d1", "d2", "d3"}


def test_the_fingerprint_follows_files_and_settings(tree: Path) -> None:
    before = _source(tree).fingerprint
    assert before == _source(tree).fingerprint != _source(tree, denoise=False).fingerprint
    write_rgb(tree / "BG-20k" / "train" / "new.jpg")
    more = _source(tree).fingerprint
    assert more != before
    write_rgb(tree / "AM-2k" / "train" / "fg" / "a0.png", seed=9)
    assert _source(tree).fingerprint != more


def test_unreadable_pictures_are_replaced_or_refused(tree: Path) -> None:
    (tree / "AM-2k" / "train" / "original" / "b0.jpg").write_bytes(b"no picture")
    source = _source(tree, bags=1)
    assert "b0" not in source.batch(0, 0, BATCH, SIZE, SIZE).names
    with pytest.raises(InputError, match="not a readable picture"):
        _source(tree, bags=1, strict=True).batch(0, 0, BATCH, SIZE, SIZE)


def test_alphas_of_one_level_and_small_pictures_are_trained_on(tmp_path: Path) -> None:
    root = tmp_path / "AM-2k" / "train"
    for name, level in (("none", 0), ("all", 255)):
        write_rgb(root / "original" / f"{name}.jpg", 40, 33)
        (root / "mask").mkdir(exist_ok=True)
        Image.fromarray(np.full((40, 33), level, np.uint8)).save(root / "mask" / f"{name}.png")
    write_rgb(root / "original" / "tiny.jpg", 9, 7)
    write_alpha(root / "mask" / "tiny.png", 9, 7)
    write_tree(layout_named("bg20k"), tmp_path)
    batch = _source(tmp_path, bags=1).batch(0, 0, BATCH, SIZE, SIZE)
    assert sorted(batch.names) == ["all", "none", "tiny"]
    assert torch.isfinite(batch.rgb).all()


def test_tables_that_cannot_be_are_refused() -> None:
    good = {"track": "rssn", "sets": ["am2k"], "backgrounds": ["bg20k"]}
    for change, words in (
        ({"sets": ["bg20k"]}, "is a set of backgrounds"),
        ({"sets": []}, "names no data set"),
        ({"backgrounds": []}, "needs backgrounds"),
        ({"backgrounds": ["am2k"]}, "no set of backgrounds"),
        ({"track": "ori", "sets": ["comp1k"]}, "needs photographs"),
        ({"weights": {"ppm": 1}}, "weights of ppm"),
        ({"track": "RSSM"}, "'ori' or 'comp' or 'rssn'"),
        ({"sets": ["am2k", "am2k"]}, "sets names am2k twice; name each once"),
        ({"backgrounds": ["bg20k", "bg20k"]}, "backgrounds names bg20k twice"),
        ({"track": "ori"}, "backgrounds have no effect on the ORI-Track"),
        ({"track": "comp", "denoise": True}, "denoise is for track = \"rssn\", not 'comp'"),
        ({"bags": 5, "keep_defects": ["one_bag"]}, "bags = 5 contradicts .* one_bag"),
    ):
        with pytest.raises(ConfigError, match=words):
            rssn_settings({**good, **change})


def test_shapes_that_are_no_squares_are_refused(tree: Path) -> None:
    with pytest.raises(InputError, match="crops are squares"):
        _source(tree).batch(0, 0, BATCH, SIZE, 2 * SIZE)


@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_noise_is_estimated(sigma: float) -> None:
    random = np.random.default_rng(0)
    noisy = 128 + random.normal(0, sigma, (200, 200, 3))
    found = noise_level(np.clip(noisy, 0, 255).astype(np.uint8))
    assert abs(found / sigma - 1) < NOISE_ESTIMATE_SHARE


class PromptGpu(LateGpu):
    """A GPU that is the CPU and does everything at once, so that torch may look at its arrays."""

    def __init__(self) -> None:
        super().__init__(FakeCuda().stream())

    def _launch(self, kernel: str, grid: tuple[int, int, int], args: tuple[Any, ...]) -> None:
        super()._launch(kernel, grid, args)
        self.synchronise(self.record())

    def upload(self, source: Any, target: Any = None) -> Any:
        made = super().upload(source, target)
        self.synchronise(self.record())
        return made


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
@pytest.mark.parametrize("track", ["ori", "rssn"])
def test_samples_made_on_the_gpu_are_those_of_the_cpu(tree: Path, track: str) -> None:
    gpu = PromptGpu()
    here, there = _source(tree, track), _source(tree, track, stage=RssnStage(gpu))
    for step in range(2):
        wanted, found = (s.batch(step, 0, BATCH, SIZE, SIZE) for s in (here, there))
        assert found.names == wanted.names
        for name, value in wanted._asdict().items():
            if not isinstance(value, torch.Tensor):
                continue
            got = getattr(found, name)
            assert got.shape == value.shape
            assert got.is_contiguous()
            levels = (got - value).abs() * (1 if float(value.max()) > 1 else 255)
            assert float(levels.max()) <= RSSN_LEVELS + TENSOR_LEVELS, name
            assert float((levels > TENSOR_LEVELS).float().mean()) <= RSSN_OTHER_SHARE, name
    assert gpu.log.count("upload") == 2 * (2 if track == "ori" else 1)


def test_samples_are_made_where_the_network_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert stage_on(torch.device("cpu"), said.append) is None
    assert not said
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert stage_on(torch.device("cuda", 0), said.append) is None
    assert "CuPy is missing: samples are made on the CPU" in said[0]
    assert "pip install" in said[0]


@pytest.mark.cuda
def test_samples_made_on_a_gpu_lie_there_and_are_those_of_the_cpu(tree: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    stage = stage_on(torch.device("cuda", 0), print)
    wanted = _source(tree).batch(0, 0, BATCH, SIZE, SIZE)
    found = _source(tree, stage=stage).batch(0, 0, BATCH, SIZE, SIZE)
    assert found.rgb.device.type == "cuda"
    levels = (found.rgb.cpu() - wanted.rgb).abs()
    assert float(levels.max()) <= RSSN_LEVELS
    assert float((levels > 0).float().mean()) <= RSSN_OTHER_SHARE
