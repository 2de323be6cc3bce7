"""One graph that looks twice: glance from two distances, focus from the nearer one.

A network sees a subject whole only when it is about as large as those it was trained on; the mean
of glance near and farther off is steadier from frame to frame and loses fewer faces that fill the
picture. (Testing at several scales: e.g. Chen et al., "Attention to Scale", CVPR 2016.) Both looks
share their weights, and the engine still takes one picture and gives one glance and one focus.
`streammat.matting.strategies.second_glance` says the same in NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import EngineFileError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

__all__ = ["joined_looks"]

_FAR = "farther_"  # before the names of the second look's tensors
_GLANCE, _FOCUS = "glance", "focus"
Size = tuple[int, int]  # height, width


def joined_looks(
    near: ModelProto, far: ModelProto, image: str, size: Size, farther: Size
) -> ModelProto:
    """A copy of ``near`` whose glance is the mean of its own and of ``far``'s.

    Args:
        near, far: the same network, fixed to ``size`` and to ``farther``.
        image: the input of both.

    Raises:
        EngineFileError: the network has other outputs than one glance and one focus.
    """
    from onnx import ModelProto

    joined = ModelProto()
    joined.CopyFrom(near)
    graph = joined.graph
    found = {item.name for item in graph.output}
    if found != {_GLANCE, _FOCUS}:
        raise EngineFileError(
            f"a second glance needs the outputs glance and focus, the model has "
            f"{', '.join(sorted(found))}: use --strategy single"
        )
    own = f"nearer_{_GLANCE}"
    _rename(graph, {_GLANCE: own})
    graph.node.insert(0, _resized(graph, image, f"{_FAR}{image}", size, farther))
    names = _taken_over(graph, far.graph) | {image: f"{_FAR}{image}"}
    for node in far.graph.node:
        kept = graph.node.add()
        kept.CopyFrom(node)
        _renamed(kept, {name: names.get(name, f"{_FAR}{name}") for name in _tensors(node)})
        kept.name = f"{_FAR}{node.name}" if node.name else ""
    enlarged = f"{_FAR}{_GLANCE}_enlarged"
    graph.node.append(_resized(graph, f"{_FAR}{_GLANCE}", enlarged, farther, size))
    _add_mean(graph, own, enlarged)
    _drop_unused(joined)
    return joined


def _tensors(node: NodeProto) -> set[str]:
    return {name for name in (*node.input, *node.output) if name}


def _renamed(node: NodeProto, names: dict[str, str]) -> None:
    for field in (node.input, node.output):
        for place, name in enumerate(field):
            field[place] = names.get(name, name)


def _rename(graph: GraphProto, names: dict[str, str]) -> None:
    for node in graph.node:
        _renamed(node, names)


def _taken_over(graph: GraphProto, far: GraphProto) -> dict[str, str]:
    """The second look's constants by their names in ``graph``; what is equal is kept once."""
    own = {item.name: item.SerializeToString(deterministic=True) for item in graph.initializer}
    names = {}
    for item in far.initializer:
        shared = own.get(item.name) == item.SerializeToString(deterministic=True)
        names[item.name] = item.name if shared else f"{_FAR}{item.name}"
        if not shared:
            added = graph.initializer.add()
            added.CopyFrom(item)
            added.name = names[item.name]
    return names


def _resized(graph: GraphProto, source: str, target: str, size: Size, wanted: Size) -> NodeProto:
    """A bilinear Resize by scales, so that the batch may stay open."""
    from onnx import helper, numpy_helper

    scales = [1.0, 1.0, *(_scale(a, b) for a, b in zip(size, wanted, strict=True))]
    name = f"{target}_scales"
    graph.initializer.append(numpy_helper.from_array(np.array(scales, np.float32), name))
    return helper.make_node(
        "Resize",
        [source, "", name],
        [target],
        name=f"{target}_resize",
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )


def _scale(length: int, wanted: int) -> np.float32:
    """The least FP32 factor whose product with ``length`` is not below ``wanted``, rounded or not:
    some runtimes multiply in double precision, some in single."""
    scale = np.float32(wanted / length)
    while length * float(scale) < wanted:
        scale = np.nextafter(scale, np.float32(np.inf))
    return scale


def _add_mean(graph: GraphProto, first: str, second: str) -> None:
    from onnx import helper, numpy_helper

    half = f"{_FAR}half"
    graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), half))
    both = f"{_FAR}sum"
    graph.node.append(helper.make_node("Add", [first, second], [both], name=both))
    graph.node.append(helper.make_node("Mul", [both, half], [_GLANCE], name=f"{_FAR}mean"))


def _drop_unused(model: ModelProto) -> None:
    """Take out what no output needs: the second look's focus decoder."""
    graph = model.graph
    needed = {item.name for item in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    used = [item for item in graph.initializer if item.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(used)
