"""A released network's topology through the strategies, against the official code's maps."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streammat.matting.strategies import NetworkPass, StillMaps, hybrid, official, resize
from tests.tolerances import NETWORK_GOLDEN

torch = pytest.importorskip("torch")

LABEL_LEVELS = 255  # glance maps are 0..255


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Path:
    folder = shared_data.parent / "reference" / "gfm"
    if not (folder / "rule.py").is_file():
        pytest.skip(f"no golden maps at {folder}")
    return folder


@pytest.fixture(scope="module")
def network(reference: Path) -> NetworkPass:
    from streammat.matting.passes.torch import TorchPass
    from streammat.models import create_model

    spec = importlib.util.spec_from_file_location("rule", reference / "rule.py")
    assert spec is not None
    assert spec.loader is not None
    rule: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    module = create_model("gfm_r34_tt")
    weights = rule.state_dict("r34_TT")
    module.load_state_dict({key: weights[key] for key in module.state_dict()})
    return TorchPass(module)


@pytest.fixture(scope="module")
def picture(reference: Path) -> NDArray[np.uint8]:
    with Image.open(reference / "test_image_517x389.png") as image:
        return np.asarray(image.convert("RGB"))


def check(maps: StillMaps, golden: dict[str, NDArray[Any]], step: int) -> None:
    """Compare every ``step``-th pixel: glance, focus, alpha."""
    for name, found in maps._asdict().items():
        difference = np.abs(found[::step, ::step] - golden[name])
        limit = NETWORK_GOLDEN * (LABEL_LEVELS if name == "glance" else 1)
        assert (difference > limit).mean() < 0.001, name  # glance channels may tie


@pytest.mark.data
def test_hybrid_and_resize_equal_the_official_maps(
    reference: Path, network: NetworkPass, picture: NDArray[np.uint8]
) -> None:
    golden = np.load(reference / "test_r34_TT.npz")
    for strategy, name, fusion in (
        (hybrid, "HYBRID", "fusion_tolerant"),
        (resize, "RESIZE", "fusion"),
    ):
        keys = {"glance": "glance", "focus": "focus", "alpha": fusion}
        wanted = {field: golden[f"{name}_new_{key}_s6"] for field, key in keys.items()}
        check(strategy(network, picture), wanted, 6)


@pytest.mark.data
def test_official_equals_the_pinned_library_versions(
    reference: Path, network: NetworkPass, picture: NDArray[np.uint8]
) -> None:
    golden = np.load(reference / "test_r34_TT.npz")
    keys = {"glance": "glance", "focus": "focus", "alpha": "fusion"}
    wanted = {field: golden[f"HYBRID_0172_{key}_s12"] for field, key in keys.items()}
    check(official(network, picture), wanted, 12)
