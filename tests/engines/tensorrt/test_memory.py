"""What happens where the GPU's memory is too small."""

from __future__ import annotations

import weakref

import pytest

from streammat_engines.errors import EngineMemoryError
from streammat_engines.tensorrt.memory import open_within_memory
from streammat_kernels.errors import DeviceMemoryError
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.engines.tensorrt.test_runner import buffers, manifest, opened


@pytest.mark.parametrize(("free", "batch"), [(9000, 8), (5000, 4), (2500, 2), (1000, 1)])
def test_too_little_memory_halves_the_batch_and_says_so_once(free: int, batch: int) -> None:
    said: list[str] = []
    cuda = FakeCuda(free)
    engine, used = open_within_memory(
        lambda tried: opened(cuda, max_batch=tried), 8, say=said.append
    )
    assert (used, engine.max_batch) == (batch, batch)
    assert len(said) == (batch != 8)
    engine.run(*buffers(batch))


def test_the_last_resort_is_tiles() -> None:
    said: list[str] = []
    cuda = FakeCuda(500)
    opened_, used = open_within_memory(
        lambda tried: opened(cuda, max_batch=tried), 8, lambda: "tiles", said.append
    )
    assert (opened_, used) == ("tiles", 1)
    assert len(said) == 1
    with pytest.raises(EngineMemoryError):
        open_within_memory(lambda tried: opened(cuda, max_batch=tried), 8)


def test_a_batch_that_the_plan_does_not_take_is_not_tried() -> None:
    asked: list[int] = []

    def open_batch(tried: int) -> None:
        asked.append(tried)
        opened(FakeCuda(500), manifest=manifest((3, 8, 8)), max_batch=tried)

    assert open_within_memory(open_batch, 8, lambda: "tiles", lowest=3)[0] == "tiles"
    assert asked == [8, 4, 3]


def test_what_did_not_fit_is_gone_before_something_smaller_is_tried() -> None:
    class Large:
        """Stands for a plan that was loaded before its buffers did not fit."""

    alive: list[weakref.ref[Large]] = []
    steps: list[str] = []

    def open_batch(tried: int) -> str:
        large = Large()
        alive.append(weakref.ref(large))
        steps.append(f"try {tried}")
        raise DeviceMemoryError("no room for buffers")

    def release() -> None:
        steps.append(f"release {[ref() is not None for ref in alive]}")

    def tiles() -> str:
        assert not any(ref() for ref in alive)
        return "tiles"

    assert open_within_memory(open_batch, 2, tiles, release=release) == ("tiles", 1)
    assert steps == ["try 2", "release [False]", "try 1", "release [False, False]"]
