from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from streammat.catalogue.cards import find_model, shipped_models
from streammat.catalogue.folder import checked_name
from streammat.cli import machine, main
from streammat.errors import ConfigError, EngineFileError

CARD = {"name": "tiny_ft", "variant": "ft", "sha256": "ab" * 32, "licence": "research only"}


def test_the_default_model_is_shipped_and_matches_its_card() -> None:
    card = find_model("gfm_lite0_tt")
    assert card.variant == "tt"
    assert card.sha256 == hashlib.sha256(card.path.read_bytes()).hexdigest()
    assert "research" in card.licence


def test_a_card_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "tiny_ft.json").write_text(json.dumps(CARD | {"recipe": "none"}))
    (card,) = shipped_models(tmp_path)
    assert (card.name, card.variant, card.licence) == ("tiny_ft", "ft", "research only")
    assert card.path == tmp_path / "tiny_ft.onnx"
    assert card.details["recipe"] == "none"


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", json.dumps(CARD | {"variant": "xx"}), json.dumps({"name": "n"})]
)
def test_a_damaged_card_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(EngineFileError, match=r"model card .*broken\.json is damaged"):
        shipped_models(tmp_path)


def test_what_to_do_about_a_damaged_model_fits_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "models"))
    assert find_model("gfm_lite0_tt").remedy == "install streammat again"
    for name, more in (("taken", {"source": {"file": "w.pth"}}), ("tuned", {})):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(
            json.dumps(CARD | {"name": name, "file": f"{name}.onnx"} | more)
        )
    command = "import it again: 'streammat models import {} --name {} --overwrite'"
    assert find_model("taken").remedy == command.format("w.pth", "taken")
    weights = tmp_path / "models" / "tuned" / "tuned.safetensors"
    assert find_model("tuned").remedy == command.format(weights, "tuned")
    (tmp_path / "mine.onnx").write_bytes(b"graph")
    (tmp_path / "mine.json").write_text(json.dumps(CARD))
    assert "again from where they came" in find_model(str(tmp_path / "mine.onnx")).remedy
    (tmp_path / "models" / "taken" / "card.json").write_text("{")
    with pytest.raises(EngineFileError, match=r"'streammat models remove taken'$"):
        find_model("taken")


@pytest.mark.parametrize(
    ("name", "variant"), [("mine_tt", "tt"), ("mine_FT", "ft"), ("mine_bt", "bt"), ("mine", None)]
)
def test_a_file_of_ones_own_says_its_variant_in_its_name(
    tmp_path: Path, name: str, variant: str | None
) -> None:
    path = tmp_path / f"{name}.onnx"
    path.write_bytes(b"graph")
    card = find_model(str(path))
    assert (card.name, card.variant) == (name, variant)
    assert card.sha256 == hashlib.sha256(b"graph").hexdigest()


def test_a_missing_file_of_ones_own_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(EngineFileError, match=r"nowhere\.onnx does not exist"):
        find_model(str(tmp_path / "nowhere.onnx"))


def test_a_card_beside_a_file_of_ones_own_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"graph")
    (tmp_path / "mine.json").write_text(json.dumps(CARD))
    assert find_model(str(tmp_path / "mine.onnx")).sha256 == CARD["sha256"]


def test_the_file_that_is_named_is_the_one_that_counts(tmp_path: Path) -> None:
    for name in ("x", "copy"):
        (tmp_path / f"{name}.onnx").write_bytes(name.encode())
        (tmp_path / f"{name}.json").write_text(json.dumps(CARD | {"file": "x.onnx"}))
    card = find_model(str(tmp_path / "copy.onnx"))
    assert (card.path, card.sha256) == (tmp_path / "copy.onnx", CARD["sha256"])


@pytest.mark.parametrize("text", ['{"frames": 3}', "[]", "not JSON"])
def test_a_file_beside_a_model_that_is_no_card_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"graph")
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(
        EngineFileError, match=r"mine\.json lies beside the model and is no"
    ) as told:
        find_model(str(tmp_path / "mine.onnx"))
    assert "install" not in str(told.value)


def test_a_card_without_its_model_does_not_stand_for_it(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(CARD))
    with pytest.raises(EngineFileError, match=r"mine\.onnx does not exist"):
        find_model(str(tmp_path / "mine.onnx"))


@pytest.mark.parametrize(
    ("model", "told", "left_out"),
    [
        ("gfm_r34_tt", "'streammat models show gfm_r34_tt' says where its weights are", "import"),
        ("gfm_r99", "or the path of an .onnx file", "models show"),
        ("a/b.png", "or the path of an .onnx file", "models show"),
        ("my/gfm_r34_tt.pth", "'streammat models import my/gfm_r34_tt.pth' makes", "models show"),
    ],
)
def test_what_is_no_model_is_told_what_it_may_become(model: str, told: str, left_out: str) -> None:
    with pytest.raises(ConfigError) as refused:
        find_model(model)
    assert told in str(refused.value)
    assert left_out not in str(refused.value)


def test_a_damaged_import_is_no_obstacle_to_other_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path))
    card = '{"name": "good", "variant": "tt", "sha256": "00"}'
    for name, text in (("broken", "{"), ("good", card)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(text)
    assert find_model("gfm_lite0_tt").name == "gfm_lite0_tt"
    assert find_model("good").name == "good"
    with pytest.raises(EngineFileError, match="models remove broken"):
        find_model("broken")
    with pytest.raises(ConfigError, match="use one of gfm_lite0_tt, good, or"):
        find_model("other")
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr()
    assert "good (imported)" in shown.out
    assert "broken/card.json is damaged" in shown.err
    (fact,) = machine._imports()
    assert "broken/card.json is damaged" in fact.value


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'gfm_r99' is unknown: use one of .*gfm_lite0_tt"):
        find_model("gfm_r99")


def test_listing_models_imports_no_runtime() -> None:
    code = (
        "import sys; from streammat.catalogue import shipped_models; shipped_models(); "
        "print({'torch', 'openvino', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("ending", ["onnx", "pt", "pth", "safetensors"])
def test_names_that_read_like_files_are_refused(ending: str) -> None:
    assert checked_name(f"film.{ending}.2") == f"film.{ending}.2"
    with pytest.raises(ConfigError, match=r"not ending in \.onnx, \.pt"):
        checked_name(f"film.{ending}")
