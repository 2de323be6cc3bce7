"""Peers' networks, run as their authors run them, to measure beside the default model.

Their files are not part of this project; ``--data`` names a folder whose ``peers/`` holds them.

- MediaPipe selfie segmentation (Google, Apache-2.0): the picture is stretched to 256x256, 0..1, and
  the result enlarged bilinearly, as in MediaPipe's own graph.
- Robust Video Matting, MobileNetV3 with the deep guided filter (Lin et al., WACV 2022): the picture
  at full size, 0..1; the network inside works at ``downsample_ratio`` of it, by RVM's own rule
  512 over the longer side; the recurrent states of a frame go into the next.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_engines.openvino_module import openvino_core

Rgb = NDArray[np.uint8]  # (H, W, 3)
Grey = NDArray[np.float32]  # (H, W), 0..1

RVM_LONG_SIDE_PX = 512
RVM_STILL_PASSES = 4  # a still is shown as that many equal frames, so that the states settle
_HINTS = {"INFERENCE_PRECISION_HINT": "f32"}


def _compile(path: Path) -> Any:
    core = openvino_core()
    return core.compile_model(core.read_model(path), "CPU", _HINTS)


class Selfie:
    """MediaPipe's selfie segmentation; it has no memory."""

    name = "selfie segmentation"

    def __init__(self, data: Path) -> None:
        self._network = _compile(data / "peers" / "selfie_segmentation.onnx")

    def still(self, rgb: Rgb) -> Grey:
        """The alpha of one picture."""
        import cv2

        small = cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_LINEAR)
        scaled = small[None].astype(np.float32) / np.float32(255)
        alpha = self._network({0: scaled})[0][0, ..., 0]
        return np.asarray(cv2.resize(alpha, rgb.shape[1::-1]), np.float32)

    def clip(self, frames: list[Rgb]) -> list[Grey]:
        """The alphas of a clip's frames, each for itself."""
        return [self.still(frame) for frame in frames]


class Rvm:
    """Robust Video Matting with its memory."""

    name = "RVM"

    def __init__(self, data: Path) -> None:
        self._network = _compile(data / "peers" / "rvm_mobilenetv3_int8w_ds.onnx")

    def still(self, rgb: Rgb) -> Grey:
        """The alpha of one picture, after it was seen a few times."""
        return self.clip([rgb] * RVM_STILL_PASSES)[-1]

    def clip(self, frames: list[Rgb]) -> list[Grey]:
        """The alphas of a clip's frames; each frame's states go into the next."""
        states = [np.zeros((1, 1, 1, 1), np.float32)] * 4
        ratio = np.float32(min(1.0, RVM_LONG_SIDE_PX / max(frames[0].shape[:2])))
        alphas = []
        for frame in frames:
            inputs: dict[str, Any] = {f"r{i}i:0": s for i, s in enumerate(states, 1)}
            inputs["src:0"] = frame[None].astype(np.float32) / np.float32(255)
            inputs["downsample_ratio:0"] = ratio
            found = self._network(inputs)
            states = [found[f"Identity_{number}:0"].copy() for number in (2, 3, 4, 5)]
            alphas.append(np.asarray(found["Identity_1:0"][0, ..., 0], np.float32).copy())
        return alphas


class Own:
    """A model of streammat's as the command line runs it.

    Args:
        model: name or card, as of ``--model``.
        strategy: of stills and clips; with `` network`` behind it edges are left as the network
            says.
        size: of the network.
    """

    def __init__(self, model: str, strategy: str = "single", size: str = "balanced") -> None:
        import streammat
        from streammat.settings import MatteSettings

        self.name = f"{model} {strategy}"
        strategy, _, edges = strategy.partition(" ")
        given = MatteSettings(model=model, strategy=strategy, size=size, edges=edges or "auto")
        self._still = streammat.create_matter(given, smooth="off")
        self._clip = streammat.create_matter(given, smooth="auto")

    def still(self, rgb: Rgb) -> Grey:
        """The alpha of one picture."""
        alpha, _ = self._still(np.ascontiguousarray(rgb), None)
        return np.asarray(alpha / np.float32(65535), np.float32)

    def clip(self, frames: list[Rgb]) -> list[Grey]:
        """The alphas of a clip's frames, smoothed as by default."""
        state, alphas = None, []
        for frame in frames:
            alpha, state = self._clip(frame, state)
            alphas.append(np.asarray(alpha / np.float32(65535), np.float32))
        return alphas
