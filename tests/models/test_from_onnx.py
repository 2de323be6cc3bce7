"""The way back from an exported graph to a network that can be trained."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

import streammat  # noqa: E402
from streammat.errors import CheckpointError  # noqa: E402
from streammat.models import matrices_for  # noqa: E402
from streammat.models.from_onnx import gfm_from_onnx  # noqa: E402
from tests.tolerances import ENGINE_RUNTIMES  # noqa: E402

SHIPPED = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"


def test_the_shipped_model_comes_back_with_its_outputs() -> None:
    torch.manual_seed(2)
    rgb = 255 * torch.rand(1, 3, 64, 96)
    model = gfm_from_onnx(SHIPPED)
    with torch.no_grad():
        found = model(rgb)
    session = runtime.InferenceSession(str(SHIPPED), providers=["CPUExecutionProvider"])
    matrices = {name: m.numpy() for name, m in matrices_for(64, 96)._asdict().items()}
    glance, focus = session.run(["glance", "focus"], {"rgb": rgb.numpy(), **matrices})
    assert float((found.glance - torch.from_numpy(glance)).abs().max()) < ENGINE_RUNTIMES
    assert float((found.focus - torch.from_numpy(focus)).abs().max()) < ENGINE_RUNTIMES


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        gfm_from_onnx(tmp_path / "no.onnx")
    (tmp_path / "cut.onnx").write_bytes(SHIPPED.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"damaged|holds no gfm_lite0"):
        gfm_from_onnx(tmp_path / "cut.onnx")
