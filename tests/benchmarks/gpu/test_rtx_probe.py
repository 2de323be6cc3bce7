from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.gpu import rtx_probe
from streammat_engines.errors import EngineError
from tests.engines.tensorrt.plans import api


def test_a_choice_that_ends_its_process_or_hangs_is_a_row_like_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], timeout: float, **_: Any) -> SimpleNamespace:
        targets = command[-1]
        if targets == "ANY":
            raise subprocess.TimeoutExpired(command, timeout)
        if targets == "CURRENT":
            return SimpleNamespace(returncode=-11)
        row = {"targets": targets, "reached": "run" if targets == "SM80" else "built"}
        Path(command[command.index("--json") + 1]).write_text(json.dumps({"rows": [row]}))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setattr(rtx_probe, "write_result", lambda *given, **_: kept.append(given[2][:]))
    kept: list[list[dict[str, Any]]] = []
    assert rtx_probe.main(["--json", str(tmp_path / "rtx.json")]) == 0
    assert [len(rows) for rows in kept] == list(range(1, len(rtx_probe.CHOICES) + 1))
    assert kept[-1][0]["error"] == "ended with -11"
    assert "took more than" in kept[-1][1]["error"]
    assert [row["reached"] for row in kept[-1][2:4]] == ["built", "run"]


def test_a_choice_says_how_far_it_got_and_why_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    asked: list[tuple[str, ...]] = []

    def build(request: Any, chosen: Any) -> Any:
        asked.append(chosen.targets(True))
        assert chosen.other_targets(True) == ()
        return SimpleNamespace(seconds=1.0), []

    def refuse(*_: Any, **__: Any) -> None:
        raise EngineError("the engine cannot run\n on this GPU")

    monkeypatch.setattr(rtx_probe, "built_here", build)
    monkeypatch.setattr(rtx_probe, "opened", refuse)
    row = rtx_probe.probe(api("1.7.1", "tensorrt-rtx"), ("SM80", "SM86"))
    assert asked == [("SM80", "SM86")]
    assert (row["targets"], row["reached"]) == ("SM80+SM86", "built")
    assert row["error"] == "EngineError: the engine cannot run on this GPU"
