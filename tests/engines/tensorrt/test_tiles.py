from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streammat_engines.errors import EngineError
from streammat_engines.manifest import Manifest, TensorSpec
from streammat_engines.tensorrt.tiles import TiledEngine, tile_starts

TILE = 32


class Pointwise:
    """focus = red / 255, glance = rgb / 255; counts its runs."""

    runs = 0
    closed = False

    @property
    def manifest(self) -> Manifest:
        planes = {"rgb": 3, "glance": 3, "focus": 1}
        specs = [TensorSpec(name, (1, count, TILE, TILE)) for name, count in planes.items()]
        inputs, outputs = (specs[0],), (specs[1], specs[2])
        return Manifest("m", "0", "r", "d", "f16", inputs, outputs, requests=1, threads=0)

    def close(self) -> None:
        self.closed = True

    requests = 1

    @property
    def engine(self) -> Pointwise:
        return self  # its own ticket

    def wait(self, ticket: Any) -> None:
        assert ticket is self

    def submit(self, inputs: Any, outputs: Any) -> Pointwise:
        assert inputs["rgb"].shape == (1, 3, TILE, TILE)
        self.runs += 1
        outputs["focus"][...] = inputs["rgb"][:, :1] / 255
        outputs["glance"][...] = inputs["rgb"] / 255
        return self


@pytest.mark.parametrize("size", [(32, 32), (33, 80), (100, 64), (61, 61)])
def test_tiles_of_a_pointwise_network_give_the_whole_picture(size: tuple[int, int]) -> None:
    engine = TiledEngine(Pointwise(), *size, 8)
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, *size)).astype(np.float32)
    outputs = {"glance": np.full((1, 3, *size), 7.0), "focus": np.full((1, 1, *size), 7.0)}
    assert [spec.shape for spec in engine.manifest.outputs] == [(1, 3, *size), (1, 1, *size)]
    engine.wait(engine.submit({"rgb": rgb}, outputs))
    np.testing.assert_allclose(outputs["glance"], rgb / 255, atol=1e-6)
    np.testing.assert_allclose(outputs["focus"], rgb[:, :1] / 255, atol=1e-6)


@pytest.mark.parametrize("length", [32, 40, 57, 200])
def test_tiles_cover_everything_and_overlap_enough(length: int) -> None:
    starts = tile_starts(length, TILE, 8)
    assert starts[0] == 0
    assert starts[-1] + TILE == length
    gaps = np.diff(starts)
    assert (gaps <= TILE - 8).all()


def test_a_picture_smaller_than_a_tile_is_refused() -> None:
    with pytest.raises(EngineError, match="cannot be cut"):
        TiledEngine(Pointwise(), 16, 64, 8)
