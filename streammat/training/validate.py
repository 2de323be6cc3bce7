"""Validation as deployed: whole picture, aspect kept, 512x288's area, hard fusion."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from streammat.errors import InputError, MediaError
from streammat.models import GfmNetwork, RimOutput, Rosta
from streammat.models.rim import fuse_in_graph
from streammat.training.cache import Bytes, Floats
from streammat.training.held_out import Example, HeldOut
from streammat.training.parallel import Group

DEPLOY_AREA_PX = 512 * 288
MULTIPLE_PX = 32
_GREEN = (0, 177, 64)


def deploy_size(height_px: int, width_px: int, area_px: int = DEPLOY_AREA_PX) -> tuple[int, int]:
    """H, W of the given area with the picture's aspect, before padding."""
    scale = (area_px / (height_px * width_px)) ** 0.5
    return max(round(height_px * scale), 1), max(round(width_px * scale), 1)


def fused_alpha(model: GfmNetwork, rgb: Tensor) -> Tensor:
    """rgb (B, 3, H, W) float32 0..255 -> alpha (B, 1, H, W) 0..1, hard fusion or RIM's merger."""
    output = model(rgb)
    if isinstance(output, RimOutput):
        return output.alpha.clamp(0, 1)
    assert model.rosta is not Rosta.RIM
    return fuse_in_graph(output.glance, output.focus, model.rosta)


@torch.inference_mode()
def predict_alpha(model: GfmNetwork, image: Bytes, area_px: int = DEPLOY_AREA_PX) -> Floats:
    """image (H, W, 3) uint8 RGB -> alpha (H, W) float32, 0..1, at the image's size."""
    h, w = deploy_size(image.shape[0], image.shape[1], area_px)
    mode = cv2.INTER_AREA if h < image.shape[0] else cv2.INTER_LINEAR
    small = cv2.resize(image, (w, h), interpolation=mode)
    pad = (-h % MULTIPLE_PX, -w % MULTIPLE_PX)
    padded = cv2.copyMakeBorder(small, 0, pad[0], 0, pad[1], cv2.BORDER_REPLICATE)
    rgb = torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32))
    device = next(model.parameters()).device
    alpha = fused_alpha(model, rgb.to(device))[0, 0, :h, :w].float().cpu().numpy()
    return np.asarray(cv2.resize(alpha, image.shape[1::-1]), np.float32)


def validate(model: GfmNetwork, examples: HeldOut, group: Group | None = None) -> dict[str, float]:
    """Mean absolute error per source and `all`, the mean over the pictures (0..1).

    The processes of a group share the pictures and all return the same figures. Pictures that
    cannot be read are left out.

    Args:
        model: in evaluation mode.
        examples: at least one.
        group: the processes.

    Raises:
        InputError: none can be read.
    """
    group = group or Group()
    mine = (_readable(examples, n) for n in range(group.rank, len(examples), group.size))
    found = [_error(model, example) for example in mine if example is not None]
    sources = examples.sources()
    sums = [sum(e for s, e in found if s == source) for source in sources]
    counts = [float(sum(s == source for s, _ in found)) for source in sources]
    totals = group.total([*sums, *counts])
    errors, numbers = totals[: len(sources)], totals[len(sources) :]
    if not any(numbers):
        raise InputError("none of the pictures to validate on can be read; see the lines above")
    means = {s: e / n for s, e, n in zip(sources, errors, numbers, strict=True) if n}
    return {"all": sum(errors) / sum(numbers)} | means


def _readable(examples: HeldOut, number: int) -> Example | None:
    try:
        return examples[number]
    except MediaError:  # it is named where it is read
        return None


def _error(model: GfmNetwork, example: Example) -> tuple[str, float]:
    alpha = predict_alpha(model, example.rgb)
    truth = example.alpha.astype(np.float32) / 255
    return example.source, float(np.abs(alpha - truth).mean())


def contact_sheet(
    model: GfmNetwork, examples: HeldOut, rows: int = 6, height_px: int = 160
) -> Bytes:
    """Rows of picture, true alpha, alpha and cut-out over green: (H, W, 3) uint8 RGB.

    The rows are spread evenly over the examples.
    """
    picks = np.linspace(0, len(examples) - 1, min(rows, len(examples))).round().astype(int)
    shown = (_readable(examples, int(n)) for n in picks)
    strips = [_strip(model, example, height_px) for example in shown if example is not None]
    if not strips:
        return np.zeros((height_px, 4 * height_px, 3), np.uint8)
    width = max(strip.shape[1] for strip in strips)
    return np.concatenate(
        [np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0))) for strip in strips]
    )


def _strip(model: GfmNetwork, example: Example, height_px: int) -> Bytes:
    alpha = predict_alpha(model, example.rgb)
    width = max(round(example.rgb.shape[1] * height_px / example.rgb.shape[0]), 1)

    def small(image: Bytes | Floats) -> Floats:
        resized = cv2.resize(image, (width, height_px), interpolation=cv2.INTER_AREA)
        return np.asarray(resized, np.float32)

    rgb, found, truth = small(example.rgb), small(alpha)[..., None], small(example.alpha)[..., None]
    over = found * rgb + (1 - found) * np.array(_GREEN, np.float32)
    cells = [rgb, truth.repeat(3, 2), 255 * found.repeat(3, 2), over]
    return np.concatenate(cells, axis=1).round().clip(0, 255).astype(np.uint8)
