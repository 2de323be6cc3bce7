"""The pass of a model on an engine, by their names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from streammat.errors import ConfigError, DependencyError, DeviceUnavailable
from streammat.matting.catalogue import find_model
from streammat.matting.strategies.network import NetworkPass

__all__ = ["ENGINES", "open_pass"]

ENGINES = ("openvino", "onnx", "torch", "tensorrt")
_CHECKPOINTS = {".pth", ".pt", ".ckpt", ".safetensors"}


def open_pass(model: str, engine: str = "openvino", threads: int = 1) -> NetworkPass:
    """The model called ``model`` on ``engine``.

    Args:
        model: as of ``--model``; for torch the path of a checkpoint.
        engine: openvino, onnx, torch or tensorrt.
        threads: of the network.

    Raises:
        ConfigError: an unknown engine or model, or one that does not go with the other.
        DependencyError: the engine's package is missing.
        DeviceUnavailable: tensorrt, which this version cannot run.
        EngineFileError: the model file is missing, damaged or of another form.
    """
    if engine == "openvino":
        from streammat.matting.passes.openvino import OpenVinoPass

        return OpenVinoPass(find_model(model), threads)
    if engine == "onnx":
        from streammat.matting.passes.onnx import OnnxPass

        return OnnxPass(find_model(model), threads)
    if engine == "torch":
        return _open_torch(model, threads)
    if engine == "tensorrt":
        raise DeviceUnavailable(
            "engine tensorrt: this version has no TensorRT engine; use openvino, onnx or torch"
        )
    raise ConfigError(f"engine {engine!r}: use {', '.join(ENGINES)}")


def _open_torch(model: str, threads: int) -> NetworkPass:
    if importlib.util.find_spec("torch") is None:
        raise DependencyError("engine torch needs PyTorch: pip install 'streammat[torch]'")
    path = Path(model).expanduser()
    if path.suffix.lower() not in _CHECKPOINTS:
        raise ConfigError(
            f"engine torch takes a checkpoint ({', '.join(sorted(_CHECKPOINTS))}), "
            f"not model {model!r}: give --model FILE.pth, or another engine"
        )
    import torch

    from streammat.matting.passes.torch import TorchPass
    from streammat.models.checkpoints import load_checkpoint

    torch.set_num_threads(threads)
    return TorchPass(load_checkpoint(path))
