"""A run that is killed and goes on, against one that is not; several processes; torchrun."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("onnx")

from streammat.cli import main  # noqa: E402
from streammat.training.checkpoint import read_state  # noqa: E402
from streammat.training.decode import build_cache  # noqa: E402
from streammat.training.journal import read_log  # noqa: E402
from tests.tolerances import SHARED_BATCH  # noqa: E402
from tests.training.tiny import write_data, write_recipe  # noqa: E402

STEPS = 8
LAST_KILL = 5  # steps enough before the end for the kill to come in time on a busy machine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    build_cache(write_data(folder / "data"), folder / "cache")
    text = write_recipe(folder / "tiny.toml", composites=0.5).read_text()
    small = text.replace("[64, 64]", "[32, 32]").replace("[64, 96]", "[32, 64]")
    (folder / "tiny.toml").write_text(small)
    frozen = small.replace("frozen_stages = 1", "frozen_stages = 1\nfrozen_norms = true")
    (folder / "frozen.toml").write_text(frozen)
    return folder


def arguments(folder: Path, out: Path, steps: int = STEPS, recipe: str = "tiny") -> list[str]:
    options = {
        "--recipe": folder / f"{recipe}.toml",
        "--cache": folder / "cache",
        "--out": out,
        "--steps": steps,
        "--threads": 1,
        "--save-every": 2,
        "--validate-every": 3,
        "--log-every": 1,
        "--progress": "none",
    }
    flat = [str(part) for pair in options.items() for part in pair]
    return ["train", *flat, "--no-tensorboard", "--no-export"]


def same(one: Any, other: Any) -> bool:
    """Equal bit for bit, whatever is nested."""
    if isinstance(one, torch.Tensor):
        return bool(torch.equal(one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def train_until_killed(folder: Path, out: Path, step: int) -> None:
    """Start a run in a process of its own and kill it when it has logged this step.

    A step is logged before its checkpoint is written: the first checkpoint is waited for, as a
    run killed before it has nothing to go on from and begins again.
    """
    command = [sys.executable, "-m", "streammat", *arguments(folder, out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            logged = any(r["step"] >= step for r in read_log(out / "log.jsonl"))
            if logged and (out / "last.pt").exists():
                process.send_signal(signal.SIGKILL)
            time.sleep(0.005)
        assert process.stderr is not None
        assert process.returncode == -signal.SIGKILL, process.stderr.read().decode()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_killed_run_equals_an_unbroken_one_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main(arguments(folder, whole)) == 0
    step = random.randint(2, LAST_KILL)
    train_until_killed(folder, broken, step)
    assert read_state(broken / "last.pt")["step"] < STEPS
    assert main(arguments(folder, broken)) == 0
    one, other = read_state(whole / "last.pt"), read_state(broken / "last.pt")
    assert one.pop("seconds") > 0
    del other["seconds"]
    for key, value in one.items():
        assert same(value, other[key]), f"{key} differs; killed at {step}"
    logs = [read_log(out / "log.jsonl") for out in (whole, broken)]
    first, second = ([{**r, "seconds": 0} for r in log] for log in logs)
    assert first == second
    assert (whole / "best.pt").read_bytes() == (broken / "best.pt").read_bytes()


def test_two_processes_equal_one_with_the_whole_batch(folder: Path, tmp_path: Path) -> None:
    """Batch norms are frozen: each process would have statistics of its half of the batch."""
    if not torch.distributed.is_available():
        pytest.skip("this torch has no torch.distributed")
    logs = {}
    for processes in (1, 2):
        out = tmp_path / str(processes)
        given = [*arguments(folder, out, 2, "frozen"), "--processes", str(processes)]
        assert main(given) == 0
        logs[processes] = [r for r in read_log(out / "log.jsonl") if "total" in r]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--nproc-per-node", "2", "-m", "streammat"]
    given = arguments(folder, tmp_path / "torchrun", 2, "frozen")
    done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    logs[0] = [r for r in read_log(tmp_path / "torchrun" / "log.jsonl") if "total" in r]
    for one, two, three in zip(logs[1], logs[2], logs[0], strict=True):
        assert one["step"] == two["step"] == three["step"]
        for name in ("total", "glance", "focus", "alpha", "norm"):
            assert two[name] == pytest.approx(one[name], rel=SHARED_BATCH), name
            assert three[name] == two[name], name


@pytest.mark.skipif(os.name != "posix", reason="Windows has no process groups")
def test_processes_that_are_asked_to_stop_as_a_group_keep_what_they_have(
    folder: Path, tmp_path: Path
) -> None:
    if not torch.distributed.is_available():
        pytest.skip("this torch has no torch.distributed")
    given = [*arguments(folder, tmp_path, 10**6, "frozen"), "--processes", "2"]
    given[given.index("--save-every") + 1] = str(10**6)
    command = [sys.executable, "-m", "streammat", *given]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None and not read_log(tmp_path / "log.jsonl"):
            time.sleep(0.05)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            os.killpg(process.pid, number)
        said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "go on with: streammat train" in said
    assert read_state(tmp_path / "last.pt")["step"] >= 1


def test_a_batch_that_cannot_be_shared_is_refused(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [*arguments(folder, tmp_path, 2), "--processes", "3"]
    assert main(given) == 2
    assert "a batch of 2 cannot be shared by 3 processes" in capfd.readouterr().err
