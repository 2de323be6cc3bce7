from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The nets here are so small that threads only wait for each other."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def gfm_reference(shared_data: Path) -> Path:
    """Values that the authors' code of GFM gave."""
    folder = shared_data.parent / "reference" / "gfm"
    if not folder.is_dir():
        pytest.skip(f"no published values of GFM at {folder}")
    return folder


@pytest.fixture(scope="session")
def gfm_rule(gfm_reference: Path) -> ModuleType:
    """The published rule that makes the weights behind those values."""
    spec = importlib.util.spec_from_file_location("gfm_rule", gfm_reference / "rule.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
