"""Which network a weight file belongs to, told from its keys and shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from streammat.errors import CheckpointError
from streammat.models.config import Backbone, GfmConfig
from streammat.models.registry import GfmNetwork, create_model
from streammat.models.rosta import Rosta

Shape = tuple[int, ...]
_NAMED = 3  # keys of each kind in a message
_STEM = "encoder0.0.weight"
_STEM_CHANNELS = 64
_BACKBONES = (Backbone.R34, Backbone.D121, Backbone.R34_2B, Backbone.R101, Backbone.LITE0)


def empty_model(config: GfmConfig) -> GfmNetwork:
    """A model without memory for its weights (torch's device ``meta``)."""
    with torch.device("meta"):
        return create_model(config)


@dataclass(frozen=True, slots=True)
class Form:
    """The keys of a network's checkpoint.

    Attributes:
        shapes: of every key, in the order of a released file.
        aliases: key to the key that names the same tensor and is kept.
        unused: keys that no output depends on; a file may lack them.
    """

    shapes: dict[str, Shape]
    aliases: dict[str, str]
    unused: frozenset[str]


@cache
def form_of(config: GfmConfig) -> Form:
    """The checkpoint form of a network."""
    state = empty_model(config).state_dict(keep_vars=True)
    names: dict[int, list[str]] = {}
    for key, value in state.items():
        names.setdefault(id(value), []).append(key)
    aliases = {key: kept[-1] for kept in names.values() for key in kept[:-1]}
    unused = {key for key in state if _is_unused(key, config.backbone, key in aliases)}
    return Form(
        {key: tuple(value.shape) for key, value in state.items()}, aliases, frozenset(unused)
    )


def _is_unused(key: str, backbone: Backbone, is_alias: bool) -> bool:
    """A part of the classification network that is not a stage, a counter, or an unused skip."""
    if key.endswith("num_batches_tracked"):
        return True
    if backbone is Backbone.R34_2B and key.startswith("psp1."):
        return True
    return key.startswith(("resnet.", "densenet.")) and not is_alias


@dataclass(frozen=True, slots=True)
class Difference:
    """How a file's keys differ from a network's."""

    config: GfmConfig
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[str, ...]  # written out: key, shape in the file, shape wanted

    @property
    def count(self) -> int:
        """Keys that do not fit; 0 where the file fits."""
        return len(self.missing) + len(self.unexpected) + len(self.wrong_shape)

    def describe(self) -> str:
        """Counts and the first few keys of each kind."""
        kinds = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "of the wrong shape": self.wrong_shape,
        }
        return "; ".join(
            f"{len(keys)} {kind} ({', '.join(keys[:_NAMED])}{', ...' * (len(keys) > _NAMED)})"
            for kind, keys in kinds.items()
            if keys
        )


def difference(shapes: Mapping[str, Shape], config: GfmConfig) -> Difference:
    """What stands between a file of these shapes and a network."""
    form = form_of(config)
    given = {form.aliases.get(key, key) for key in shapes}
    wanted = {key for key in form.shapes if key not in form.aliases and key not in form.unused}
    wrong = [
        f"{key} {written_shape(shape)} for {written_shape(form.shapes[key])}"
        for key, shape in shapes.items()
        if key in form.shapes and shape != form.shapes[key]
    ]
    return Difference(
        config,
        tuple(key for key in form.shapes if key in wanted - given),
        tuple(key for key in shapes if key not in form.shapes),
        tuple(wrong),
    )


def written_shape(shape: Shape) -> str:
    """E.g. ``64x3x7x7``."""
    return "x".join(map(str, shape)) or "scalar"


def recognise(state: Mapping[str, Tensor], hint: Rosta | None = None) -> GfmConfig:
    """The network whose keys and shapes these are.

    FT and BT have the same keys: `hint` decides between them, without one it is FT.

    Raises:
        CheckpointError: none fits; the nearest is named and how it differs.
    """
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    divisor = _divisor(shapes)
    tried: list[Difference] = []
    for backbone in _BACKBONES:
        config = GfmConfig(backbone, Rosta.TT, 1 if backbone is Backbone.LITE0 else divisor)
        tried.append(difference(shapes, config))
        if not tried[-1].count:
            return config
    nearest = min(tried, key=lambda found: found.count)
    others = (difference(shapes, other) for other in _others(nearest.config, hint))
    nearest = min((nearest, *others), key=lambda found: found.count)
    if nearest.count:
        raise CheckpointError(
            f"the weights fit no known network; nearest is {nearest.config.name}: "
            f"{nearest.describe()}"
        )
    return nearest.config


def _others(config: GfmConfig, hint: Rosta | None) -> list[GfmConfig]:
    """The same network with the other representations, the hinted one first."""
    rostas = sorted((Rosta.FT, Rosta.BT, Rosta.RIM), key=lambda rosta: rosta is not hint)
    if config.backbone is Backbone.LITE0:
        rostas.remove(Rosta.RIM)
    return [GfmConfig(config.backbone, rosta, config.divisor) for rosta in rostas]


def _divisor(shapes: Mapping[str, Shape]) -> int:
    """How much narrower than published, from the width of the first convolution."""
    shape = shapes.get(_STEM, ())
    channels = shape[0] if len(shape) == 4 else _STEM_CHANNELS
    return _STEM_CHANNELS // channels if channels and _STEM_CHANNELS % channels == 0 else 1


def rosta_in_name(name: str) -> Rosta | None:
    """The representation that a file name like ``gfm_r34_bt.pth`` states; None where none."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    found = [Rosta(word.upper()) for word in words if word.upper() in list(Rosta)]
    return found[-1] if found else None
