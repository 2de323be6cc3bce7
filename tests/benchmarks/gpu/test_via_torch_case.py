from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu import via_torch_case
from benchmarks.record import Spread
from streammat_engines.tensorrt.request import EngineRequest


@pytest.mark.parametrize("faults", [[], ["relative L2 of glance 0.1 is above 0.005"]])
def test_both_ways_are_built_for_the_same_request_and_compared(
    faults: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    asked: list[EngineRequest] = []

    def build(request: EngineRequest, *_: Any, **__: Any) -> Any:
        asked.append(request)
        return SimpleNamespace(seconds=2.5, close=lambda: None)

    def timed(_: Any, batch: int, *__: Any, **___: Any) -> dict[str, Any]:
        return {"name": "engine", "batch": batch, "time": Spread.of([1.0])}

    fakes: dict[str, Any] = {
        "load_api": lambda backend: SimpleNamespace(backend=backend, name=f"{backend} 1.7"),
        "torch_tensorrt_version": lambda _: "torch-tensorrt-rtx 2.11.0",
        "built_here": lambda *given: (build(*given), []),
        "build_with_torch": build,
        "fp32_engine": lambda *_: None,
        "opened": lambda *_, **__: SimpleNamespace(close=lambda: None),
        "closing": nullcontext,
        "accuracy_of": lambda *_: {"faults": faults},
        "timed": timed,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(via_torch_case, name, fake)
    frames, out = tmp_path / "frames.npz", tmp_path / "out.json"
    np.savez(frames, frames=np.zeros((1, 64, 96, 3), np.uint8))
    assert via_torch_case.main(["--frames", str(frames), "--json", str(out)]) == bool(faults)
    rows = json.loads(out.read_text())["rows"]
    assert [(row["via"], row["batch"]) for row in rows] == [
        (via, batch) for via in ("onnx", "torch") for batch in (1, 8)
    ]
    assert [request.via for request in asked] == ["onnx", "torch"]
    assert len({(request.sha256, request.profile) for request in asked}) == 1
