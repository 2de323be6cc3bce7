"""Shared fixtures: where real data lies, what is skipped without a GPU, a private cache folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that `tests.clips` and `benchmarks` import under importlib mode


def _data_folder() -> Path:
    return Path(os.environ.get("STREAMMAT_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images and clips; the test is skipped where it is absent."""
    folder = _data_folder()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; point STREAMMAT_DATA at it")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """CUDA tests are skipped without a GPU, unless the runner promises one."""
    if os.environ.get("STREAMMAT_REQUIRE_CUDA") == "1" or _cuda_available():
        return
    skip = pytest.mark.skip(reason="no CUDA device; STREAMMAT_REQUIRE_CUDA=1 makes this a failure")
    for item in items:
        if item.get_closest_marker("cuda"):
            item.add_marker(skip)


def _cuda_available() -> bool:
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.cuda.is_available())
