"""PyTorch on the same GPU in the same run: eager FP16, channels-last, torch.compile; FP32 truth."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.cases import Case
from benchmarks.gpu.timing import torch_ms

COMPILED_BATCHES = (1, 8)  # compiling takes a minute each


def fp32_reference(model: Any) -> Callable[[NDArray[np.float32]], dict[str, Any]]:
    """The network in honest FP32 on the GPU (no TF32): rgb -> outputs by name."""
    import torch

    from streammat.models.export import output_names

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    single = copy.deepcopy(model).cuda()
    names = output_names(model)

    def run(rgb: NDArray[np.float32]) -> dict[str, Any]:
        with torch.inference_mode():
            found = single(torch.from_numpy(rgb).cuda())
        flat = []
        for part in found:
            flat += list(part) if isinstance(part, tuple) else [part]
        return {name: part.cpu().numpy() for name, part in zip(names, flat, strict=False)}

    return run


def torch_rows(model: Any, case: Case) -> tuple[list[dict[str, Any]], float]:
    """Milliseconds of every way at every batch, and GFLOP a picture (2 a multiply-add)."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from streammat.models.fixed import FixedNetwork

    half = FixedNetwork(copy.deepcopy(model), case.height, case.width).cuda().eval()
    rows = []
    with torch.inference_mode():
        rgb = torch.rand(1, 3, case.height, case.width, device="cuda") * 255
        with FlopCounterMode(display=False) as counter:
            half(rgb)
        for batch in case.batches:
            many = rgb.expand(batch, -1, -1, -1).contiguous()
            for name, network, given in _ways(half, many, batch):
                try:
                    spread = torch_ms(partial(network, given))
                except Exception as error:  # torch.compile fails in many ways; the rest counts
                    reason = " ".join(str(error).split())[:300]
                    rows.append({"name": name, "batch": batch, "error": reason})
                    continue
                rows.append({"name": name, "batch": batch, "time": spread, "case": case.name})
    return rows, counter.get_total_flops() / 1e9


def _ways(half: Any, rgb: Any, batch: int) -> list[tuple[str, Any, Any]]:
    import torch

    last = torch.channels_last
    across = copy.deepcopy(half).to(memory_format=last)
    ways = [
        ("torch eager FP16", half, rgb),
        ("torch channels-last FP16", across, rgb.contiguous(memory_format=last)),
    ]
    if batch in COMPILED_BATCHES:
        ways.append(("torch.compile FP16", torch.compile(half, mode="reduce-overhead"), rgb))
    return ways
