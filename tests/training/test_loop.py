from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

import cv2  # noqa: E402

from streammat.datasets import Faults, Sample  # noqa: E402
from streammat.errors import (  # noqa: E402
    CheckpointError,
    ConfigError,
    DivergedError,
    InputError,
    ResourceError,
)
from streammat.models import create_model  # noqa: E402
from streammat.models.state_files import unpickled  # noqa: E402
from streammat.training import checkpoint, loop  # noqa: E402
from streammat.training.decode import build_cache  # noqa: E402
from streammat.training.held_out import FolderPairs  # noqa: E402
from streammat.training.journal import Journal, read_log  # noqa: E402
from streammat.training.loop import Intervals, State, Watch, run  # noqa: E402
from streammat.training.parallel import Group  # noqa: E402
from streammat.training.recipe import load_recipe  # noqa: E402
from streammat.training.schedule import (  # noqa: E402
    Budget,
    Phase,
    current_phase,
    learning_rate_factor,
)
from streammat.training.validate import deploy_size, validate  # noqa: E402
from streammat.training.work import Job, prepare, work  # noqa: E402
from tests.datasets.trees import write_alpha, write_rgb  # noqa: E402
from tests.full_disk import files_of_at_most  # noqa: E402
from tests.training.runs import (  # noqa: E402
    Spoiled,
    held_out,
    make_trainer,
    same_weights,
    tiny_recipe,
)
from tests.training.tiny import write_data, write_recipe  # noqa: E402

NEVER = 10**6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    build_cache(write_data(folder / "data"), folder / "cache")
    write_recipe(folder / "tiny.toml")
    return folder


NOTHING = FolderPairs([])  # to validate on


def test_a_tiny_sample_is_learned_by_heart(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path / "run", 40)
    batch = trainer.next_batch()
    first = trainer.train_step(batch)["total"]
    for _ in range(18):
        last = trainer.train_step(batch)["total"]
    assert last < 0.6 * first


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_resuming_continues_exactly(folder: Path, tmp_path: Path, precision: str) -> None:
    whole = make_trainer(folder, tmp_path / "whole", 4, precision=precision)
    for _ in range(2):
        whole.train_step(whole.next_batch())
    whole.save()
    resumed = make_trainer(folder, tmp_path / "resumed", 4, precision=precision)
    resumed.resume(tmp_path / "whole" / "last.pt")
    for trainer in (whole, resumed):
        trainer.train_step(trainer.next_batch())
    assert resumed.step == whole.step == 3
    assert same_weights(whole, resumed)
    scales = [t.arithmetic.scaler.state_dict() for t in (whole, resumed)]
    assert scales[0] == scales[1]


def test_half_precision_computes_almost_the_same_loss(folder: Path, tmp_path: Path) -> None:
    losses = {}
    for precision in ("fp32", "bf16", "fp16"):
        phases = (Phase(1.0, 2, ((64, 64),)),)
        trainer = make_trainer(folder, tmp_path, 4, precision=precision, phases=phases)
        losses[precision] = trainer.train_step(trainer.next_batch())["total"]
        assert all(p.dtype == torch.float32 for p in trainer.model.parameters())
    assert losses["bf16"] != losses["fp32"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.03)
    assert losses["fp16"] == pytest.approx(losses["fp32"], rel=0.01)


def test_an_overflow_in_fp16_leaves_the_step_out_and_lowers_the_scale(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 4, precision="fp16")
    trainer.arithmetic.scaler.load_state_dict(
        trainer.arithmetic.scaler.state_dict() | {"scale": 2.0**40}
    )
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train_step(trainer.next_batch())
    assert trainer.arithmetic.scaler.get_scale() == 2.0**39
    for name, value in trainer.model.named_parameters():
        assert torch.equal(value, before[name]), name


def test_a_run_logs_validates_draws_and_keeps_the_best(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path / "run", 2)
    journal = Journal(tmp_path / "run")
    seen: list[State] = []
    every = Intervals(log=1, save=2, validate=1)
    assert run(trainer, held_out(folder), every, journal, Watch(seen.append))
    records = read_log(tmp_path / "run" / "log.jsonl")
    assert [r["step"] for r in records if "total" in r] == [1, 2]
    assert [r["step"] for r in records if "validation" in r] == [1, 2]
    best = min(r["validation"]["all"] for r in records if "validation" in r)
    assert trainer.best == pytest.approx(best, abs=1e-5)
    create_model().load_state_dict(unpickled(tmp_path / "run" / "best.pt"))
    sheet = cv2.imread(str(tmp_path / "run" / "pictures" / "0000002.png"))
    assert sheet is not None
    assert sheet.shape == (160, 4 * 200, 3)
    assert [(s.step, s.total) for s in seen] == [(1, 2), (2, 2)]
    assert seen[-1].share == 1
    assert seen[-1].error is not None


def test_pictures_to_validate_on_that_cannot_be_read_are_left_out(
    folder: Path, tmp_path: Path
) -> None:
    write_rgb(tmp_path / "good.png")
    write_alpha(tmp_path / "alpha.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good, bad = (
        Sample(name, "photo", tmp_path / f"{name}.png", tmp_path / "alpha.png")
        for name in ("good", "bad")
    )
    lines: list[str] = []
    trainer = make_trainer(folder, tmp_path / "run", 2)
    examples = FolderPairs([bad, good, bad], Faults(lines.append))
    assert run(trainer, examples, Intervals(NEVER, NEVER, 1), Journal(tmp_path / "run"))
    assert len(lines) == 1
    assert "bad.png: not a readable picture" in lines[0]
    with pytest.raises(InputError, match="none of the pictures to validate on can be read"):
        validate(trainer.ema, FolderPairs([bad]))
    with pytest.raises(InputError, match="leave out --strict"):
        validate(trainer.ema, FolderPairs([bad], Faults(print, strict=True)))


def test_tensorboard_gets_what_the_log_gets(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    journal = Journal(tmp_path, tensorboard=True)
    journal.losses(3, 1.0, {"total": 0.5})
    journal.validation(3, 1.0, {"all": 0.25})
    journal.picture(3, np.zeros((8, 8, 3), np.uint8))
    journal.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/total")] == [(3, 0.5)]
    assert [(e.step, e.value) for e in events.Scalars("validation/all")] == [(3, 0.25)]
    assert [e.step for e in events.Images("validation")] == [3]


def test_lines_of_steps_that_are_repeated_are_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in (1, 2, 3):
        journal.losses(step, 0.1, {"total": 1.0})
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 4, "seco')
    journal = Journal(tmp_path, step=2)
    journal.losses(3, 0.1, {"total": 2.0})
    assert [(r["step"], r["total"]) for r in read_log(tmp_path / "log.jsonl")] == [
        (1, 1.0),
        (2, 1.0),
        (3, 2.0),
    ]


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_batch(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 8)
    trainer.source = Spoiled(trainer.source, step=3)
    with pytest.raises(DivergedError, match=r"at step 3, batch of disc_\d.*of step 2 is good"):
        run(trainer, NOTHING, Intervals(NEVER, 2, NEVER))
    bad = unpickled(tmp_path / "bad_batch.pt")
    assert bad["step"] == 3
    assert bad["rgb"].isnan().any()
    good = checkpoint.read_state(tmp_path / "last.pt")
    assert good["step"] == 2
    assert all(v.isfinite().all() for v in good["model"].values() if v.is_floating_point())
    assert all(p.isfinite().all() for p in trainer.model.parameters())


def test_each_of_several_processes_keeps_its_own_part_of_such_a_batch(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 8)
    trainer.source = Spoiled(trainer.source, step=0)
    batch = trainer.next_batch()
    for rank in (0, 1):
        trainer.group = Group(rank, 2)
        with pytest.raises(DivergedError, match=rf"kept in .*bad_batch\.{rank}\.pt"):
            trainer.train_step(batch)
    kept = sorted(path.name for path in tmp_path.glob("*.pt"))
    assert kept == ["bad_batch.0.pt", "bad_batch.1.pt"]


def test_a_loss_that_is_no_number_is_told_where_its_batch_cannot_be_kept(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 8)
    trainer.source = Spoiled(trainer.source, step=1)
    refused = pytest.raises(
        DivergedError, match=r"at step 1, .*not kept: cannot write .*bad_batch\.pt"
    )
    with files_of_at_most(1000), refused:
        run(trainer, NOTHING, Intervals(NEVER, NEVER, NEVER))


def test_the_log_is_plain_json_where_scaled_gradients_overflow(tmp_path: Path) -> None:
    Journal(tmp_path).losses(1, 0.5, {"total": 0.25, "norm": float("inf")})
    assert (tmp_path / "log.jsonl").read_text() == (
        '{"step": 1, "seconds": 0.5, "total": 0.25, "norm": null}\n'
    )


def test_the_log_is_plain_json_where_a_validation_is_no_number(tmp_path: Path) -> None:
    Journal(tmp_path).validation(1, 0.5, {"all": float("nan")})
    (record,) = read_log(tmp_path / "log.jsonl")
    assert record["validation"] == {"all": None}


def test_time_that_a_validation_takes_does_not_end_a_run_without_a_checkpoint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(folder, tmp_path, 9)
    trainer.budget = Budget(seconds=60)

    def slowly(*_: object) -> dict[str, float]:
        trainer.seconds += 3600
        return {"all": 0.5}

    monkeypatch.setattr(loop, "validate", slowly)
    monkeypatch.setattr(loop._Run, "_tick", lambda _: None)
    assert run(trainer, held_out(folder), Intervals(NEVER, NEVER, 1))
    assert checkpoint.read_state(tmp_path / "last.pt")["step"] == 1


def test_a_share_of_a_batch_that_norms_cannot_use_is_refused(folder: Path, tmp_path: Path) -> None:
    job = Job(tiny_recipe(folder), folder / "cache", tmp_path)  # two crops of 32x32 a step
    with pytest.raises(ConfigError, match="give each process one crop"):
        prepare(job, Group(size=2))


def test_weights_of_a_run_that_was_killed_are_not_delivered(folder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(folder)._replace(steps=1, holdout_prefixes=())
    (tmp_path / "best.pt").write_bytes(b"another run's")
    outcome = work(0, Job(recipe, folder / "cache", tmp_path), None)
    assert outcome.weights == tmp_path / "ema.pt"
    assert torch.tensor(1e-40) > 0, "the process has its denormal numbers back"


def test_a_full_disk_ends_the_run_and_leaves_the_last_checkpoint(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 4)
    with ExitStack() as full:

        def fill_the_disk(state: State) -> None:
            if state.step == 2:
                full.enter_context(files_of_at_most(1_000_000))

        with pytest.raises(
            ResourceError, match=r"cannot write .*last.pt.*of step 2 is intact.*without --overwrite"
        ):
            run(trainer, NOTHING, Intervals(NEVER, 1, NEVER), None, Watch(fill_the_disk))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last.pt"]
    resumed = make_trainer(folder, tmp_path, 4)
    resumed.resume(tmp_path / "last.pt")
    assert resumed.step == 2


def test_a_stopped_run_is_saved_where_it_is(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path, 9)
    watch = Watch(stopped=lambda: trainer.step == 1)
    assert not run(trainer, NOTHING, Intervals(NEVER, NEVER, NEVER), None, watch)
    assert checkpoint.read_state(tmp_path / "last.pt")["step"] == 1


def test_another_runs_checkpoint_is_refused_by_name_of_the_setting(
    folder: Path, tmp_path: Path
) -> None:
    make_trainer(folder, tmp_path, 4).save()
    other = make_trainer(folder, tmp_path, 4, encoder_lr=0.5)
    with pytest.raises(CheckpointError, match=r"encoder_lr was 0.0005, is 0.5.*--overwrite"):
        other.resume(tmp_path / "last.pt")


def test_files_that_hold_code_are_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    torch.save({"format": 2, "model": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError, match="holds more than tensors"):
        checkpoint.read_state(tmp_path / "trap.pt")
    assert not (tmp_path / "executed").exists()
    (tmp_path / "cut.pt").write_bytes((tmp_path / "trap.pt").read_bytes()[:40])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read_state(tmp_path / "cut.pt")
    checkpoint.write_state({"a": torch.ones(2)}, tmp_path / "fine.pt")
    assert torch.equal(unpickled(tmp_path / "fine.pt")["a"], torch.ones(2))


def test_frozen_parts_keep_weights_and_statistics(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path, 4, frozen_stages=5, frozen_norms=True)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train_step(trainer.next_batch())
    changed = {
        name
        for name, value in trainer.model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed
    assert not any(name.startswith("encoder.") for name in changed)
    assert not any("running" in name or "num_batches" in name for name in changed)


def test_a_steps_own_draws_are_none_of_its_samples(folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(folder, tmp_path, 4)
    for _ in range(3):
        own = {trainer._generator(kind).random() for kind in (1, 2)}
        keys = [(trainer.recipe.seed, trainer.step, place) for place in range(8)]
        assert len(own) == 2
        assert not own & {np.random.default_rng(key).random() for key in keys}
        trainer.step += 1


def test_steps_with_a_second_glance_look_at_a_smaller_copy_too(
    folder: Path, tmp_path: Path
) -> None:
    sizes: list[int] = []
    phases = (Phase(1.0, 2, ((192, 192),)),)
    trainer = make_trainer(folder, tmp_path, 8, second_glance=0.5, phases=phases)
    encoder = trainer.model.get_submodule("encoder")
    encoder.register_forward_pre_hook(lambda _, rgb: sizes.append(rgb[0].shape[-1]))
    looks = []
    for _ in range(6):
        sizes.clear()
        trainer.train_step(trainer.next_batch())
        looks.append(tuple(sizes))
    assert set(looks) == {(192,), (192, 96)}


def test_a_blended_result_lies_between_start_and_trained_weights(
    folder: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(folder, tmp_path, 4, blend=0.25)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train_step(trainer.next_batch())
    after, result = trainer.ema.state_dict(), trainer.result().state_dict()
    name = "glance.d4.convs.0.pointwise.weight"
    assert not torch.equal(after[name], before[name])
    torch.testing.assert_close(result[name], 0.75 * before[name] + 0.25 * after[name])


def test_schedules() -> None:
    assert learning_rate_factor(0.0, 0, 10) == pytest.approx(0.1)
    assert learning_rate_factor(0.5, 100, 10) == pytest.approx(0.5)
    assert learning_rate_factor(1.0, 100, 10) == pytest.approx(0.0)
    assert learning_rate_factor(0.25, 100, 10, "linear") == pytest.approx(0.75)
    assert learning_rate_factor(0.9, 100, 0, "constant") == 1
    phases = load_recipe("gfm_lite0").phases
    assert current_phase(phases, 0.0) is phases[0]
    assert current_phase(phases, 1.0) is phases[-1]
    assert Budget(seconds=10).progress(5, 100) == 0.5
    assert Budget(steps=10).progress(5, 20) == 1.0


def test_the_deploy_size_keeps_aspect_and_area() -> None:
    assert deploy_size(1080, 1920) == (288, 512)
    assert deploy_size(1920, 1080) == (512, 288)
    assert deploy_size(500, 500) == (384, 384)
