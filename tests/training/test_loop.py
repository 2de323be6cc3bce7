from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.models import create_model  # noqa: E402
from streammat.models.checkpoints import load_state, save_state  # noqa: E402
from streammat.training.cache import Cache, build_cache  # noqa: E402
from streammat.training.data import Sampler, split  # noqa: E402
from streammat.training.loop import (  # noqa: E402
    Budget,
    Intervals,
    Trainer,
    current_phase,
    learning_rate_factor,
    run,
)
from streammat.training.recipe import load_recipe  # noqa: E402
from streammat.training.validate import deploy_size  # noqa: E402
from streammat.training.work import Job, work  # noqa: E402
from tests.training.tiny import write_data, write_recipe  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    build_cache(write_data(folder / "data"), folder / "cache")
    write_recipe(folder / "tiny.toml")
    return folder


def make_trainer(folder: Path, out: Path, steps: int) -> Trainer:
    recipe = load_recipe(str(folder / "tiny.toml"))
    cache = Cache(folder / "cache")
    pairs, _ = split(cache.of_kind("pair"), recipe.holdout_prefixes, recipe.holdout_share)
    torch.manual_seed(recipe.seed)
    out.mkdir(exist_ok=True)
    sampler = Sampler(cache, pairs, recipe.mix, recipe.seed)
    return Trainer(create_model("gfm_lite0_tt"), recipe, sampler, Budget(steps=steps), out)


def test_a_tiny_sample_is_learned_by_heart(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path / "run", 40)
    batch = trainer.next_batch()
    first = trainer.train_step(batch)["total"]
    for _ in range(18):
        last = trainer.train_step(batch)["total"]
    assert last < 0.6 * first


def test_resuming_continues_exactly(folder: Path, tmp_path: Path) -> None:
    whole = make_trainer(folder, tmp_path / "whole", 4)
    halves = make_trainer(folder, tmp_path / "halves", 4)
    for _ in range(2):
        whole.train_step(whole.next_batch())
        halves.train_step(halves.next_batch())
    halves.save()
    resumed = make_trainer(folder, tmp_path / "halves", 4)
    resumed.resume(tmp_path / "halves" / "last.pt")
    for _ in range(2):
        whole.train_step(whole.next_batch())
        resumed.train_step(resumed.next_batch())
    assert resumed.step == whole.step == 4
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    for name, value in whole.ema.state_dict().items():
        assert torch.equal(value, resumed.ema.state_dict()[name]), name


def test_a_run_logs_validates_and_keeps_the_best(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path / "run", 2)
    cache = Cache(folder / "cache")
    run(trainer, cache, cache.of_kind("pair")[-1:], Intervals(log=1, save=2, validate=2))
    records = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open()]
    assert [r["step"] for r in records if "total" in r] == [1, 2]
    assert all("all" in r["validation"] for r in records if "validation" in r)
    create_model().load_state_dict(load_state(tmp_path / "run" / "best.pt"))
    assert trainer.progress == 1


def test_two_processes_train_together(folder: Path, tmp_path: Path) -> None:
    spawn = pytest.importorskip("torch.multiprocessing.spawn").spawn
    if not torch.distributed.is_available():
        pytest.skip("this torch has no torch.distributed")
    job = Job(str(folder / "tiny.toml"), tmp_path, folder / "cache", None, None, 0.02, 2, 1_000_000)
    spawn(work, (job, tmp_path / "meeting"), nprocs=2)
    assert load_state(tmp_path / "last.pt")["step"] >= 1


def test_files_that_hold_code_are_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (print, ("executed",))

    torch.save({"model": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(Exception, match=r"(?i)weights.only"):
        load_state(tmp_path / "trap.pt")
    save_state({"a": torch.ones(2)}, tmp_path / "fine.pt")
    assert torch.equal(load_state(tmp_path / "fine.pt")["a"], torch.ones(2))


def test_schedules() -> None:
    assert learning_rate_factor(0.0, 0, 10) == pytest.approx(0.1)
    assert learning_rate_factor(0.5, 100, 10) == pytest.approx(0.5)
    assert learning_rate_factor(1.0, 100, 10) == pytest.approx(0.0)
    recipe = load_recipe("gfm_lite0")
    assert current_phase(recipe.phases, 0.0) is recipe.phases[0]
    assert current_phase(recipe.phases, 1.0) is recipe.phases[-1]
    assert Budget(seconds=10).progress(5, 100) == 0.5
    assert Budget(steps=10).progress(5, 20) == 1.0


def test_the_deploy_size_keeps_aspect_and_area() -> None:
    assert deploy_size(1080, 1920) == (288, 512)
    assert deploy_size(1920, 1080) == (512, 288)
    assert deploy_size(500, 500) == (384, 384)
