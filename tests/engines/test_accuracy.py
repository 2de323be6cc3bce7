from __future__ import annotations

import math

import numpy as np
import pytest

from streammat_engines.accuracy import LIMITS, Accuracy, Network, Outputs, compare
from streammat_engines.accuracy import refuse_inaccurate as refuse
from streammat_engines.errors import EngineRefused

FRAMES = [np.full((1, 3, 8, 8), value, np.float32) for value in (10, 200)]


def network(glance: list[float], focus: float = 0.5) -> Network:
    """The same maps everywhere."""

    def run(rgb: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Outputs:
        planes = np.broadcast_to(np.asarray(glance, np.float32)[None, :, None, None], (1, 3, 8, 8))
        return {"glance": planes.copy(), "focus": np.full((1, 1, 8, 8), focus, np.float32)}

    return run


def test_equal_networks_have_no_fault() -> None:
    found = compare(network([0.1, 0.8, 0.1]), network([0.1, 0.8, 0.1]), FRAMES)
    assert (found.frames, found.faults()) == (2, [])
    assert found.alpha.largest == found.flips == found.focus.relative_l2 == 0


def test_errors_are_those_of_the_definition() -> None:
    found = compare(network([0.1, 0.8, 0.1], 0.5), network([0.1, 0.8, 0.1], 0.49), FRAMES)
    assert found.focus.largest == pytest.approx(0.01, rel=1e-5)
    assert found.focus.relative_l2 == pytest.approx(0.02, rel=1e-5)
    assert found.alpha.mean == pytest.approx(0.01, rel=1e-5)  # tt: transition shows focus
    assert found.decided_alpha.relative_l2 == pytest.approx(0.02, rel=1e-5)
    starts = [fault.partition(" 0")[0] for fault in found.faults()]
    assert starts == ["mean alpha error", "relative L2 of focus", "relative L2 of alpha"]


def test_only_decided_pixels_can_flip() -> None:
    undecided = compare(network([0.50, 0.51, 0.0]), network([0.51, 0.50, 0.0]), FRAMES)
    assert undecided.flips == 0
    assert undecided.alpha.largest == 0.5  # background became transition
    assert undecided.decided_alpha.largest == 0
    decided = compare(network([0.50, 0.53, 0.0]), network([0.53, 0.50, 0.0]), FRAMES)
    assert decided.flips == 1
    assert any("flips" in fault for fault in decided.faults())


def test_nan_is_counted_and_never_within_limits() -> None:
    found = compare(network([0.1, 0.8, 0.1]), network([0.1, math.nan, 0.1]), FRAMES)
    assert found.nonfinite == 2 * 64
    assert "128 values are NaN or Inf" in found.faults()
    infinite = compare(network([0.1, 0.8, 0.1]), network([0.1, 0.8, 0.1], math.inf), FRAMES)
    assert infinite.nonfinite == 2 * 64


def test_a_rim_networks_three_pairs_are_all_compared() -> None:
    def rim(wrong: float) -> Network:
        def run(rgb: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Outputs:
            del rgb
            maps = {}
            for kind, planes in (("tt", 3), ("ft", 2), ("bt", 2)):
                maps[f"glance_{kind}"] = np.full((1, planes, 8, 8), 0.5, np.float32)
                off = wrong if kind == "bt" else 0.0
                maps[f"focus_{kind}"] = np.full((1, 1, 8, 8), 0.5 + off, np.float32)
            return maps

        return run

    assert compare(rim(0), rim(0), FRAMES).faults() == []
    assert compare(rim(0), rim(0.1), FRAMES).focus.largest == pytest.approx(0.1, rel=1e-5)


def test_refusal_names_figures_and_layers() -> None:
    refuse(Accuracy(frames=1), "m")
    bad = Accuracy(frames=1, flips=2 * LIMITS.flips, layers=("Conv a", "Conv b"))
    with pytest.raises(EngineRefused, match=r"glance flips 0.002 is above 0.001.*Conv a, Conv b"):
        refuse(bad, "m")


def test_without_a_frame_nothing_is_judged() -> None:
    with pytest.raises(ValueError, match="without a frame"):
        compare(network([1, 0, 0]), network([1, 0, 0]), [])
