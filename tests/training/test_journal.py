"""What a run leaves to read, where disks are full and runs are short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.datasets import Faults
from streammat.errors import StreammatError
from streammat.models import Rosta, create_model, save_checkpoint
from streammat.training.decode import build_cache
from streammat.training.deliver import deliver
from streammat.training.held_out import FolderPairs
from streammat.training.journal import PICTURES, Journal, read_log
from streammat.training.loop import Intervals, run
from tests.full_disk import files_of_at_most
from tests.training.runs import make_trainer
from tests.training.tiny import write_data, write_recipe

MORE_THAN_THE_RUN = 1000


def test_a_picture_that_a_full_disk_cuts_off_is_not_kept(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 100, 3), np.uint8)
    with files_of_at_most(10_000), pytest.raises(OSError, match="large"):
        Journal(tmp_path).picture(7, noise)
    assert list((tmp_path / PICTURES).iterdir()) == []


def test_a_model_that_a_full_disk_cuts_off_leaves_nothing(tmp_path: Path) -> None:
    save_checkpoint(create_model("gfm_lite0_tt"), tmp_path / "weights.pt")
    out = tmp_path / "out"
    out.mkdir()
    with (
        files_of_at_most(1_000_000),
        pytest.raises(StreammatError, match=r"cannot be written: .*make room"),
    ):
        deliver(tmp_path / "weights.pt", out, "mine", {}, Rosta.TT)
    assert list(out.iterdir()) == []


def test_the_last_step_is_logged_whatever_the_interval(tmp_path: Path) -> None:
    write_recipe(tmp_path / "tiny.toml")
    build_cache(write_data(tmp_path / "data"), tmp_path / "cache", Faults(print))
    trainer, out = make_trainer(tmp_path, tmp_path / "run", 2), tmp_path / "run"
    every = Intervals(MORE_THAN_THE_RUN, MORE_THAN_THE_RUN, MORE_THAN_THE_RUN)
    assert run(trainer, FolderPairs([]), every, Journal(out))
    assert [record["step"] for record in read_log(out / "log.jsonl")] == [2]
