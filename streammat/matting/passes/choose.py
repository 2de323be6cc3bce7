"""The pass of a model on an engine, by their names."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from streammat.catalogue.cards import find_model
from streammat.errors import ConfigError, DependencyError
from streammat.matting.strategies.network import AnyPass

__all__ = ["ENGINES", "open_pass"]

ENGINES = ("openvino", "onnx", "torch", "tensorrt")
_CHECKPOINTS = {".pth", ".pt", ".ckpt", ".safetensors"}


def open_pass(
    model: str,
    engine: str = "openvino",
    threads: int = 1,
    say: Callable[[str], None] | None = None,
) -> AnyPass:
    """The model called ``model`` on ``engine``.

    Args:
        model: as of ``--model``; for torch a checkpoint, or the name of an imported model.
        engine: openvino, onnx, torch or tensorrt.
        threads: of the network; tensorrt has none.
        say: gets what tensorrt builds; None: stderr.

    Raises:
        ConfigError: an unknown engine or model, or one that does not go with the other.
        DependencyError: the engine's package is missing.
        DeviceUnavailable: tensorrt, and no NVIDIA GPU or a package for it is missing.
        EngineFileError: the model file is missing, damaged or of another form.
    """
    if engine == "openvino":
        from streammat.matting.passes.openvino import openvino_pass

        return openvino_pass(find_model(model), threads)
    if engine == "onnx":
        from streammat.matting.passes.onnx import OnnxPass

        return OnnxPass(find_model(model), threads)
    if engine == "torch":
        return _open_torch(model, threads)
    if engine == "tensorrt":
        from streammat.matting.passes.tensorrt import tensorrt_pass

        return tensorrt_pass(find_model(model), say)
    raise ConfigError(f"engine {engine!r}: use {', '.join(ENGINES)}")


def _open_torch(model: str, threads: int) -> AnyPass:
    path = _checkpoint(model)
    if importlib.util.find_spec("torch") is None:
        raise DependencyError("engine torch needs PyTorch: pip install 'streammat[torch]'")
    import torch

    from streammat.matting.passes.torch import torch_pass
    from streammat.models import load_checkpoint

    torch.set_num_threads(threads)
    return torch_pass(load_checkpoint(path))


def _checkpoint(model: str) -> Path:
    """The weight file at this path, or that of the imported model of this name.

    Raises:
        ConfigError: neither; the models that ship have a graph alone.
    """
    path = Path(model).expanduser()
    if path.suffix.lower() in _CHECKPOINTS:
        return path
    card = find_model(model)
    weights = card.details.get("weights")
    if not isinstance(weights, dict):
        raise ConfigError(
            f"engine torch takes a checkpoint ({', '.join(sorted(_CHECKPOINTS))}) or the name of "
            f"an imported model; {model} has a graph alone: use another engine"
        )
    return card.path.with_name(str(weights["file"]))
