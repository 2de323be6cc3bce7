"""`load_checkpoint` and `save_checkpoint`: weight files of GFM networks, the released ones too."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from streammat.errors import CheckpointError
from streammat.models.config import GfmConfig
from streammat.models.encoder_files import FILES, encoder_in
from streammat.models.recognise import difference, empty_model, form_of, recognise, rosta_in_name
from streammat.models.registry import GfmNetwork, config_of
from streammat.models.rosta import Rosta
from streammat.models.state_files import (
    SAFETENSORS,
    read_state,
    safetensors_metadata,
    write_safetensors,
    write_torch,
)

NETWORK_NOTE = "streammat.network"


def load_checkpoint(
    path: str | Path, *, rosta: Rosta | str | None = None, unsaid: Rosta | None = None
) -> GfmNetwork:
    """The network that a weight file belongs to, with the file's weights, in evaluation mode.

    The network is told from the keys. Keys that occur twice in released files (``resnet.``,
    ``densenet.``) and those that no output needs may be absent.

    Args:
        path: a PyTorch file (``.pth``) or ``.safetensors``.
        rosta: FT or BT, whose keys are the same. None takes it from the file's notes or name
            (``..._bt.pth``); where neither says, FT, with a warning.
        unsaid: FT or BT, taken without a warning where neither says; of no effect on others.

    Raises:
        CheckpointError: the file is missing, damaged, holds code or values that are no numbers, or
            fits no known network; the message names the nearest and what is missing, unexpected
            or of another shape.
        ConfigError: an unknown rosta.
    """
    path = Path(path)
    state = read_state(path)
    hint = _coerced(rosta) or _noted(path) or rosta_in_name(path.stem) or unsaid
    try:
        config = recognise(state, hint)
    except CheckpointError as error:
        said = _encoder_alone(state) or f"{error}"
        raise CheckpointError(f"{path}: {said}") from error
    if rosta is not None and config.rosta is not hint:
        raise CheckpointError(f"{path}: the weights are {config.rosta}, asked for was {hint}")
    if config.rosta in {Rosta.FT, Rosta.BT} and config.rosta is not hint:
        warnings.warn(
            f"{path.name}: FT and BT weights look alike, taken as FT; pass rosta='BT' if it is not",
            stacklevel=2,
        )
    check_numbers(path, state)
    return model_with(config, state)


def _encoder_alone(state: Mapping[str, Tensor]) -> str | None:
    """What to say of a classification network's weights; None for any other file."""
    name = encoder_in(state)
    return name and (
        f"holds {name}, a classification network, and no matting network: streammat train takes "
        f"such weights with --encoder (of {', '.join(FILES)})"
    )


def check_numbers(path: Path, state: Mapping[str, Tensor]) -> None:
    """A training that diverged leaves NaN, which would make every alpha empty without a word.

    Args:
        path: of the file, for messages.
        state: its tensors.

    Raises:
        CheckpointError: a tensor is no dense float, or holds NaN or Inf.
    """
    for key, value in state.items():
        number = value.is_floating_point() or key.endswith("num_batches_tracked")
        if not number or value.layout is not torch.strided or value.device.type != "cpu":
            kind = f"{value.layout} {value.dtype} on {value.device}".replace("torch.", "")
            raise CheckpointError(
                f"{path}: {key} is {kind}: the network takes dense floats, so save the weights as "
                "float32 or float16"
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CheckpointError(
                f"{path}: {key} holds values that are no numbers (NaN or Inf): the file is damaged "
                "or its training diverged; take an earlier checkpoint"
            )


def model_with(config: GfmConfig, state: dict[str, Tensor]) -> GfmNetwork:
    """A network in evaluation mode that holds these tensors.

    Raises:
        CheckpointError: the tensors do not fit.
    """
    found = difference({key: tuple(value.shape) for key, value in state.items()}, config)
    if found.count:
        raise CheckpointError(f"the weights do not fit {config.name}: {found.describe()}")
    model = empty_model(config)
    model.load_state_dict(_completed(config, state), strict=True, assign=True)
    return model.eval()


def _completed(config: GfmConfig, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """All keys of the network: twins from each other, what no output needs as zeros; float32."""
    form = form_of(config)
    twins: dict[str, list[str]] = {}
    for twin, kept in form.aliases.items():
        twins.setdefault(kept, []).append(twin)
    full: dict[str, Tensor] = {}
    for key in reversed(form.shapes):  # the kept key of each pair comes last, as in `Form`
        kept = form.aliases.get(key, key)
        names = (kept, *twins.get(kept, ()))
        given = next((name for name in names if name in state), None)
        if kept in full:
            full[key] = full[kept]
        elif given is None:
            counter = key.endswith("num_batches_tracked")
            full[key] = torch.zeros(form.shapes[key], dtype=torch.long if counter else torch.float)
        else:
            value = state[given]
            full[key] = value.float() if value.is_floating_point() else value
    return full


def save_checkpoint(model: GfmNetwork, path: str | Path, *, official: bool = True) -> None:
    """Write a model's weights, atomically.

    Args:
        model: any GFM network.
        path: ``.safetensors`` writes that format, every tensor once; any other suffix PyTorch's.
        official: write all keys of a released file, twins and unused parts too, so that the
            authors' code loads it with strict=True (PyTorch's format only). False leaves out
            what `load_checkpoint` does not need.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    config = config_of(model)
    form = form_of(config)
    state: OrderedDict[str, Tensor] = OrderedDict(model.state_dict())
    if path.suffix == SAFETENSORS or not official:
        dropped = form.aliases.keys() | (set() if official else form.unused)
        state = OrderedDict((k, v) for k, v in state.items() if k not in dropped)
    if path.suffix == SAFETENSORS:
        write_safetensors(state, path, {NETWORK_NOTE: config.name})
    else:
        write_torch(state, path)


def _coerced(rosta: Rosta | str | None) -> Rosta | None:
    return None if rosta is None else GfmConfig("r34", str(rosta).upper()).rosta  # type: ignore[arg-type]


def _noted(path: Path) -> Rosta | None:
    name = safetensors_metadata(path).get(NETWORK_NOTE)
    return rosta_in_name(name) if name else None
