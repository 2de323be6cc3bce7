from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.reestimate import SolveMode, reestimate_foreground
from streammat_kernels.reestimate.cpu import jacobi_rows
from streammat_kernels.reestimate.reference import jacobi_sweep, shrink
from tests.tolerances import CONVERGED_LEVELS, JACOBI_F32, JACOBI_F64


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[str, NDArray[np.generic]]:
    path = shared_data.parent / "reference" / "refiners" / "golden_lsa_foreground.npz"
    if not path.is_file():
        pytest.skip(f"no published values of LSA-Matting at {path}")
    with np.load(path) as values:
        return {name: values[name] for name in values.files}


def test_legacy_equals_the_released_script(published: dict[str, NDArray[np.uint8]]) -> None:
    found = reestimate_foreground(published["fg_u8"], published["alpha_u8"])
    assert np.array_equal(found, published["out_u8"])


def test_one_sweep_equals_the_released_script(published: dict[str, NDArray[np.uint8]]) -> None:
    colours, alpha = published["fg_u8"] / 255, published["alpha_u8"] / 255
    found = jacobi_sweep(colours, alpha[..., None] * colours, alpha)
    assert np.abs(found - published["one_jacobi_step"]).max() < JACOBI_F32


def test_converged_is_the_exact_minimum(published: dict[str, NDArray[np.uint8]]) -> None:
    found = reestimate_foreground(published["fg_u8"], published["alpha_u8"], "converged")
    exact = published["exact_fixed_point"] * 255.0
    assert np.abs(found - exact).max() <= CONVERGED_LEVELS
    legacy = reestimate_foreground(published["fg_u8"], published["alpha_u8"])
    assert np.abs(legacy - exact).mean() > 10 * np.abs(found - exact).mean()


def _case(height: int = 70, width: int = 90) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    random = np.random.default_rng(2)
    colours = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
    alpha = random.integers(0, 256, (height, width)).astype(np.uint8)
    alpha[:20] = 0
    alpha[40:60] = 255
    return colours, alpha


def test_numba_sweep_equals_the_reference() -> None:
    colours, alpha = (values / 255 for values in _case())
    weighted = alpha[..., None] * colours
    found = np.full_like(colours, np.nan)
    jacobi_rows(colours, weighted, alpha, found, 0, 70)
    assert np.abs(found - jacobi_sweep(colours, weighted, alpha)).max() < JACOBI_F64


def test_shrinking_takes_points_as_opencv_does() -> None:
    cv2 = pytest.importorskip("cv2")
    colours = _case()[0] / 255
    wanted = cv2.resize(colours, (45, 17), interpolation=cv2.INTER_LINEAR)
    assert np.abs(shrink(colours, 17, 45) - wanted).max() < JACOBI_F32


def test_what_is_opaque_stays_and_a_foreign_fringe_goes() -> None:
    colours = np.full((64, 64, 3), 200, np.uint8)
    colours[:, 32:] = (0, 0, 255)  # the old background behind thin alpha
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, 32:] = 10
    clean = reestimate_foreground(colours, alpha, "converged")
    assert np.abs(clean[:, :28].astype(int) - 200).max() <= 1
    assert clean[:, 33, 0].min() > 150


@pytest.mark.parametrize("level", [0, 255])
def test_an_alpha_of_one_level_is_allowed(level: int) -> None:
    colours = _case()[0]
    clean = reestimate_foreground(colours, np.full((70, 90), level, np.uint8))
    if level == 255:
        assert np.abs(clean.astype(int) - colours).max() <= 1


def test_bands_change_no_bit() -> None:
    colours, alpha = _case()
    with ThreadPoolExecutor(3) as pool:
        banded = reestimate_foreground(colours, alpha, bands=Bands(pool, 3))
    assert np.array_equal(banded, reestimate_foreground(colours, alpha))


def test_pictures_that_do_not_fit_are_refused() -> None:
    colours, alpha = _case()
    with pytest.raises(ShapeError, match="64 or more"):
        reestimate_foreground(colours[:63], alpha[:63])
    with pytest.raises(ShapeError, match="is needed"):
        reestimate_foreground(colours, alpha[1:])


def test_the_gpus_kernels_do_the_same_in_numbas_simulator() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.kernels.reestimate.simulated"],
        cwd=Path(__file__).resolve().parents[3],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.strip() == "simulated", result.stderr[-2000:]


class _Kernel:
    """A kernel of numba.cuda that notes its arrays."""

    def __init__(self) -> None:
        self.launches: list[list[Any]] = []

    def __getitem__(self, start: Any) -> Any:
        del start
        return lambda *args: self.launches.append([a for a in args if not isinstance(a, float)])


def test_no_launch_waits_for_the_arrays_of_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu: Any = import_module("streammat_kernels.reestimate.cuda")
    shown: list[Any] = []

    def as_cuda_array(array: Any, sync: bool = True) -> tuple[str, int]:
        assert not sync, "Numba waits for the array's stream"
        shown.append(array)
        return "Numba's", id(array)

    sweep, relaxation = _Kernel(), _Kernel()
    monkeypatch.setattr(gpu, "cuda", SimpleNamespace(as_cuda_array=as_cuda_array))
    monkeypatch.setattr(gpu, "_grid", lambda alpha: None)
    monkeypatch.setattr(gpu, "empty", lambda shape, dtype, like: np.empty(shape, dtype))
    monkeypatch.setattr(gpu, "jacobi", sweep)
    monkeypatch.setattr(gpu, "relax", relaxation)
    colours, weighted, alpha = np.zeros((4, 6, 3)), np.zeros((4, 6, 3)), np.zeros((4, 6))
    found = gpu.sweeps(colours, weighted, alpha, 3)
    assert [len(launch) for launch in sweep.launches] == [4, 4, 4]
    assert sweep.launches[-1][-1] == ("Numba's", id(found)), "the last one writes the result"
    for before, after in pairwise(sweep.launches):
        assert after[0] == before[-1]
    assert len(shown) == 4
    gpu.converge(colours, weighted, alpha, 1.9, 0.5, 16)
    assert len(relaxation.launches) == 16
    assert len(shown) == 8
    arrays = [array for launch in relaxation.launches for array in (*launch[:3], launch[-1])]
    assert all(kind == "Numba's" for kind, _ in arrays)


@pytest.mark.cuda
@pytest.mark.parametrize("mode", ["legacy", "converged"])
def test_a_gpu_gives_the_cpus_colours(mode: SolveMode) -> None:
    import cupy

    try:
        usable = import_module("numba.cuda").is_available()
    except Exception as error:
        pytest.skip(f"numba.cuda does not load here: {error}")
    if not usable:
        pytest.skip("no NVVM for numba.cuda: pip install 'numba-cuda[cu13]'")
    colours, alpha = _case()
    found = reestimate_foreground(cupy.asarray(colours), cupy.asarray(alpha), mode)
    off = np.abs(cupy.asnumpy(found).astype(int) - reestimate_foreground(colours, alpha, mode))
    assert off.max() <= CONVERGED_LEVELS
