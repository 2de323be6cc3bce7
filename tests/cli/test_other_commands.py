"""``config``, ``doctor``, ``models``: readable text, and JSON with a schema version."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streammat.cli import machine, main
from streammat.cli.machine import Fact
from streammat.cli.output import envelope

HEAVY = ("numpy", "numba", "av", "openvino", "PIL", "rich", "torch")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from streammat.cli import main; main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_config_show_names_each_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("streammat.toml").write_text("smooth = 0.2\n")
    monkeypatch.setenv("STREAMMAT_SIZE", "fast")
    assert main(["config", "show"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["size"].split(maxsplit=2)[1:] == ["fast", "environment STREAMMAT_SIZE"]
    assert f"project {Path.cwd() / 'streammat.toml'}" in rows["smooth"]
    assert rows["device"].split() == ["device", "auto", "default"]


def test_config_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema_version"] == 1
    assert answer["settings"]["size"] == {"value": "balanced", "origin": "default"}


def test_config_path_names_both_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("streammat.toml").write_text("")
    assert main(["config", "path"]) == 0
    out = capsys.readouterr().out
    assert str(Path.cwd() / "streammat.toml") in out
    assert "config.toml (not there)" in out


def test_doctor_tells_of_machine_packages_encoders_and_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["doctor", "--json"])
    answer = json.loads(capsys.readouterr().out)
    facts = {(fact["group"], fact["name"]): fact for fact in answer["facts"]}
    assert code == answer["exit_code"]
    assert facts["packages", "numpy"]["standing"] == "ok"
    assert facts["encoders", "libx264"]["standing"] == "ok"
    assert facts["system", "python"]["value"] == ".".join(map(str, sys.version_info[:3]))
    assert "gfm_lite0_tt" in {name for _, name in facts}


def test_doctor_ends_with_4_and_an_install_line_where_something_needed_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_version", lambda name: None if name == "numba" else "1.0")
    assert main(["doctor"]) == 4
    out = capsys.readouterr().out
    assert "pip install numba" in out
    assert "missing: " in out.splitlines()[-1]
    assert "numba" in out.splitlines()[-1]


def test_doctor_ends_with_0_where_only_extras_lack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [Fact("gpu", "nvidia", "no driver found", "optional")]
    monkeypatch.setattr("streammat.cli.doctor.all_facts", lambda: facts)
    assert main(["doctor"]) == 0
    assert "nothing that streammat needs is missing" in capsys.readouterr().out


def test_models_name_licence_and_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema_version"] == 1
    assert "gfm_lite0_tt" in {model["name"] for model in answer["models"]}
    for model in answer["models"]:
        assert model["licence"]
        assert len(model["sha256"]) == 64


def test_show_of_released_weights_names_source_licence_and_import(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "none"))
    assert main(["models", "show", "gfm_r34_tt", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "models show"
    assert answer["imported"] is False
    assert answer["import_command"].startswith("streammat models import gfm_r34_tt.pth")
    assert answer["source"].startswith("https://github.com/JizhiziLi/GFM")
    assert answer["licence"] == "MIT, as their authors say"
    assert main(["models", "show", "gfm_r34_tt"]) == 0
    shown = capsys.readouterr().out
    assert all(answer[name] in shown for name in ("source", "licence", "import_command"))


def test_json_before_the_subcommand_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "show", "gfm_lite0_tt"]) == 2
    assert "--json goes behind the subcommand" in capsys.readouterr().err


def test_a_result_cannot_take_the_place_of_the_envelopes_fields() -> None:
    with pytest.raises(ValueError, match="'command'"):
        envelope("probe", {"command": "rm"})


def test_a_card_with_names_of_the_envelope_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.onnx").write_bytes(b"graph")
    card = {"name": "a", "variant": "tt", "sha256": "ab" * 32, "command": "x", "licence": "mine"}
    Path("a.json").write_text(json.dumps(card))
    assert main(["models", "show", "a.onnx", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["licence"]) == ("models show", "mine")


def test_formats_lists_every_delivery(capsys: pytest.CaptureFixture[str]) -> None:
    from streammat.media.deliveries import DELIVERIES

    assert main(["formats"]) == 0
    shown = capsys.readouterr().out
    assert all(row.name in shown and row.title in shown for row in DELIVERIES)
    assert main(["formats", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told["formats"]] == [row.name for row in DELIVERIES]
    assert told["formats"][0]["suffixes"] == [".mov", ".mkv"]


def test_the_list_of_models_is_short_and_one_models_card_has_a_line_for_each_point(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) <= 6
    assert listed[-1] == "more of one: streammat models show NAME"
    assert main(["models", "show", "gfm_lite0_tt"]) == 0
    card = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in card[:-1]) <= 96  # the last is a path
    assert {"  trained on:", "  quality:", "  limits:"} <= set(card)
