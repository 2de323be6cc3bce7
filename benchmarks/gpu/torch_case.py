"""PyTorch on the same GPU in the same run: eager FP16, channels-last, torch.compile; FP32 truth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.cases import Case
from benchmarks.gpu.timing import torch_measured

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


def gflop_a_picture(model: Any, case: Case) -> float:
    """GFLOP of one picture, 2 a multiply-add."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    half, rgb = _half(model, case)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        half(rgb)
    return float(counter.get_total_flops()) / 1e9


def _half(model: Any, case: Case) -> tuple[Any, Any]:
    """The network of this size in half on the GPU, and a picture of noise."""
    import torch

    from streammat.models.fixed import FixedNetwork

    rgb = torch.rand(1, 3, case.height, case.width, device="cuda") * 255
    return FixedNetwork(copy.deepcopy(model), case.height, case.width).cuda().eval(), rgb


def torch_rows(model: Any, case: Case, keep: Callable[[dict[str, Any]], None]) -> None:
    """Milliseconds of every way at every batch.

    Args:
        keep: gets each row as soon as it is there, those that need compiling last.
    """
    import torch

    half, rgb = _half(model, case)
    with torch.inference_mode():
        for name, network, batch, layout in _ways(half, case.batches):
            many = rgb.expand(batch, -1, -1, -1).contiguous(memory_format=layout)
            try:
                found = torch_measured(partial(network(), many))
            except Exception as error:  # torch.compile fails in many ways; the rest counts
                reason = " ".join(str(error).split())[:300]
                keep({"name": name, "batch": batch, "error": reason})
                continue
            keep({"name": name, "batch": batch, **found, "case": case.name})


def _ways(half: Any, batches: Sequence[int]) -> Iterator[tuple[str, Callable[[], Any], int, Any]]:
    """Name, what gives the network, batch and memory format; the slow ones to begin come last."""
    import torch

    last = torch.channels_last
    across = copy.deepcopy(half).to(memory_format=last)
    for batch in batches:
        yield "torch eager FP16", lambda: half, batch, torch.contiguous_format
        yield "torch channels-last FP16", lambda: across, batch, last
    for batch in COMPILED_BATCHES:
        if batch in batches:
            yield "torch.compile FP16", partial(_compiled, half), batch, torch.contiguous_format


def _compiled(network: Any) -> Any:
    """For the one shape that comes: a second one would make a slower graph of any shape."""
    import torch

    return torch.compile(network, mode="reduce-overhead", dynamic=False)
