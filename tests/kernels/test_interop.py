"""Arrays of other libraries: dispatch by type, no copies, one device a call, clear refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streammat_kernels import colour, fusion, resize
from streammat_kernels.dispatch import takes_any_array
from streammat_kernels.errors import ShapeError
from streammat_kernels.interop import as_array
from streammat_kernels.layout import Colour, PixelLayout
from tests.kernels.pictures import random_planes

torch = pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")


def test_a_tensor_on_the_cpu_is_seen_not_copied() -> None:
    tensor = torch.zeros((4, 6), dtype=torch.uint8)
    array = as_array(tensor)
    array[1, 2] = 7
    assert tensor[1, 2] == 7


def test_an_op_on_tensors_fills_the_callers_tensor() -> None:
    planes = random_planes(PixelLayout(), 8, 10)
    expected = colour.to_rgb(planes, PixelLayout(), Colour())
    out: Any = torch.zeros((3, 8, 10), dtype=torch.uint8)
    tensors: Any = [torch.from_numpy(plane.copy()) for plane in planes]
    given: Any = colour.to_rgb(tensors, PixelLayout(), Colour(), out)
    assert given is out
    assert (given.numpy() == expected).all()


def test_an_op_on_tensors_makes_a_tensor_where_none_is_given() -> None:
    glance, focus = torch.rand(3, 4, 5), torch.rand(4, 5)
    alpha: Any = fusion.fuse(glance, focus)
    assert isinstance(alpha, torch.Tensor)
    assert (alpha.numpy() == fusion.fuse(glance.numpy(), focus.numpy())).all()


def test_strided_tensors_are_taken_as_they_lie() -> None:
    whole = torch.randint(0, 255, (9, 16), dtype=torch.uint8)
    part: Any = whole[::2, 3:11]
    out = np.empty((3, 4), np.float32)
    expected = np.empty((3, 4), np.float32)
    resize.area(part, torch.from_numpy(out))
    resize.area(part.numpy(), expected)
    assert (out == expected).all()


def test_gradients_are_not_lost_silently() -> None:
    focus: Any = torch.rand(4, 5, requires_grad=True)
    with pytest.raises(ShapeError, match="gradients"):
        fusion.fuse(torch.rand(3, 4, 5), focus)


def test_bfloat_and_other_dtypes_name_the_argument() -> None:
    glance: Any = torch.rand(3, 4, 5)
    focus: Any = torch.rand(4, 5, dtype=torch.float64)
    with pytest.raises(ShapeError, match="focus float64"):
        fusion.fuse(glance, focus)


class _Elsewhere:
    """Looks like a CuPy array to DLPack."""

    def __dlpack__(self, stream: object = None) -> object:
        raise AssertionError("nothing may be exported before the check")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 1


_Elsewhere.__module__ = "cupy"


def test_arrays_of_two_devices_name_both_arguments() -> None:
    @takes_any_array
    def op(alpha: Any, planes: Any) -> None:
        raise AssertionError("the op may not be reached")

    with pytest.raises(ShapeError, match=r"planes lies on cuda:1, alpha on the CPU"):
        op(np.zeros(3), [_Elsewhere()])


def test_the_decorated_op_keeps_its_name_and_documentation() -> None:
    assert colour.to_rgb.__name__ == "to_rgb"
    assert "R'G'B'" in (colour.to_rgb.__doc__ or "")
