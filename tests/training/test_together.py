"""Processes of one run: what each says, and what it is told of the others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.errors import ConfigError, DivergedError, ProcessLost  # noqa: E402
from streammat.training import launch, work  # noqa: E402
from streammat.training.checkpoint import weights_digest  # noqa: E402
from streammat.training.loop import Watch  # noqa: E402
from streammat.training.parallel import Group  # noqa: E402

GLOO = "[third_party/gloo/transport/tcp/pair.cc:547] Connection closed by peer"


class Others(Group):
    """The second of two processes; the first is at step 2 with the weights that are given."""

    state = 0.0
    asked: ClassVar[list[str]] = []  # what the first process waits for, in its order

    def from_first(self, value: float) -> float:
        self.asked.append("first")
        return 2.0 if value < 100 else self.state

    def total(self, values: list[float]) -> list[float]:
        self.asked.append("total")
        return values


def test_the_end_of_another_process_is_no_error_of_ours() -> None:
    with (
        pytest.raises(ProcessLost, match="process 1 of 2 has lost contact"),
        work._said_plainly(Group(1, 2)),
    ):
        raise RuntimeError(GLOO)
    with pytest.raises(RuntimeError, match="shapes"), work._said_plainly(Group(1, 2)):
        raise RuntimeError("shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="gloo"), work._said_plainly(Group()):
        raise RuntimeError(GLOO)


def test_the_fault_that_others_followed_is_the_one_that_is_told(tmp_path: Path) -> None:
    faults = {0: ("ProcessLost", "gone"), 1: ("DivergedError", "no number")}
    for rank, (kind, text) in faults.items():
        path = tmp_path / f"fault-{rank}.json"
        path.write_text(json.dumps({"kind": kind, "text": text}))
        os.utime(path, (rank, rank))
    fault = launch._first_fault(tmp_path)
    assert isinstance(fault, DivergedError)
    assert str(fault) == "no number"


@pytest.mark.parametrize(
    ("step", "same", "good"), [(2, True, True), (0, True, False), (2, False, False)]
)
def test_processes_begin_at_the_same_step_with_the_same_weights(
    tmp_path: Path, step: int, same: bool, good: bool
) -> None:
    model = torch.nn.Linear(2, 2)
    group = Others(1, 2)
    state = int(weights_digest(model)[:12], 16)
    Others.state = float(state if same else state + 1)
    Others.asked.clear()
    trainer: Any = SimpleNamespace(group=group, step=step, model=model)
    job: Any = SimpleNamespace(out=tmp_path)
    if good:
        work._check_together(trainer, job)
        return
    with pytest.raises(ConfigError, match=f"process 1 begins at step {step}, another"):
        work._check_together(trainer, job)
    assert Others.asked == ["first", "first", "total"]  # whatever differs, or the first one waits


@pytest.mark.parametrize(("rank", "heard"), [(0, ["all", "mine"]), (1, ["mine"])])
def test_what_all_look_at_is_told_once_and_what_each_meets_by_each(
    monkeypatch: pytest.MonkeyPatch, rank: int, heard: list[str]
) -> None:
    def prepare(job: object, group: object, note: Any) -> Any:
        note("all")
        return note

    monkeypatch.setattr(work, "prepare", prepare)
    said: list[str] = []
    job: Any = None
    later: Any = work._prepared(job, Group(rank, 2), Watch(note=said.append))
    later("mine")
    assert said == heard
