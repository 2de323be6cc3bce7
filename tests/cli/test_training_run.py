"""The folder of a training run."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

pytest.importorskip("torch")

from filelock import FileLock, Timeout

from streammat.cli import main
from streammat.cli.training_run import LOCK, _from_nothing, begin_folder
from streammat.datasets import Faults
from streammat.errors import OutputError
from streammat.training.decode import build_cache
from tests.training.tiny import write_data, write_recipe


def _command() -> click.Context:
    return click.Context(click.Command("train"))


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "last.pt"
    kept.write_bytes(b"weights")
    with _command():
        begin_folder(tmp_path)
        with _command(), pytest.raises(OutputError, match="another run is at work"):
            begin_folder(tmp_path)
    assert kept.read_bytes() == b"weights"


def test_only_the_process_that_holds_the_folder_is_refused_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run is at work in it, and torchrun starts two processes."""
    with FileLock(tmp_path / LOCK):
        for rank in (1, 0):
            place = SimpleNamespace(rank=rank)
            monkeypatch.setattr("streammat.training.parallel.launched", lambda at=place: at)
            refused = pytest.raises(OutputError, match="another run is at work")
            with _command(), nullcontext() if rank else refused:
                begin_folder(tmp_path)


def test_an_old_run_goes_only_when_the_new_one_can_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "out"
    recipe = write_recipe(tmp_path / "tiny.toml")
    command = ["train", "--recipe", str(recipe), "--out", str(out), "--data", str(data)]
    command += ["--steps", "1", "--no-export", "--no-tensorboard", "--threads", "1"]
    assert main(command) == 0
    first = {path.name: path.stat().st_mtime_ns for path in out.glob("*.pt")}
    again = [*command, "--seed", "2", "--overwrite"]
    assert main([*again, "--data", str(tmp_path / "dta")]) == 2
    assert main([*again, "--start", str(out / "best.pt")]) == 2
    assert "writes this file itself" in capsys.readouterr().err
    assert main([*again, "--dry-run"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.pt")} == first
    assert main(again) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.pt")} != first
    assert main(command) == 2, "the first run's checkpoint is gone"


def test_decoded_data_excuses_no_wrong_folder_and_no_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, cache = write_data(tmp_path / "data"), tmp_path / "cache"
    (data / "pairs" / "disc_0001.png").write_bytes(b"no picture")
    build_cache(data, cache, Faults(print))
    recipe, out = write_recipe(tmp_path / "tiny.toml"), tmp_path / "out"
    command = ["train", "--recipe", str(recipe), "--cache", str(cache), "--out", str(out)]
    wrong = ["--steps", "1", "--data", str(tmp_path / "dta")]
    assert main([*command, *wrong]) == 2
    assert "dta: no such folder; check --data" in capsys.readouterr().err
    assert main([*command, "--steps", "1", "--data", str(data), "--strict"]) == 2
    assert "disc_0001.png: not a readable picture" in capsys.readouterr().err


def test_the_folder_is_free_again_when_the_command_ends(tmp_path: Path) -> None:
    with _command():
        begin_folder(tmp_path)
        with pytest.raises(Timeout):
            FileLock(tmp_path / LOCK).acquire(timeout=0)
    with FileLock(tmp_path / LOCK).acquire(timeout=0) as taken:
        assert taken.is_locked


def test_a_run_says_where_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "out"
    recipe = write_recipe(tmp_path / "tiny.toml")
    command = ["train", "--recipe", str(recipe), "--out", str(out), "--data", str(data)]
    command += ["--steps", "1", "--no-export", "--no-tensorboard", "--threads", "1"]
    assert main(command) == 0
    assert "starts from random weights" in capsys.readouterr().err
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "going on from" in said
    assert "random weights" not in said
    assert main([*command, "--overwrite"]) == 0
    said = capsys.readouterr().err
    assert "going on from" not in said
    assert f"--overwrite: the run in {out} is removed" in said


def test_frozen_stages_that_stay_random_are_named() -> None:
    assert "the 2 frozen stages of the encoder stay random" in _from_nothing(2)
    assert "frozen" not in _from_nothing(0)
