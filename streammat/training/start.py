"""Which weights a run starts from: a model by name, an exported model, or a weight file."""

from __future__ import annotations

from pathlib import Path

from streammat.catalogue.cards import ModelCard, find_model
from streammat.errors import ConfigError
from streammat.models import GfmNetwork, Rosta, config_of, create_model, load_checkpoint
from streammat.models.config import GfmConfig
from streammat.models.encoder_weights import load_encoder
from streammat.models.from_onnx import gfm_from_onnx


def starting_model(name: str, unsaid: Rosta | None = None) -> GfmNetwork:
    """The network and weights of a model.

    Args:
        name: of a shipped or imported model, an ``.onnx`` file that was exported from a light
            network, or a weight file (``.pt``, ``.pth``, ``.safetensors``).
        unsaid: FT or BT, of weight files that do not say which, as a run's own.

    Raises:
        ConfigError: an unknown name.
        CheckpointError: the file is damaged or fits no known network.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() in {".pt", ".pth", ".safetensors"}:
        return load_checkpoint(path, unsaid=unsaid)
    try:
        card = find_model(name)
    except ConfigError as error:
        known = f"{error}; files of weights (.pt, .pth, .safetensors) are taken, too"
        raise ConfigError(known) from error
    return _of_card(card)


def _of_card(card: ModelCard) -> GfmNetwork:
    weights = card.details.get("weights")
    if weights:
        return load_checkpoint(card.path.with_name(str(weights["file"])))
    return gfm_from_onnx(card.path, Rosta((card.variant or "tt").upper()))


def fresh_model(name: str, start: str | None, encoder: Path | None) -> GfmNetwork:
    """A network to train.

    Args:
        name: e.g. ``gfm_lite0_tt``.
        start: all weights, see `starting_model`; None: drawn at random.
        encoder: published ImageNet weights of its encoder, see `load_encoder`; the rest is drawn
            at random.

    Raises:
        ConfigError: `start` is another network, or both are given.
        CheckpointError: a file that is damaged or does not fit.
    """
    if start is not None and encoder is not None:
        raise ConfigError(
            f"--start {start} holds all weights, --encoder {encoder} would have no effect: give one"
        )
    if start is not None:
        model = starting_model(start, GfmConfig.from_name(name).rosta)
        if config_of(model).name != name:
            raise ConfigError(
                f"{start} holds a {config_of(model).name}, the recipe trains {name}: change the "
                "recipe's model, or start from another file"
            )
        return model
    model = create_model(name)
    if encoder is not None:
        load_encoder(model, encoder)
    return model
