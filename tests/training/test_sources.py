"""A run on published data sets: recipe, source, loss and loop together."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("onnx")

import torch

from streammat.datasets import Faults
from streammat.datasets.layouts import layout_named
from streammat.errors import CheckpointError, ConfigError, DivergedError, InputError, OutputError
from streammat.models import config_of, create_model, save_checkpoint
from streammat.training.checkpoint import read_state, write_state
from streammat.training.decode import build_cache
from streammat.training.loop import Intervals, Watch
from streammat.training.parallel import Group, share_of_cores
from streammat.training.plan import plan
from streammat.training.recipe import Recipe, load_recipe
from streammat.training.schedule import Phase
from streammat.training.sources import open_data
from streammat.training.start import fresh_model
from streammat.training.work import Job, prepare, work
from tests.datasets.trees import write_alpha, write_rgb, write_tree
from tests.models.torchvision_files import RESNET34, drawn, resnet
from tests.training.runs import tiny_recipe
from tests.training.tiny import write_data, write_recipe

NARROW = "gfm_r34_tt_div16"


OFFICIAL = {"ori": "official", "comp": "official_comp", "rssn": "official_rssn"}


def small_official(track: str) -> Recipe:
    phases = (Phase(1.0, 2, ((64, 64),)),)
    recipe = load_recipe(OFFICIAL[track])
    return recipe._replace(model=NARROW, phases=phases, epochs=None, steps=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("am2k", "bg20k", "coco"):
        write_tree(layout_named(name), tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("track", list(OFFICIAL))
def test_the_official_recipe_trains_on_published_folders(
    track: str, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    recipe = small_official(track)
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", every=Intervals(1, 1, 1), data=data)
    assert plan(job, data)["first batch"] == "2x3x64x64"
    outcome = work(0, job, None)
    assert (outcome.finished, outcome.step) == (True, 2)
    assert plan(job, data)["goes on from"].endswith("last.pt, step 2")
    other = job._replace(recipe=recipe._replace(encoder_lr=0.5))
    with pytest.raises(CheckpointError, match=r"encoder_lr was 1e-05, is 0\.5"):
        plan(other, data)
    assert "goes on from" not in plan(other._replace(afresh=True), data)
    assert outcome.weights == tmp_path / "out" / "ema.pt"  # nothing to validate on, so no best


def test_folders_to_validate_on_replace_the_recipes(data: Path, tmp_path: Path) -> None:
    pictures, alphas = data / "AM-2k/train/original", data / "AM-2k/train/mask"
    job = Job(
        small_official("ori"), tmp_path, tmp_path, data=data, pictures=pictures, alphas=alphas
    )
    _, held, _ = open_data(job, print)
    assert len(held) == 2
    assert held.sources() == ["original"]
    assert held[0].rgb.shape == (70, 80, 3)
    held_back = job._replace(
        recipe=job.recipe._replace(holdout_prefixes=("a",)), pictures=None, alphas=None
    )
    said: list[str] = []
    source, held, _ = open_data(held_back, said.append)
    assert (source.samples, len(held)) == (1, 1)
    assert not said
    other = held_back._replace(recipe=held_back.recipe._replace(holdout_prefixes=("a", "q_", "z")))
    open_data(other, said.append)
    assert said == ["holdout_prefixes of no effect, no picture's name begins so: q_, z"]


def test_a_plan_refuses_what_the_run_would(data: Path, tmp_path: Path) -> None:
    """Nothing is decoded yet, and nothing is written."""
    recipe = small_official("ori")._replace(data={}, loss="light")
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", data=data)
    with pytest.raises(InputError, match=r"no pairs\.jsonl"):
        plan(job, data)
    (data / "pairs.jsonl").write_text('{"name": "a", "src": "b"}\n')
    assert plan(job, data)["pairs listed"] == 1
    with pytest.raises(ConfigError, match="batch of 2 cannot be shared by 3 processes"):
        plan(job._replace(processes=3), data)
    small = recipe._replace(phases=(Phase(1.0, 2, ((32, 32),)),))
    with pytest.raises(ConfigError, match=r"one crop of \[32, 32\]"):
        plan(job._replace(recipe=small, processes=2), data)
    with pytest.raises(CheckpointError, match=r"missing\.pt"):
        plan(job._replace(start=str(tmp_path / "missing.pt")), data)
    with pytest.raises(ConfigError, match="--steps N or --minutes M"):
        plan(job._replace(recipe=recipe._replace(steps=None)), data)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(OutputError, match="file is a file; give a folder"):
            plan(job._replace(out=out), data)
    with pytest.raises(OutputError, match=r"--cache .*file is a file"):
        plan(job._replace(cache=tmp_path / "file"), data)
    with pytest.raises(InputError, match="nowhere: no such folder"):
        plan(job._replace(pictures=tmp_path / "nowhere", alphas=data), data)
    with pytest.raises(InputError, match="nowhere: no such folder; check --data"):
        plan(job._replace(data=tmp_path / "nowhere"), data)
    (data / "pairs.jsonl").write_text("")
    with pytest.raises(InputError, match="no pair can be used"):
        plan(job, data)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file"]


def test_a_plan_refuses_decoded_data_as_the_run_would(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    (data / "pairs" / "disc_0001.png").write_bytes(b"no picture")
    build_cache(data, tmp_path / "cache", Faults(print))
    recipe = tiny_recipe(write_recipe(tmp_path / "tiny.toml").parent, steps=2)
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", data=data)
    assert plan(job, data)["first batch"] == "2x3x32x32"
    with pytest.raises(InputError, match=r"disc_0001\.png.*leave out --strict"):
        plan(job._replace(strict=True), data)
    start = create_model("gfm_lite0_tt")
    for parameter in start.parameters():
        parameter.data.fill_(3e38)
    save_checkpoint(start, tmp_path / "huge.pt")
    with pytest.raises(DivergedError, match="loss of the first batch"):
        plan(job._replace(start=str(tmp_path / "huge.pt")), data)
    (data / "cutouts" / "one.png").unlink()
    with pytest.raises(ConfigError, match="decoded from other files"):
        plan(job, data)
    assert "to be decoded" in plan(job._replace(afresh=True), data)["data"]


def test_a_run_goes_on_from_the_weights_that_it_started_with(data: Path, tmp_path: Path) -> None:
    recipe = small_official("ori")
    starts = [str(tmp_path / f"{seed}.safetensors") for seed in (1, 2)]
    for path in starts:  # drawn anew for each
        save_checkpoint(create_model(NARROW), Path(path))
    job = Job(recipe, tmp_path, tmp_path, data=data, start=starts[0])
    trainer, _, _ = prepare(job, Group())
    trainer.save()
    prepare(job, Group())[0].resume(tmp_path / "last.pt")
    other = job._replace(start=starts[1])
    with pytest.raises(CheckpointError, match="starting weights was"):
        prepare(other, Group())[0].resume(tmp_path / "last.pt")
    state = read_state(tmp_path / "last.pt")
    del state["settings"]["starting weights"]
    write_state(state, tmp_path / "last.pt")  # as earlier versions wrote it
    prepare(other, Group())[0].resume(tmp_path / "last.pt")


def test_a_picture_that_cannot_be_read_ends_no_run(data: Path, tmp_path: Path) -> None:
    picture = min((data / "AM-2k" / "train" / "original").iterdir())
    picture.unlink()
    picture.symlink_to(tmp_path / "gone")
    job = Job(small_official("ori"), tmp_path, tmp_path, data=data)
    prepare(job, Group())[0].save()
    prepare(job, Group())[0].resume(tmp_path / "last.pt")


def test_a_run_goes_on_with_the_pictures_that_it_was_validated_on(
    data: Path, tmp_path: Path
) -> None:
    pictures, alphas = tmp_path / "pictures", tmp_path / "alphas"
    for folder, write in ((pictures, write_rgb), (alphas, write_alpha)):
        folder.mkdir()
        write(folder / "a.bmp")
    job = Job(
        small_official("ori"), tmp_path, tmp_path, data=data, pictures=pictures, alphas=alphas
    )
    prepare(job, Group())[0].save()
    prepare(job, Group())[0].resume(tmp_path / "last.pt")
    painted = bytearray((alphas / "a.bmp").read_bytes())
    painted[-100:] = b"\xff" * 100  # a file of the same size
    (alphas / "a.bmp").write_bytes(painted)
    with pytest.raises(CheckpointError, match=r"pictures to validate on was .*, is "):
        prepare(job, Group())[0].resume(tmp_path / "last.pt")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"discs": 0.0}, "source_weights of all that are not held out are 0"),
        ({"disks": 2.0}, "no pair has the source 'disks', did you mean 'discs'"),
    ],
)
def test_weights_that_leave_nothing_or_are_misspelt_are_refused(
    weights: dict[str, float], message: str, tmp_path: Path
) -> None:
    build_cache(write_data(tmp_path / "data"), tmp_path / "cache")
    recipe = load_recipe("gfm_lite0")
    lines: list[str] = []
    open_data(Job(recipe, tmp_path / "cache", tmp_path), lines.append)  # made for other data
    assert "no pair has these sources: animals63, ecssd" in lines[0]
    recipe = recipe._replace(mix=recipe.mix._replace(source_weights=weights))
    with pytest.raises(ConfigError, match=message):
        open_data(Job(recipe, tmp_path / "cache", tmp_path), print)


def test_the_official_recipe_begins_with_an_encoders_published_weights(
    data: Path, tmp_path: Path
) -> None:
    state = drawn(resnet(RESNET34, divisor=16))
    torch.save(state, tmp_path / "resnet34.pth")
    job = Job(small_official("ori"), tmp_path / "cache", tmp_path / "out", data=data)
    begun = job._replace(encoder=tmp_path / "resnet34.pth")
    assert plan(begun, data)["starts from"] == begun.encoder
    model = prepare(begun, Group())[0].model
    for key, ours in (
        ("conv1.weight", "encoder0.0.weight"),
        ("layer4.2.bn2.bias", "encoder4.2.bn2.bias"),
    ):
        assert torch.equal(model.state_dict()[ours], state[key])
    other = "gfm_r101_tt_div32"
    with pytest.raises(CheckpointError, match=r"is of ResNet-34, and gfm_r101_tt_div32 needs"):
        plan(begun._replace(recipe=job.recipe._replace(model=other)), data)
    with pytest.raises(CheckpointError, match=r"holds ResNet-34, .* with --encoder"):
        plan(job._replace(start=str(begun.encoder)), data)


def test_two_kinds_of_starting_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--encoder b would have no effect"):
        fresh_model(NARROW, "a", Path("b"))


def test_what_a_run_cannot_start_from_is_told_with_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "picture.png").touch()
    for start, what in (("nothing", "unknown"), ("", "a folder"), ("picture.png", "no ONNX file")):
        name = str(tmp_path / start) if start != "nothing" else start
        with pytest.raises(ConfigError, match=rf"is {what}: use one of .*\.onnx.*\.safetensors"):
            fresh_model(NARROW, name, None)


@pytest.mark.parametrize("rosta", ["ft", "bt", "tt"])
@pytest.mark.filterwarnings("error")
def test_a_run_starts_from_the_weights_of_another(rosta: str, tmp_path: Path) -> None:
    name = f"gfm_r34_{rosta}_div16"
    save_checkpoint(create_model(name), tmp_path / "best.pt")  # which does not say FT or BT
    model = fresh_model(name, str(tmp_path / "best.pt"), None)
    assert config_of(model).name == name


def test_a_file_that_says_what_it_is_starts_no_other_network(tmp_path: Path) -> None:
    save_checkpoint(create_model("gfm_r34_ft_div16"), tmp_path / "gfm_ft.pt")
    with pytest.raises(ConfigError, match=r"gfm_ft\.pt holds a gfm_r34_ft_div16"):
        fresh_model("gfm_r34_bt_div16", str(tmp_path / "gfm_ft.pt"), None)


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [share_of_cores(count, {}) for count in (1, 2, 3, 9)] == [8, 4, 2, 1]
    place = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "MASTER_ADDR": "a"}
    assert share_of_cores(1, place | {"LOCAL_WORLD_SIZE": "4"}) == 2
    assert share_of_cores(1, place) == 1


def test_a_recipe_with_data_sets_needs_their_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give --data DIR"):
        prepare(Job(small_official("ori"), tmp_path, tmp_path), Group())


def test_strict_refuses_a_picture_that_ends_too_early_before_the_first_step(
    data: Path, tmp_path: Path
) -> None:
    picture = next((data / "AM-2k/train/original").iterdir())
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    job = Job(small_official("ori"), tmp_path / "cache", tmp_path / "out", data=data)
    with pytest.raises(InputError, match=rf"{picture.name}.*leave out --strict"):
        plan(job._replace(strict=True), data)
    picture.write_bytes(b"no picture")
    lines: list[str] = []
    assert open_data(job, lines.append).source.samples == 1
    assert lines[-1] == "1 files left out: 1 unreadable"


def test_what_was_left_out_on_the_way_is_counted_at_the_end(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    picture = next((data / "AM-2k/train/original").iterdir())
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    lines: list[str] = []
    recipe = small_official("ori")._replace(steps=2)
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", every=Intervals(1, 1, 1), data=data)
    work(0, job, None, Watch(note=lines.append))
    assert lines[-1] == "while training: 1 files left out: 1 unreadable"


def test_a_strict_plan_decodes_what_the_run_would(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    alpha = data / "pairs" / "disc_0001.png"
    alpha.write_bytes(alpha.read_bytes()[:200])
    recipe = tiny_recipe(write_recipe(tmp_path / "tiny.toml").parent, steps=2)
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", data=data)
    assert plan(job, data)["pairs listed"] == 6
    with pytest.raises(InputError, match=r"disc_0001\.png.*leave out --strict"):
        plan(job._replace(strict=True), data)
    assert not (tmp_path / "cache").exists()
