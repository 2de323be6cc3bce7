"""The shipped default model and its card; needs OpenVINO, not torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import streammat

WEIGHTS = Path(streammat.__file__).parent / "weights"
CARD = WEIGHTS / "gfm_lite0_tt.json"
MODEL = WEIGHTS / "gfm_lite0_tt.onnx"

# A plain disc on a plain ground: the network must find it, and need not trace it to the pixel.
SCENE_MEAN_ERROR = 0.03


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    return facts


def test_the_card_names_the_file_that_is_shipped(card: dict[str, Any]) -> None:
    data = MODEL.read_bytes()
    assert card["file"] == MODEL.name
    assert card["sha256"] == hashlib.sha256(data).hexdigest()
    assert card["bytes"] == len(data)
    assert 6e6 <= len(data) <= 8e6
    assert 3e6 <= card["parameters"] <= 4e6


def test_the_card_says_what_a_user_must_know(card: dict[str, Any]) -> None:
    assert card["variant"] == "TT"
    assert "research use" in card["licence"]
    assert card["limits"]
    assert card["quality"]
    assert all(entry["licence"] for entry in card["data"])
    assert CARD.with_suffix(".md").is_file()


def scene(height: int, width: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A shaded ball before a dim, smooth ground: rgb (H, W, 3) 0..255 and its alpha (H, W)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = 0.3 * height
    distance = np.hypot(y - 0.52 * height, x - 0.5 * width)
    alpha = np.clip(radius - distance + 0.5, 0, 1)[..., None]
    shade = np.clip(1.1 - (distance / radius) ** 2 * 0.5, 0.4, 1.1)[..., None]
    ground = 90 + 30 * (y / height)[..., None] * np.array([1.0, 1.05, 1.1])
    rgb = alpha * shade * np.array([205, 80, 40]) + (1 - alpha) * ground
    return rgb.clip(0, 255).astype(np.float32), alpha[..., 0].astype(np.float32)


@pytest.mark.parametrize("size", [(288, 512), (512, 288), (384, 384)])
def test_the_shipped_model_cuts_a_simple_scene(size: tuple[int, int]) -> None:
    engines = pytest.importorskip("streammat_engines.openvino")
    rgb, truth = scene(*size)
    engine = engines.OpenVinoEngine(MODEL, (1, 3, *size))
    out = {
        "glance": np.zeros((1, 3, *size), np.float32),
        "focus": np.zeros((1, 1, *size), np.float32),
    }
    engine.run({"rgb": np.ascontiguousarray(rgb.transpose(2, 0, 1)[None])}, out)
    label = out["glance"][0].argmax(0)
    alpha = np.where(label == 1, out["focus"][0, 0], label == 2)
    assert float(np.abs(alpha - truth).mean()) <= SCENE_MEAN_ERROR
