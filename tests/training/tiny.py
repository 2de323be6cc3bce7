"""A tiny data set of drawn pictures, and a recipe that trains on it in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

SHAPES = [[64, 64], [64, 96]]
RECIPE = """
model = "gfm_lite0_tt"
seed = 1
encoder_lr = 5e-4
decoder_lr = 2e-3
weight_decay = 0.01
warmup_steps = 2
clip_norm = 5.0
ema_decay = 0.9
frozen_stages = 1
holdout_share = 0.0
holdout_prefixes = ["vid_kept"]
[mix]
strands = {strands}
cutouts = {cutouts}
composites = {composites}
whole_subject = 0.7
[mix.source_weights]
[[phases]]
until = 0.5
batch = 2
shapes = [[64, 64]]
[[phases]]
until = 1.0
batch = 2
shapes = [[64, 64], [64, 96]]
"""


def disc(seed: int) -> tuple[Bytes, Bytes]:
    """A bright disc on a dark ground: RGB (80, 100, 3) and alpha (80, 100), uint8.

    The disc's red is 230, the ground's is 20, so that a picture reveals its own alpha.
    """
    rng = np.random.default_rng(seed)
    alpha = np.zeros((80, 100), np.uint8)
    centre = (int(rng.integers(35, 65)), int(rng.integers(30, 50)))
    cv2.circle(alpha, centre, int(rng.integers(15, 25)), 255, -1, cv2.LINE_AA)
    a = alpha[..., None] / 255
    rgb = a * np.array([230, 120, 90]) + (1 - a) * np.array([20, 90, 140])
    return rgb.astype(np.uint8), alpha


def write_data(folder: Path) -> Path:
    """Six pairs (one of a held-out clip), a cutout and a background in the training layout."""
    for name in ("pairs", "cutouts", "backgrounds"):
        (folder / name).mkdir(parents=True)
    records = []
    for i in range(6):
        name = "vid_kept_0001" if i == 5 else f"disc_{i:04d}"
        rgb, alpha = disc(i)
        cv2.imwrite(
            str(folder / "pairs" / f"{name}.webp"), rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101]
        )
        cv2.imwrite(str(folder / "pairs" / f"{name}.png"), alpha)
        records.append({"name": name, "src": "discs", "kind": "mask_soft"})
    lines = [json.dumps(record) for record in records]
    (folder / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    rgb, alpha = disc(9)
    bgra = np.concatenate([rgb[..., ::-1], alpha[..., None]], 2)
    cv2.imwrite(str(folder / "cutouts" / "one.png"), bgra)
    ground = np.full((700, 500, 3), (150, 100, 30), np.uint8)
    cv2.imwrite(str(folder / "backgrounds" / "plain.png"), ground)
    return folder


def write_recipe(path: Path, **shares: float) -> Path:
    """The recipe as a file; `shares` sets strands, cutouts and composites (default 0)."""
    values = {"strands": 0.0, "cutouts": 0.0, "composites": 0.0} | shares
    path.write_text(RECIPE.format(**values))
    return path
