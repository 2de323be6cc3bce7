"""Validation as deployed: whole picture, aspect kept, 512x288's area, hard TT fusion."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from streammat.models.gfm import Gfm
from streammat.training.cache import Bytes, Cache, Entry, Floats
from streammat.training.parallel import Group

DEPLOY_AREA_PX = 512 * 288
MULTIPLE_PX = 32


def deploy_size(height_px: int, width_px: int, area_px: int = DEPLOY_AREA_PX) -> tuple[int, int]:
    """H, W of the given area with the picture's aspect, before padding."""
    scale = (area_px / (height_px * width_px)) ** 0.5
    return max(round(height_px * scale), 1), max(round(width_px * scale), 1)


def fuse_tt(glance: Floats, focus: Floats) -> Floats:
    """TT fusion: (3, H, W) and (H, W) -> alpha (H, W); focus where transition is the largest."""
    label = glance.argmax(0)
    return np.where(label == 1, focus, (label == 2).astype(np.float32)).astype(np.float32)


@torch.inference_mode()
def predict_alpha(model: Gfm, image: Bytes, area_px: int = DEPLOY_AREA_PX) -> Floats:
    """image (H, W, 3) uint8 RGB -> alpha (H, W) float32, 0..1, at the image's size."""
    h, w = deploy_size(image.shape[0], image.shape[1], area_px)
    mode = cv2.INTER_AREA if h < image.shape[0] else cv2.INTER_LINEAR
    small = cv2.resize(image, (w, h), interpolation=mode)
    pad = (-h % MULTIPLE_PX, -w % MULTIPLE_PX)
    padded = cv2.copyMakeBorder(small, 0, pad[0], 0, pad[1], cv2.BORDER_REPLICATE)
    rgb = torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32))
    output = model(rgb)
    alpha = fuse_tt(output.glance[0].numpy(), output.focus[0, 0].numpy())[:h, :w]
    return np.asarray(cv2.resize(alpha, image.shape[1::-1]), np.float32)


def validate(
    model: Gfm, cache: Cache, entries: Sequence[Entry], group: Group | None = None
) -> dict[str, float]:
    """Mean absolute error per source and `all`, the mean over the pictures (0..1).

    The processes of a group share the pictures and all return the same figures.
    """
    group = group or Group()
    training = model.training
    model.eval()
    sources = sorted({e.source for e in entries})
    sums, counts = dict.fromkeys(sources, 0.0), dict.fromkeys(sources, 0.0)
    for entry in entries[group.rank :: group.size]:
        pixels = cache.pixels(entry)
        alpha = predict_alpha(model, np.ascontiguousarray(pixels[..., :3]))
        sums[entry.source] += float(np.abs(alpha - pixels[..., 3].astype(np.float32) / 255).mean())
        counts[entry.source] += 1
    model.train(training)
    totals = group.total([*sums.values(), *counts.values()])
    errors, numbers = totals[: len(sources)], totals[len(sources) :]
    means = {s: e / n for s, e, n in zip(sources, errors, numbers, strict=True)}
    return {"all": sum(errors) / sum(numbers)} | means
