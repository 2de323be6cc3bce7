from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streammat.catalogue.cards import find_model
from streammat.errors import DependencyError, DeviceUnavailable, EngineFileError
from streammat.gpu import engines
from streammat.gpu.frames import sample_frames
from streammat_engines.errors import EngineMemoryError
from streammat_kernels.errors import DeviceMemoryError
from tests.engines.tensorrt.plans import GPU, api


def test_sample_frames_are_real_pictures_of_the_asked_for_size() -> None:
    frames = sample_frames(64, 96)
    assert [frame.shape for frame in frames] == [(1, 3, 64, 96)] * 4
    assert all(frame.std() > 10 and 0 <= frame.min() < frame.max() <= 255 for frame in frames)
    assert not np.array_equal(frames[0], frames[3])


def test_without_any_tensorrt_both_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_MODULES", {"tensorrt": "no_such_module_at_all"})
    with pytest.raises(DependencyError, match=r"streammat\[tensorrt-rtx\].*streammat\[tensorrt\]"):
        engines.default_backend()


def test_a_folder_that_only_has_its_name_is_no_tensorrt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt").mkdir()
    (tmp_path / "tensorrt_rtx.py").touch()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    for name in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert engines.default_backend() == "tensorrt-rtx"


def test_without_cupy_nothing_is_built_that_could_not_be_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("streammat_engines.tensorrt.gpu.find_gpu", lambda: GPU)
    monkeypatch.setattr("streammat_engines.tensorrt.api.load_api", lambda _: api())
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    card = find_model("gfm_lite0_tt")
    with pytest.raises(
        DependencyError, match=r"CuPy is missing.*streammat\[tensorrt\].*--no-check"
    ):
        engines.open_workshop(card, "tensorrt", print)
    assert engines.open_workshop(card, "tensorrt", print, judged=False).judge is None


def test_without_a_gpu_nothing_is_built_that_nothing_could_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = SimpleNamespace(api=None, gpu=None)
    monkeypatch.setattr(engines, "default_backend", lambda: "tensorrt-rtx")
    monkeypatch.setattr(engines, "open_workshop", lambda *_: shop)
    monkeypatch.setattr("streammat_engines.tensorrt.gpu._library", lambda: None)
    with pytest.raises(DeviceUnavailable, match=r"no NVIDIA driver was found.*--device cpu"):
        engines.open_engine(find_model("gfm_lite0_tt"), 512, 288, print)


def test_a_model_file_that_is_not_its_cards_is_refused() -> None:
    from dataclasses import replace

    card = replace(find_model("gfm_lite0_tt"), sha256="0" * 64)
    with pytest.raises(EngineFileError, match="is damaged"):
        engines.engine_request(card, 512, 288, backend="tensorrt-rtx")


@pytest.mark.parametrize("shows", ["when loaded", "when tried out"])
def test_where_a_picture_does_not_fit_tiles_are_computed(
    shows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streammat_engines.manifest import Manifest, TensorSpec
    from streammat_engines.tensorrt.tiles import TiledEngine

    asked: list[tuple[int, int, bool]] = []

    def build(request: Any, shop: Any) -> Any:
        asked.append((request.width, request.height, request.second_glance))
        made = SimpleNamespace(limited_to=lambda batch: request)
        return SimpleNamespace(read=lambda: b"", manifest=made)

    def on_host(plan: bytes, request: Any, api: Any, say: Any) -> Any:
        large = request.width * request.height > 512 * 512
        if large and shows == "when loaded":
            raise EngineMemoryError("no memory left")

        def try_out() -> None:
            tried.append(request.width)
            if large:
                raise DeviceMemoryError("no room for buffers")

        specs = [TensorSpec(n, (1, 1, request.height, request.width)) for n in ("rgb", "focus")]
        made = Manifest("m", "0", "r", "d", "f16", (specs[0],), (specs[1],), requests=1, threads=0)
        return SimpleNamespace(manifest=made, try_out=try_out)

    said, tried, released = list[str](), list[int](), list[bool]()
    monkeypatch.setattr(engines, "default_backend", lambda: "tensorrt-rtx")
    monkeypatch.setattr(engines, "open_workshop", lambda *_: SimpleNamespace(api=None, gpu=GPU))
    monkeypatch.setattr("streammat_engines.tensorrt.kept.obtain_one_picture", build)
    monkeypatch.setattr(engines, "_on_host", on_host)
    monkeypatch.setattr(
        "streammat_engines.tensorrt.cuda.release_kept_memory", lambda: released.append(True)
    )
    card = find_model("gfm_lite0_tt")
    engine = engines.open_engine(card, 1920, 1088, said.append, second_glance=True)
    assert isinstance(engine, TiledEngine)
    assert engine.manifest.outputs[0].shape == (1, 1, 1088, 1920)
    assert asked == [(1920, 1088, True), (512, 512, True)]
    assert tried == ([512] if shows == "when loaded" else [1920, 512])
    assert released == [True]
    assert len(said) == 1
