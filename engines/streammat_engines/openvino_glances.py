"""A second glance inside an OpenVINO graph; see `graph.second_glance`, which does it for ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import EngineFileError
from .openvino_module import load_openvino

if TYPE_CHECKING:
    import openvino

__all__ = ["join_looks"]

_GLANCE, _FOCUS = "glance", "focus"
_ROWS_AND_COLUMNS = (2, 3)


def join_looks(near: openvino.Model, far: openvino.Model, image: str) -> openvino.Model:
    """``near`` with the mean of its glance and ``far``'s as glance; both graphs are used up.

    Args:
        near, far: the same network, fixed to two sizes.
        image: the input of both.

    Raises:
        EngineFileError: the network has other outputs than one glance and one focus.
    """
    found = {name for port in near.outputs for name in port.get_names()}
    if len(near.outputs) != 2 or not {_GLANCE, _FOCUS} <= found:
        raise EngineFileError(
            "a second glance needs the outputs glance and focus, the model has "
            f"{', '.join(sorted(found))}: use --strategy single"
        )
    openvino, opset = load_openvino(), load_openvino().opset13
    picture, copy = near.input(image), far.input(image)
    small = _resized(picture, copy.shape)
    for use in copy.get_target_inputs():
        use.replace_source_output(small.output(0))
    glance = _source(near, _GLANCE)
    enlarged = _resized(_source(far, _GLANCE), glance.shape)
    mean = opset.multiply(opset.add(glance, enlarged), opset.constant(0.5, dtype="f4"))
    glance.get_tensor().set_names({f"nearer_{_GLANCE}"})
    mean.output(0).get_tensor().set_names({_GLANCE})
    results = [opset.result(mean.output(0)), opset.result(_source(near, _FOCUS))]
    return openvino.Model(results, near.get_parameters(), near.get_friendly_name())


def _source(model: openvino.Model, name: str) -> Any:
    """What the result of this name shows."""
    return model.output(name).get_node().input_value(0)


def _resized(source: Any, shape: Any) -> Any:
    """Bilinear with half-pixel centres, to the rows and columns of ``shape``."""
    opset = load_openvino().opset13
    sides = opset.constant([int(shape[axis]) for axis in _ROWS_AND_COLUMNS], dtype="i8")
    return opset.interpolate(
        source,
        sides,
        mode="linear_onnx",
        shape_calculation_mode="sizes",
        coordinate_transformation_mode="half_pixel",
        axes=opset.constant(list(_ROWS_AND_COLUMNS), dtype="i8"),
    )
