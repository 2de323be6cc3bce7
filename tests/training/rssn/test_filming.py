from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.training.batch import Batch  # noqa: E402
from streammat.training.rssn.filming import film  # noqa: E402
from streammat.training.video import Flicker, Look, filmed  # noqa: E402
from streammat_kernels.regions.reference import dilate, erode  # noqa: E402
from tests.tolerances import FILMED_LEVELS  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

SIZE, TRIMAP_PX, ROSTA_PX = 96, 9, 15
MIDDLE = slice(16, -16)  # further from the edges than shapes and motion reach
MOVING = Look((11.0, 5.0), 0.6, None, None)
WAVERING = Look((0.0, 0.0), None, Flicker(1.05, 0.04, 2.0, 0.3), None)
PRESSED = Look((3.0, 1.0), None, None, 35)


class _Maps(NamedTuple):
    trimap: NDArray[np.float32]
    dilation: NDArray[np.float32]
    erosion: NDArray[np.float32]


def _maps(alpha: NDArray[np.float32]) -> _Maps:
    some, whole = alpha > 1e-6, alpha > 1 - 1e-6
    inside, around = erode(whole, TRIMAP_PX), dilate(some, TRIMAP_PX)
    trimap = np.where(inside, 1, np.where(around, np.float32(128 / 255), 0))
    outer, inner = dilate(some, ROSTA_PX), erode(whole, ROSTA_PX)
    return _Maps(*(part.astype(np.float32) for part in (trimap, outer, inner)))


def _tensor(plane: NDArray[np.float32]) -> Tensor:
    made: Tensor = torch.from_numpy(plane.copy())[None, None]
    return made


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def batch() -> Batch:
    """Two samples alike: a soft disc with a hole before a texture."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    far = np.hypot(y - 48, x - 48)
    alpha = np.clip((26 - far) / 3, 0, 1) * np.clip(far - 6, 0, 1)
    random = torch.Generator().manual_seed(1)
    front = 60 + 60 * torch.rand((1, 3, SIZE, SIZE), generator=random)
    back = 120 + 60 * torch.rand((1, 3, SIZE, SIZE), generator=random)
    cover = _tensor(alpha.astype(np.float32))
    maps = (_tensor(part) for part in _maps(alpha.astype(np.float32)))
    one = (cover * front + (1 - cover) * back, cover, front, back, *maps)
    rgb, cover, front, back, trimap, dilation, erosion = (part.repeat(2, 1, 1, 1) for part in one)
    return Batch(rgb, cover, ("a", "b"), front, back, trimap, dilation, erosion)


def _mixed(batch: Batch) -> Tensor:
    assert batch.foreground is not None
    assert batch.background is not None
    return batch.alpha * batch.foreground + (1 - batch.alpha) * batch.background


def _copy(batch: Batch) -> Batch:
    parts = batch._asdict().items()
    return Batch(**{k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in parts})


@pytest.mark.parametrize("look", [MOVING, WAVERING, PRESSED, Look(*MOVING[:2], *WAVERING[2:3], 30)])
def test_image_and_alpha_are_those_of_filmed_frames(
    batch: Batch, look: Look, pool: Executor
) -> None:
    image, alpha = batch.rgb[0].permute(1, 2, 0).numpy(), batch.alpha[0, 0].numpy()
    wanted = filmed(np.ascontiguousarray(image), alpha.copy(), look)
    found = film(_copy(batch), [look, None], pool)
    assert np.abs(found.rgb[0].permute(1, 2, 0).numpy() - wanted[0]).max() <= FILMED_LEVELS
    assert np.abs(found.alpha[0, 0].numpy() - wanted[1]).max() <= FILMED_LEVELS / 255
    for name, value in batch._asdict().items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(getattr(found, name)[1], value[1]), name


@pytest.mark.parametrize("look", [MOVING, WAVERING, PRESSED])
def test_layers_still_compose_to_the_image(batch: Batch, look: Look, pool: Executor) -> None:
    found = film(_copy(batch), [look, look], pool)
    assert float((found.rgb - batch.rgb).abs().max()) > 3
    assert float((_mixed(found) - found.rgb).abs().max()) <= FILMED_LEVELS


def test_label_maps_are_those_of_the_smeared_alpha(batch: Batch, pool: Executor) -> None:
    found = film(_copy(batch), [MOVING, None], pool)
    for name, wanted in _maps(found.alpha[0, 0].numpy())._asdict().items():
        got, before = (getattr(one, name)[0, 0].numpy() for one in (found, batch))
        assert np.array_equal(got[MIDDLE, MIDDLE], wanted[MIDDLE, MIDDLE]), name
        assert not np.array_equal(got, before), name
