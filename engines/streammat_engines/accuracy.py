"""Is an FP16 engine as good as FP32? Real frames through both, and which layers are to blame.

The alpha that counts is the fused one; glance and focus are compared as well, since a fused alpha
hides their errors where glance is sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import EngineRefused

__all__ = ["LIMITS", "Accuracy", "Difference", "Limits", "compare", "refuse_inaccurate"]

Outputs = Mapping[str, NDArray[np.float32]]
Network = Callable[[NDArray[np.float32]], Outputs]
Variant = Literal["tt", "ft", "bt"]

_DECIDED_MARGIN = 0.02  # below it FP32 itself is undecided which glance channel is the largest


@dataclass(frozen=True, slots=True)
class Limits:
    """What an engine may be off.

    Attributes:
        mean_alpha: mean absolute error of the fused alpha, 0..1.
        flips: share of pixels whose largest glance channel changes although FP32 was decided.
        relative_l2: of glance, of focus, and of the fused alpha of decided pixels, over all frames.
    """

    mean_alpha: float = 1 / 255
    flips: float = 1e-3
    relative_l2: float = 5e-3


LIMITS = Limits()


@dataclass(slots=True)
class Difference:
    """Errors of one tensor over all frames: largest, mean (0..1) and relative L2."""

    largest: float = 0.0
    mean: float = 0.0
    relative_l2: float = 0.0
    _squares: float = field(default=0.0, repr=False)
    _energy: float = field(default=0.0, repr=False)
    _sum: float = field(default=0.0, repr=False)
    _count: int = field(default=0, repr=False)

    def add(self, expected: NDArray[np.float32], found: NDArray[np.float32]) -> None:
        """One more frame."""
        off = np.abs(found.astype(np.float64) - expected)
        self.largest = max(self.largest, float(off.max()))
        self._squares += float((off**2).sum())
        self._energy += float((expected.astype(np.float64) ** 2).sum())
        self._sum += float(off.sum())
        self._count += off.size
        self.mean = self._sum / self._count
        if self._energy > 0:
            self.relative_l2 = float(np.sqrt(self._squares / self._energy))
        else:
            self.relative_l2 = float("inf") if self._squares else 0.0


@dataclass(slots=True)
class Accuracy:
    """An engine against FP32.

    Attributes:
        frames: how many pictures were compared.
        glance, focus, alpha: errors of the outputs and of the fused alpha.
        decided_alpha: the same of pixels where FP32 was decided. Of the others one that falls on
            the other side changes its alpha by up to 1, in FP32 by another library as well.
        flips: share of decided pixels whose largest glance channel changed.
        nonfinite: NaN and Inf values in the engine's outputs.
        layers: those to blame, where it is over the limits and they could be found.
    """

    frames: int = 0
    glance: Difference = field(default_factory=Difference)
    focus: Difference = field(default_factory=Difference)
    alpha: Difference = field(default_factory=Difference)
    decided_alpha: Difference = field(default_factory=Difference)
    flips: float = 0.0
    nonfinite: int = 0
    layers: tuple[str, ...] = ()

    def faults(self, limits: Limits = LIMITS) -> list[str]:
        """What is over the limits, in words; empty when all is well."""
        checks = (
            ("mean alpha error", self.alpha.mean, limits.mean_alpha),
            ("glance flips", self.flips, limits.flips),
            ("relative L2 of glance", self.glance.relative_l2, limits.relative_l2),
            ("relative L2 of focus", self.focus.relative_l2, limits.relative_l2),
            ("relative L2 of alpha", self.decided_alpha.relative_l2, limits.relative_l2),
        )
        found = [f"{self.nonfinite} values are NaN or Inf"] if self.nonfinite else []
        return found + [
            f"{name} {value:.2g} is above {limit:.2g}"
            for name, value, limit in checks
            if not value <= limit
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready copy, without the running sums."""
        values = asdict(self)
        for name in ("glance", "focus", "alpha", "decided_alpha"):
            parts = values[name].items()
            values[name] = {key: part for key, part in parts if not key.startswith("_")}
        values["layers"] = list(self.layers)
        return values


def compare(
    reference: Network,
    candidate: Network,
    frames: Iterable[NDArray[np.float32]],
    variant: Variant = "tt",
) -> Accuracy:
    """Run frames through both and measure how far the candidate is off.

    Args:
        reference: rgb (1, 3, H, W) float32 0..255 -> ``glance`` (1, C, H, W) and ``focus``
            (1, 1, H, W), in FP32; of a RIM network ``glance_tt``, ``focus_tt`` and so on.
        candidate: the same, of the engine under test.
        frames: real pictures; at least one. Noise says little: trained networks call it background.
        variant: how glance and focus are fused.
    """
    result, flipped, decided = Accuracy(), 0, 0
    for rgb in frames:
        pairs = zip(_heads(reference(rgb), variant), _heads(candidate(rgb), variant), strict=True)
        for wanted, given in pairs:
            found = _finite(given, result)
            result.glance.add(wanted.glance, found.glance)
            result.focus.add(wanted.focus, found.focus)
            sure, alphas = _decided(wanted.glance), (_fused(wanted), _fused(found))
            result.alpha.add(*alphas)
            if sure.any():
                result.decided_alpha.add(alphas[0][sure], alphas[1][sure])
            flipped += int((_largest(wanted) != _largest(found))[sure].sum())
            decided += int(sure.sum())
        result.frames += 1
    if not result.frames:
        raise ValueError("an engine cannot be judged without a frame")
    result.flips = flipped / decided if decided else 0.0
    return result


def refuse_inaccurate(accuracy: Accuracy, name: str, limits: Limits = LIMITS) -> None:
    """Raise unless the engine is within the limits.

    Raises:
        EngineRefused: what is over the limits, and the layers to blame.
    """
    faults = accuracy.faults(limits)
    if not faults:
        return
    blamed = f" (most of it from {', '.join(accuracy.layers)})" if accuracy.layers else ""
    raise EngineRefused(
        f"FP16 engine of {name} is refused: {'; '.join(faults)}{blamed}; nothing was kept, build "
        "it with --precision fp32"
    )


@dataclass(frozen=True, slots=True)
class _Head:
    """One glance (B, C, H, W) and its focus (B, 1, H, W), and how they are fused."""

    glance: NDArray[np.float32]
    focus: NDArray[np.float32]
    variant: Variant


def _heads(outputs: Outputs, variant: Variant) -> list[_Head]:
    """The network's pair of maps, or the three pairs of a RIM network."""
    if "glance" in outputs:
        return [_Head(outputs["glance"], outputs["focus"], variant)]
    return [
        _Head(outputs[f"glance_{kind}"], outputs[f"focus_{kind}"], kind)
        for kind in get_args(Variant)
    ]


def _finite(head: _Head, result: Accuracy) -> _Head:
    """A copy with NaN and Inf counted and set to 0, so that the rest can still be measured."""
    clean = []
    for values in (head.glance, head.focus):
        bad = ~np.isfinite(values)
        result.nonfinite += int(bad.sum())
        clean.append(np.where(bad, np.float32(0), values).astype(np.float32))
    return _Head(clean[0], clean[1], head.variant)


def _fused(head: _Head) -> NDArray[np.float32]:
    from streammat_kernels.fusion import fuse

    pairs = zip(head.glance, head.focus, strict=True)
    return np.stack([fuse(g, np.ascontiguousarray(f[0]), head.variant) for g, f in pairs])


def _decided(glance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(B, H, W): where FP32 is sure which channel is the largest."""
    ordered: NDArray[np.float32] = np.sort(glance, axis=1)
    sure: NDArray[np.bool_] = ordered[:, -1] - ordered[:, -2] > _DECIDED_MARGIN
    return sure


def _largest(head: _Head) -> NDArray[np.intp]:
    channels: NDArray[np.intp] = head.glance.argmax(axis=1)
    return channels
