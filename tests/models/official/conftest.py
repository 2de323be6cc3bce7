"""The published keys and golden outputs of GFM, and weights made by their rule."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from streammat.cli import main  # noqa: E402
from streammat.models import GfmConfig, GfmNetwork, create_model, save_checkpoint  # noqa: E402

NARROW = GfmConfig("r34", "TT", divisor=16)  # type: ignore[arg-type]


class Reference:
    """The folder of published facts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self, variant: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((self.folder / f"keys_{variant}.json").read_text())[
            "keys"
        ]
        return rows

    def summary(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return facts

    def rule(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("gfm_rule", self.folder / "rule.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


@pytest.fixture(scope="session")
def reference(shared_data: Path) -> Reference:
    folder = shared_data.parent / "reference" / "gfm"
    if not folder.is_dir():
        pytest.skip(f"no published facts of GFM at {folder}")
    return Reference(folder)


def randomised(config: GfmConfig) -> GfmNetwork:
    """A model whose batch norms are not trivial either."""
    torch.manual_seed(11)
    model = create_model(config).eval()
    with torch.no_grad():
        for name, value in model.named_buffers():
            if name.endswith("running_mean"):
                value.normal_(0, 0.1)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
    return model


@pytest.fixture(scope="session")
def narrow() -> GfmNetwork:
    return randomised(NARROW)


@pytest.fixture(scope="session")
def imported(narrow: GfmNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with the narrow network imported as ``mine``; exporting takes a while."""
    return _imported(narrow, tmp_path_factory.mktemp("user") / "narrow_tt.pth")


@pytest.fixture(scope="session")
def narrow_rim() -> GfmNetwork:
    return randomised(GfmConfig("r34", "RIM", divisor=32))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def imported_rim(narrow_rim: GfmNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with three representations."""
    return _imported(narrow_rim, tmp_path_factory.mktemp("rim") / "narrow_rim.pth")


def _imported(model: GfmNetwork, file: Path) -> Path:
    save_checkpoint(model, file)
    models = file.parent / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMMAT_MODELS_DIR", str(models))
        assert main(["models", "import", str(file), "--name", "mine"]) == 0
    return models
