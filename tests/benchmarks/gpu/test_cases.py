from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu import run
from benchmarks.gpu.case import reached, run_case
from benchmarks.gpu.cases import Case, all_cases, find_case
from benchmarks.record import Spread


def test_every_case_has_a_name_of_its_own_and_the_target_comes_first() -> None:
    names = [case.name for case in all_cases()]
    assert len(set(names)) == len(names) == 12
    assert names[0] == "gfm_r34_tt-960x544"
    assert find_case(names[-1]).network == "gfm_d121_rim"


def test_a_case_that_fails_or_hangs_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["failed (1)", "over its time limit"])
    monkeypatch.setattr(run, "run_one", lambda *_: next(said, "done"))
    assert run.main(["--out", str(tmp_path)]) == 1
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary.values())[:3] == ["failed (1)", "over its time limit", "done"]
    assert len(summary) == 12


def test_what_is_on_disk_is_not_measured_again(tmp_path: Path) -> None:
    for case in all_cases():
        (tmp_path / f"{case.name}.json").write_text("{}")
    assert run.main(["--out", str(tmp_path)]) == 0


def test_what_was_measured_before_the_end_of_the_session_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(iter(all_cases())).name

    def cut(*_: object, **options: object) -> None:
        (tmp_path / f"{name}.json").write_text('{"rows": [1]}')
        raise subprocess.TimeoutExpired("case", 1.0)

    monkeypatch.setattr(subprocess, "run", cut)
    assert run.main(["--out", str(tmp_path), "--only", name, "--seconds", "5"]) == 3
    assert not (tmp_path / f"{name}.json").exists(), "the next call begins it anew"
    assert json.loads((tmp_path / f"{name}.partial.json").read_text()) == {"rows": [1]}


def test_pytorch_is_measured_before_anything_is_compiled() -> None:
    torch = pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")
    from benchmarks.gpu.torch_case import _ways

    ways = [(name, batch) for name, _, batch, _ in _ways(torch.nn.Identity(), (1, 4, 8))]
    compiled = [name == "torch.compile FP16" for name, _ in ways]
    assert compiled == sorted(compiled)
    assert [batch for name, batch in ways if name == "torch.compile FP16"] == [1, 8]
    assert len(ways) == 8


def test_a_network_that_cannot_be_exported_is_still_measured_in_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")

    def refuse(*_: object) -> None:
        raise RuntimeError("no such\n operator")

    out = tmp_path / "case.json"
    torch_row = {"name": "torch eager FP16", "batch": 1, "time": Spread.of([2.0])}
    monkeypatch.setattr("benchmarks.gpu.case.matrix_rate", lambda: 700.0)
    monkeypatch.setattr("benchmarks.gpu.case.gpu_state", dict)
    monkeypatch.setattr("benchmarks.gpu.networks.seeded_network", lambda *_: object())
    monkeypatch.setattr("benchmarks.gpu.networks.exported", refuse)

    def torch_rows(model: object, case: Case, keep: Callable[[dict[str, object]], None]) -> None:
        del model, case
        keep(torch_row)
        assert json.loads(out.read_text())["rows"], "a row is on disk before the next one begins"

    monkeypatch.setattr("benchmarks.gpu.torch_case.torch_rows", torch_rows)
    monkeypatch.setattr("benchmarks.gpu.torch_case.gflop_a_picture", lambda *_: 215.0)
    frames = tmp_path / "frames.npz"
    np.savez(frames, frames=np.zeros((1, 64, 64, 3), np.uint8))
    small = Case("gfm_r34_tt", 64, 64)
    assert not run_case(small, "tensorrt-rtx", frames, out, tmp_path)
    found = json.loads(out.read_text())
    assert found["failed"] == {"export": "RuntimeError: no such operator"}
    assert [row["name"] for row in found["rows"]] == ["torch eager FP16"]
    assert found["gflop_a_picture"] == 215.0


def test_targets_are_read_off_the_rows() -> None:
    def row(name: str, batch: int, ms: float) -> dict[str, object]:
        return {"name": name, "batch": batch, "time": Spread.of([ms])}

    rows = [
        row("engine, CUDA graph", 1, 0.5),
        row("engine, CUDA graph", 8, 3.0),
        row("torch eager FP16", 1, 2.0),
    ]
    facts = {
        "matrix_tflops": 800.0,
        "gflop_a_picture": 215.0,
        "engine": {"accuracy": {"faults": []}},
    }
    target = Case("gfm_r34_tt", 960, 544)
    assert reached(target, rows, facts) == {
        "accuracy": True,
        "ms": True,
        "times_eager": True,
        "matrix_rate_share": True,
    }
    assert facts["matrix_rate_share"] == pytest.approx(8 * 215 / 3.0 / 800)
    slow = [row("engine, CUDA graph", 1, 0.7), *rows[1:]]
    assert reached(target, slow, facts)["ms"] is False
    alone = [*slow, row("engine of batch 1, CUDA graph", 1, 0.6)]
    facts["engine of batch 1"] = {"accuracy": {"faults": []}}
    assert reached(target, alone, facts)["ms"] is True
    assert facts["times_eager"] == pytest.approx(2 / 0.6)
    facts["engine of batch 1"] = {"accuracy": {"faults": ["too many flips"]}}
    assert reached(target, alone, facts)["accuracy"] is False
