"""Gradients of composition, resizing and the pyramid: torch's checker, and torch's own ops."""

from __future__ import annotations

from typing import Any

import pytest

from streammat_kernels.errors import ShapeError
from tests.tolerances import FLOAT32_SUMS, GRADIENT_CHECK

torch = pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")


def images(*shape: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, requires_grad=True)


def checked(function: Any, *inputs: Any) -> bool:
    """Float32 against differences; all of it is linear in each input, so steps may be big."""
    settings = {"eps": 0.25, "atol": GRADIENT_CHECK, "rtol": GRADIENT_CHECK, "nondet_tol": 0.0}
    return bool(torch.autograd.gradcheck(function, inputs, **settings))


@pytest.mark.filterwarnings("ignore:Input #:UserWarning")
def test_composition_passes_the_gradient_check() -> None:
    from streammat_kernels.gradients import composition

    assert checked(
        composition, images(2, 3, 3, 4), images(2, 3, 3, 4, seed=1), images(2, 1, 3, 4, seed=2)
    )


@pytest.mark.filterwarnings("ignore:Input #:UserWarning")
@pytest.mark.parametrize("filter_", ["area", "bilinear"])
@pytest.mark.parametrize("size", [(3, 4), (5, 9), (1, 1), (13, 2)])
def test_resizing_passes_the_gradient_check(filter_: Any, size: tuple[int, int]) -> None:
    from streammat_kernels.gradients import resize

    assert checked(lambda picture: resize(picture, size, filter_), images(1, 2, 5, 7))


@pytest.mark.filterwarnings("ignore:Input #:UserWarning")
def test_the_pyramid_passes_the_gradient_check() -> None:
    from streammat_kernels.gradients import laplacian_pyramid

    assert checked(lambda picture: tuple(laplacian_pyramid(picture, 3)), images(1, 1, 6, 7))


def test_the_pyramid_is_the_image_taken_apart() -> None:
    from streammat_kernels.gradients import laplacian_pyramid, resize

    picture = images(1, 3, 21, 34).detach()
    levels = laplacian_pyramid(picture, 9)
    total = levels[-1]
    for level in reversed(levels[:-1]):
        total = level + resize(total, (level.shape[-2], level.shape[-1]), "bilinear")
    assert (total - picture).abs().max() <= 10 * FLOAT32_SUMS
    assert levels[-1].shape[-2:] == (1, 1)


def test_halving_and_its_gradient_equal_torchs() -> None:
    from streammat_kernels.gradients import resize

    ours, theirs = images(2, 3, 8, 12), images(2, 3, 8, 12)
    weight = torch.rand(2, 3, 4, 6)
    resized = resize(ours, (4, 6))
    expected = torch.nn.functional.avg_pool2d(theirs, 2)
    assert (resized - expected).abs().max() <= FLOAT32_SUMS
    (resized * weight).sum().backward()
    (expected * weight).sum().backward()
    assert (ours.grad - theirs.grad).abs().max() <= FLOAT32_SUMS


def test_wrong_images_are_named() -> None:
    from streammat_kernels.gradients import composition, laplacian_pyramid, resize

    with pytest.raises(ShapeError, match=r"images is torch\.float64"):
        resize(torch.rand(1, 1, 4, 4, dtype=torch.float64), (2, 2))
    with pytest.raises(ShapeError, match="resize to \\(0, 2\\)"):
        resize(torch.rand(1, 1, 4, 4), (0, 2))
    with pytest.raises(ShapeError, match="0 levels"):
        laplacian_pyramid(torch.rand(1, 1, 4, 4), 0)
    with pytest.raises(ShapeError, match="alpha is float32"):
        composition(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4))
