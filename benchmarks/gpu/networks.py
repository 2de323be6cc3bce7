"""Networks for the host, made from a seed: weights do not travel, their sizes and speeds count.

Every convolution is scaled so that its output has a spread of about 1 on a real frame (layer-
sequential unit variance, Mishkin and Matas, ICLR 2016), the heads' so that the sigmoids are not
saturated: FP16 is then neither flattered nor abused, and accuracy can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 20_240
HEAD_SPREAD = 2.0  # of the logits


def seeded_network(name: str, frame: NDArray[np.float32]) -> Any:
    """A network by name, in eval mode on the CPU.

    Args:
        name: e.g. ``gfm_r34_tt``.
        frame: (1, 3, H, W) float32 0..255, a small real picture.
    """
    import torch
    from torch import nn

    from streammat.models import create_model

    torch.manual_seed(SEED)
    model = create_model(name).eval()
    convolutions = [part for part in model.modules() if isinstance(part, nn.Conv2d)]

    def calibrate(part: Any, _: Any, out: Any) -> Any:
        heads = part.out_channels <= 3
        spread = float(out.std()) / (HEAD_SPREAD if heads else 1.0)
        if spread < 1e-6:
            return out
        part.weight.data /= spread
        bias = part.bias[None, :, None, None] if part.bias is not None else 0.0
        return (out - bias) / spread + bias

    hooks = [part.register_forward_hook(calibrate) for part in convolutions]
    with torch.inference_mode():
        model(torch.from_numpy(frame))
    for hook in hooks:
        hook.remove()
    return model


def exported(model: Any, name: str, folder: Path) -> Path:
    """The network as ONNX, FP32 weights, made once."""
    from streammat.models.export import export_onnx

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    if not path.exists():
        export_onnx(model, path, half=False)
    return path
