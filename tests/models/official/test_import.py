"""``streammat models``: import, list, show, export, remove; and the imported graph itself."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import streammat  # noqa: E402
from streammat.catalogue.cards import find_model  # noqa: E402
from streammat.cli import main  # noqa: E402
from streammat.errors import ConfigError, EngineFileError  # noqa: E402
from streammat.models import GfmNetwork, matrices_for, save_checkpoint  # noqa: E402
from streammat_engines.manifest import file_sha256  # noqa: E402
from tests.tolerances import EXPORTED_OUTPUTS, MERGED_F32  # noqa: E402

PLAIN = {"Add", "Concat", "Conv", "MatMul", "MaxPool", "Relu", "Resize", "Sigmoid", "Slice"}


@pytest.fixture
def user(imported: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(imported))
    return imported


def test_an_imported_model_is_found_by_name_and_its_card_tells_of_it(user: Path) -> None:
    card = find_model("mine")
    assert card.variant == "tt"
    assert card.path == user / "mine" / "mine.onnx"
    assert card.sha256 == file_sha256(card.path)
    assert card.details["network"] == "gfm_r34_tt_div16"
    assert card.details["source"]["file"] == "narrow_tt.pth"
    assert card.details["source"]["sha256"] == file_sha256(user.parent / "narrow_tt.pth")
    assert "MIT" in card.licence
    assert [p.name for p in user.iterdir()] == ["mine"]


@pytest.mark.parametrize("size", [(288, 512), (320, 192), (64, 96), (96, 64), (32, 32)])
def test_the_graph_equals_the_network_at_every_size(
    narrow: GfmNetwork, user: Path, size: tuple[int, int]
) -> None:
    pytest.importorskip("openvino")
    from streammat_engines.openvino_module import openvino_core

    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino_core().compile_model(str(find_model("mine").path), "CPU", hints)
    rgb = np.random.default_rng(0).uniform(0, 255, (2, 3, *size)).astype(np.float32)
    matrices = {name: m.numpy() for name, m in matrices_for(*size)._asdict().items()}
    result = compiled({"rgb": rgb, **matrices})
    with torch.no_grad():
        want = narrow(torch.from_numpy(rgb))
    for name in ("glance", "focus"):
        got = getattr(want, name).numpy()
        np.testing.assert_allclose(result[name], got, rtol=0, atol=EXPORTED_OUTPUTS)


def test_the_graph_holds_plain_operators_only(user: Path) -> None:
    graph = onnx.load(find_model("mine").path)
    assert {node.op_type for node in graph.graph.node} <= PLAIN
    assert graph.opset_import[0].version == 17


def test_list_and_show(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert "mine (imported)" in out
    assert "gfm_lite0_tt (default)" in out
    assert main(["models", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["mine"]["imported"] is True
    assert rows["gfm_lite0_tt"]["imported"] is False
    assert main(["models", "show", "mine"]) == 0
    assert "narrow_tt.pth" in capsys.readouterr().out


def test_show_of_released_weights_says_where_they_are_and_how_to_import_them(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show", "gfm_r34_tt"]) == 0
    out = capsys.readouterr().out
    assert "https://github.com/JizhiziLi/GFM" in out
    assert "streammat models import gfm_r34_tt.pth --name gfm_r34_tt" in out
    assert main(["models", "show", "gfm_r34_tt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"] is False


def test_show_of_an_unknown_name_is_an_error(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_export_writes_graph_and_weights(narrow: Any, user: Path, tmp_path: Path) -> None:
    from streammat.models import load_checkpoint

    assert main(["models", "export", "mine", str(tmp_path / "a.onnx")]) == 0
    alone = find_model(str(tmp_path / "a.onnx"))
    assert (alone.name, alone.variant) == ("a", "tt")
    assert file_sha256(tmp_path / "a.onnx") == alone.sha256 == find_model("mine").sha256
    for name in ("a_tt.pth", "a.safetensors"):
        assert main(["models", "export", "mine", str(tmp_path / name)]) == 0
        state = load_checkpoint(tmp_path / name).state_dict()
        assert all(torch.equal(value, state[key]) for key, value in narrow.state_dict().items())
    assert main(["models", "export", "mine", str(tmp_path / "a.onnx")]) == 2
    assert main(["models", "export", "gfm_lite0_tt", str(tmp_path / "b.pth")]) == 2


@pytest.mark.parametrize("name", ["mine", "gfm_lite0_tt", "../up", "A b"])
def test_taken_and_impossible_names_are_refused(
    user: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = user.parent / "narrow_tt.pth"
    assert main(["models", "import", str(source), "--name", name]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_damaged_file_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "models"))
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    assert main(["models", "import", str(tmp_path / "bad.pth"), "--name", "bad"]) == 2
    assert "bad.pth" in capsys.readouterr().err
    assert not list((tmp_path / "models").glob("*"))


def test_a_failed_export_leaves_nothing(
    narrow: GfmNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streammat.models import delivery

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr(delivery, "export_onnx", full)
    save_checkpoint(narrow, tmp_path / "x_tt.pth")
    assert main(["models", "import", str(tmp_path / "x_tt.pth"), "--name", "x"]) == 5
    assert list((tmp_path / "models").iterdir()) == []


def test_remove(
    imported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import shutil

    shutil.copytree(imported, tmp_path / "models")
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "models"))
    assert main(["models", "remove", "mine"]) == 0
    assert list((tmp_path / "models").iterdir()) == []
    with pytest.raises(ConfigError, match="unknown"):
        find_model("mine")
    capsys.readouterr()
    assert main(["models", "remove", "mine"]) == 2
    assert "not imported" in capsys.readouterr().err
    assert main(["models", "remove", "gfm_lite0_tt"]) == 2


WITHOUT_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "onnx", "onnxscript", "onnxruntime", "safetensors"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from streammat.cli import main
sys.exit(main(sys.argv[1:]))
"""


def run_without_torch(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_clip_is_matted_by_an_imported_model_without_torch(user: Path, tmp_path: Path) -> None:
    clip = Path(streammat.__file__).parent / "demo" / "sample.mp4"
    out = tmp_path / "alpha.mov"
    command = ["matte", str(clip), "-o", str(out), "--model", "mine", "--size", "64x64"]
    assert "mine 64x64" in run_without_torch(*command, "--limit", "2")
    assert out.stat().st_size > 0


@pytest.fixture
def rim(imported_rim: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(imported_rim))
    return imported_rim


def test_rim_runs_as_rim_in_a_clip_and_a_photo_without_torch(rim: Path, tmp_path: Path) -> None:
    from PIL import Image

    card = find_model("mine")
    assert card.variant == "rim"
    assert {n.op_type for n in onnx.load(card.path).graph.node} <= PLAIN
    clip = Path(streammat.__file__).parent / "demo" / "sample.mp4"
    out = str(tmp_path / "alpha.mov")
    run_without_torch(
        "matte", str(clip), "-o", out, "--model", "mine", "--size", "64x64", "--limit", "2"
    )
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 100, 3), np.uint8)).save(photo)
    for strategy in ("single", "hybrid"):
        cut = str(tmp_path / f"{strategy}.png")
        run_without_torch("image", str(photo), "-o", cut, "--model", "mine", "--strategy", strategy)
    assert main(["image", str(photo), "--model", "mine", "--strategy", "tiled"]) == 2


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_rims_pass_gives_the_networks_own_maps(
    narrow_rim: GfmNetwork, rim: Path, engine: str
) -> None:
    from streammat.matting.passes import open_pass
    from streammat.matting.strategies import RimPassOutput

    rgb = np.random.default_rng(1).uniform(0, 255, (96, 64, 3)).astype(np.float32)
    network = open_pass("mine", engine)
    found = network(rgb)
    with torch.no_grad():
        wanted = narrow_rim(torch.from_numpy(rgb.transpose(2, 0, 1)[None]))
    assert isinstance(found, RimPassOutput)
    for part in ("tt", "ft", "bt"):
        for name in ("glance", "focus"):
            got, want = getattr(getattr(found, part), name), getattr(getattr(wanted, part), name)
            np.testing.assert_allclose(got, want.numpy().reshape(got.shape), atol=EXPORTED_OUTPUTS)
    assert np.abs(found.alpha - wanted.alpha[0, 0].numpy()).max() < MERGED_F32
    network.close()


def test_rims_graph_without_its_card_or_with_a_damaged_one_is_refused(
    rim: Path, tmp_path: Path
) -> None:
    from streammat.matting import GfmMatter

    card, lone = find_model("mine"), tmp_path / "lone_rim.onnx"
    lone.write_bytes(card.path.read_bytes())
    with pytest.raises(EngineFileError, match=r"its card .* is missing"):
        GfmMatter(find_model(str(lone))).warm_up(64, 64)
    details = {**card.details, "merger": {**card.details["merger"], "squeeze": [[1, 2]]}}
    with pytest.raises(EngineFileError, match="its merger is damaged"):
        GfmMatter(replace(card, details=details)).warm_up(64, 64)
    with pytest.raises(EngineFileError, match="three representations, but its card says"):
        GfmMatter(replace(card, variant="tt")).warm_up(64, 64)
