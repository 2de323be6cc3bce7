"""From a network's outputs, by name, to one alpha of the network's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import MERGER, ModelCard, ModelVariant, Variant
from streammat.errors import ConfigError, EngineFileError, ShapeError
from streammat_kernels.merge import MergeWeights, checked_weights

__all__ = ["Fuser", "Outputs", "Shapes"]

Outputs: TypeAlias = Mapping[str, NDArray[np.float32]]
Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_GLANCE_PLANES: dict[Variant, int] = {"tt": 3, "ft": 2, "bt": 2}
_SUFFIXES: dict[Variant, str] = {"tt": "_tt", "ft": "_ft", "bt": "_bt"}


class Fuser:
    """Fuses a model's glance and focus as its representation says, and merges the three of RIM.

    Args:
        card: the model.
        shapes: of its graph's outputs, (B, C, H, W) by name.

    Attributes:
        variant: tt, ft, bt or rim.

    Raises:
        EngineFileError: outputs that are not those of the card's variant, or a card of a RIM model
            without its merger.
        ConfigError: a file without a card whose two glance planes may mean ft or bt.
    """

    def __init__(self, card: ModelCard, shapes: Shapes) -> None:
        self.variant: ModelVariant = _checked_variant(card, shapes)
        self._merger = _merger(card) if self.variant == "rim" else None
        self._planes: list[NDArray[np.float32]] = []

    def fuse(self, outputs: Outputs, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """The alpha, 0..1, of the first picture of a batch.

        Args:
            outputs: of the graph, float32 (B, C, h, w).
            out: (h, w) float32, written.
        """
        if self.variant == "rim":
            return np.clip(self.merge(outputs, out), 0, 1, out=out)
        return _fuse(outputs, self.variant, "", out)

    def merge(self, outputs: Outputs, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """RIM's alpha, not clamped; see `streammat_kernels.merge`."""
        from streammat_kernels.merge import merge

        assert self._merger is not None, "merge is for rim"
        if not self._planes or self._planes[0].shape != out.shape:
            self._planes = [np.empty_like(out) for _ in _SUFFIXES]
        for (variant, suffix), plane in zip(_SUFFIXES.items(), self._planes, strict=True):
            _fuse(outputs, variant, suffix, plane)
        tt, ft, bt = self._planes
        return merge(tt, ft, bt, self._merger, out)


def _fuse(
    outputs: Outputs, variant: Variant, suffix: str, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    from streammat_kernels.fusion import fuse

    return fuse(outputs[f"glance{suffix}"][0], outputs[f"focus{suffix}"][0, 0], variant, out)


def _checked_variant(card: ModelCard, shapes: Shapes) -> ModelVariant:
    single = {"glance", "focus"}
    triple = {f"{name}{suffix}" for name in single for suffix in _SUFFIXES.values()}
    if shapes.keys() == triple:
        if card.variant not in {"rim", None}:
            raise EngineFileError(
                f"model file {card.path} has three representations, but its card says "
                f"variant {card.variant}"
            )
        _check_planes(card, shapes, _SUFFIXES)
        return "rim"
    if shapes.keys() != single or card.variant == "rim":
        wanted = "those of tt, ft and bt" if card.variant == "rim" else "glance and focus"
        raise EngineFileError(
            f"model file {card.path} has outputs {', '.join(sorted(shapes))}; expected are "
            f"{wanted}: export it with streammat's exporter"
        )
    variant = card.variant or _told_by_planes(card, shapes["glance"][1])
    _check_planes(card, shapes, {variant: ""})
    return variant


def _told_by_planes(card: ModelCard, planes: int) -> Variant:
    if planes == _GLANCE_PLANES["tt"]:
        return "tt"
    raise ConfigError(
        f"model file {card.path}: two glance planes may be ft or bt; "
        f"rename it to {card.path.stem}_ft.onnx or {card.path.stem}_bt.onnx"
    )


def _check_planes(card: ModelCard, shapes: Shapes, suffixes: Mapping[Variant, str]) -> None:
    for variant, suffix in suffixes.items():
        glance, focus = shapes[f"glance{suffix}"][1], shapes[f"focus{suffix}"][1]
        if glance != _GLANCE_PLANES[variant]:
            raise EngineFileError(
                f"model file {card.path}: {glance} glance planes, but variant {variant} has "
                f"{_GLANCE_PLANES[variant]}"
            )
        if focus != 1:
            raise EngineFileError(f"model file {card.path}: {focus} focus planes, one is expected")


def _merger(card: ModelCard) -> MergeWeights:
    numbers = card.details.get(MERGER)
    if numbers is None:
        raise EngineFileError(
            f"model file {card.path} is of a RIM network, and its card (with the merger's weights) "
            f"is missing: keep {card.path.stem}.json beside it, or import the checkpoint"
        )
    try:
        fields = (np.asarray(numbers[name], np.float64) for name in MergeWeights._fields)
        return checked_weights(MergeWeights(*fields))
    except (KeyError, TypeError, ValueError, ShapeError) as error:
        raise EngineFileError(
            f"model card of {card.path}: its merger is damaged ({error}): import the model again"
        ) from error
