"""Four optimiser steps of GFM, and RIM's first loss, against the authors' own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

import cv2  # noqa: E402

from streammat.models import load_checkpoint  # noqa: E402
from streammat.training.batch import Batch  # noqa: E402
from streammat.training.losses import Loss, Objective, forward  # noqa: E402
from streammat.training.parallel import Group  # noqa: E402
from streammat.training.recipe import load_recipe  # noqa: E402
from streammat.training.schedule import Budget  # noqa: E402
from streammat.training.trainer import Trainer, Work  # noqa: E402
from tests.tolerances import (  # noqa: E402
    GOLDEN_FIRST_GRADIENT,
    GOLDEN_LOSS,
    GOLDEN_STEP,
    GOLDEN_STEP_GRADIENT,
)

SIDE_PX = 96
CORRECTED_AND_RELEASED: tuple[tuple[str, ...], ...] = ((), ("rim_bt_heads",))
FIRST = (GOLDEN_LOSS, GOLDEN_FIRST_GRADIENT)


def soft_disc(y: float, x: float, ry: float, rx: float, width: float) -> Any:
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX].astype(float)
    distance = np.hypot((rows - y) / ry, (columns - x) / rx)
    alpha = np.clip((1 - distance) / width + 0.5, 0, 1)
    return np.floor(255 * alpha + 0.5).astype(np.uint8)


def label_maps(alpha: Any, trimap_px: int, wide_px: int) -> list[Any]:
    """Trimap, dilation and erosion as the official transform makes them."""

    def kernel(size: int) -> Any:
        return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))

    solid, touched = (alpha == 255).astype(np.uint8), (alpha != 0).astype(np.uint8)
    trimap = np.full_like(alpha, 128) * cv2.dilate(touched, kernel(trimap_px))
    trimap[cv2.erode(solid, kernel(trimap_px)) == 1] = 255
    wide, narrow = cv2.dilate(touched, kernel(wide_px)), cv2.erode(solid, kernel(wide_px))
    return [trimap, 255 * wide, 255 * narrow]


@pytest.fixture(scope="module")
def batch() -> Batch:
    alphas = [soft_disc(48, 44, 30, 26, 0.4), soft_disc(42, 54, 22, 33, 0.6)]
    draw = np.random.RandomState(321)
    layers = [draw.uniform(0, 255, (2, 3, SIDE_PX, SIDE_PX)).astype(np.float32) for _ in range(2)]
    alpha = np.stack(alphas)[:, None]
    share = alpha.astype(np.float32) / 255
    rgb = np.floor(share * layers[0] + (1 - share) * layers[1]).astype(np.float32)
    maps = [
        np.stack(m)[:, None] for m in zip(*(label_maps(a, 13, 20) for a in alphas), strict=True)
    ]
    unit = [torch.from_numpy(m.astype(np.float32) / 255) for m in (alpha, *maps)]
    colours = [torch.from_numpy(c) for c in (rgb, *layers)]
    return Batch(colours[0], unit[0], ("a", "b"), colours[1], colours[2], *unit[1:])


@pytest.fixture(scope="module")
def golden(gfm_reference: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((gfm_reference / "train_steps.json").read_text())
    return values


class OneBatch:
    """The same batch at every step."""

    fingerprint, samples = "", 2

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        return self._batch

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        pass


def test_four_steps_are_golden(
    gfm_rule: Any, golden: dict[str, Any], batch: Batch, tmp_path: Path
) -> None:
    torch.save(gfm_rule.state_dict("r34_TT"), tmp_path / "gfm_r34_tt.pth")
    model = load_checkpoint(tmp_path / "gfm_r34_tt.pth")
    recipe = load_recipe("official")
    trainer = Trainer(Work(model, recipe, OneBatch(batch), Budget(steps=4), tmp_path))
    values = {
        "total": "loss",
        "glance": "global",
        "focus": "local",
        "alpha": "fusion_alpha",
        "composition": "fusion_comp",
    }
    norms = {
        "decoder0_g.6.weight": "grad_norm_decoder0_g.6.weight",
        "decoder0_f.6.weight": "grad_norm_decoder0_f.6.weight",
        "psp_module.bottleneck.weight": "grad_norm_psp_bottleneck",
    }
    for step, expected in enumerate(golden["r34_TT_train_mode_96x96_b2_adam_1e-5"]):
        loss, slope = (GOLDEN_STEP, GOLDEN_STEP_GRADIENT) if step else FIRST
        found = trainer.train_step(trainer.next_batch())
        for name, key in values.items():
            assert found[name] == pytest.approx(expected[key], rel=loss), (step, name)
        assert found["norm"] == pytest.approx(expected["grad_norm"], rel=slope), step
        for name, key in norms.items():
            gradient = model.get_parameter(name).grad
            assert gradient is not None
            assert float(gradient.norm()) == pytest.approx(expected[key], rel=slope), (step, name)
        without = [p for p in model.parameters() if p.grad is None]
        assert len(without) == expected["n_params_without_grad"]
    mean = model.get_buffer("encoder0.1.running_mean")[:4].tolist()
    assert mean == pytest.approx(golden["running_mean_after_encoder0.1[0:4]"], rel=GOLDEN_STEP)


def test_rims_first_loss_is_golden(
    gfm_rule: Any, golden: dict[str, Any], batch: Batch, tmp_path: Path
) -> None:
    torch.save(gfm_rule.state_dict("d121_RIM"), tmp_path / "gfm_d121_rim.pth")
    model = load_checkpoint(tmp_path / "gfm_d121_rim.pth").train()
    expected = golden["d121_RIM_train_mode_first_forward"]
    with torch.no_grad():
        output = forward(model, batch.rgb)
    losses: dict[tuple[str, ...], Loss] = {
        kept: Objective("official", model, Group(), kept)(output, batch)
        for kept in CORRECTED_AND_RELEASED
    }
    names = {
        "tt": ((), "tt"),
        "ft": ((), "ft"),
        "bt_corrected": ((), "bt"),
        "bt_as_released_uses_ft_predictions": (("rim_bt_heads",), "bt"),
    }
    for name, (kept, head) in names.items():
        parts = losses[kept].parts
        final = parts[f"alpha_{head}"] + parts[f"composition_{head}"]
        wanted = expected[name]
        assert float(parts[f"glance_{head}"]) == pytest.approx(wanted["global"], rel=GOLDEN_LOSS)
        assert float(parts[f"focus_{head}"]) == pytest.approx(wanted["local"], rel=GOLDEN_LOSS)
        assert float(final) == pytest.approx(wanted["final"], rel=GOLDEN_LOSS)
    parts = losses[()].parts
    final = parts["alpha"] + parts["composition"]
    assert float(final) == pytest.approx(expected["rim_final"], rel=GOLDEN_LOSS)
    total = losses[()].total
    assert float(total) == pytest.approx(expected["total_corrected"], rel=GOLDEN_LOSS)
    total = losses[("rim_bt_heads",)].total
    assert float(total) == pytest.approx(expected["total_as_released"], rel=GOLDEN_LOSS)
