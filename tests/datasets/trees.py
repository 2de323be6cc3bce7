"""Tiny data sets, laid out as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from streammat.datasets import Layout


def write_rgb(path: Path, height: int = 70, width: int = 80, seed: int = 0) -> None:
    """A picture of soft waves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / (7 + seed)), 128 + 90 * np.cos(y / 9), x + y + seed]
    Image.fromarray(np.stack(waves, 2).astype(np.uint8)).save(path)


def write_alpha(path: Path, height: int = 70, width: int = 80) -> None:
    """A soft disc."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 2)
    alpha = np.clip((20 - distance) / 8 + 0.5, 0, 1) * 255
    Image.fromarray(alpha.astype(np.uint8)).save(path)


def write_tree(layout: Layout, data: Path, names: tuple[str, ...] = ("a", "b")) -> None:
    """The folders that a layout looks in first (of every root), with a sample a name."""
    for number, root in enumerate(layout.roots if layout.every_root else layout.roots[:1]):
        for seed, name in enumerate(names):
            stem = f"{name}{number}"
            write_rgb(data / root / layout.pictures[0] / f"{stem}.jpg", seed=seed)
            for folders in (layout.foregrounds, layout.backgrounds):
                if folders:
                    write_rgb(data / root / folders[0] / f"{stem}.png", seed=seed + 5)
            if layout.alphas:
                write_alpha(data / root / layout.alphas[0] / f"{stem}.png")
