"""Order of the layers, their origins, and messages that name file, key and nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from streammat.config import PRESETS, Resolved, project_file, resolve, setting
from streammat.errors import ConfigError


def _resolve(tmp_path: Path, environ: dict[str, str] | None = None, **given: object) -> Resolved:
    """As on a machine whose files are those of ``tmp_path``."""
    user = tmp_path / "user.toml"
    return resolve(given, environ=environ or {}, folder=tmp_path, user=user)


def test_without_any_layer_everything_is_a_default(tmp_path: Path) -> None:
    resolved = _resolve(tmp_path)
    assert set(resolved.origins.values()) == {"default"}
    assert resolved.settings().size == "balanced"


def test_each_layer_wins_over_the_next(tmp_path: Path) -> None:
    project, user = tmp_path / "streammat.toml", tmp_path / "user.toml"
    user.write_text(
        'size = "96x64"\nsmooth = 0.1\nforeground = "source"\npreset = "film"\ncrf = 30\n'
    )
    project.write_text('size = "128x64"\nsmooth = 0.2\nforeground = "auto"\n')
    environ = {"STREAMMAT_SIZE": "160x64", "STREAMMAT_SMOOTH": "0.3"}
    resolved = _resolve(tmp_path, environ, size="192x64")
    found = {name: (resolved.values[name], resolved.origins[name]) for name in resolved.values}
    assert found["size"] == ("192x64", "command line")
    assert found["smooth"] == ("0.3", "environment STREAMMAT_SMOOTH")
    assert found["foreground"] == ("auto", f"project {project}")
    assert found["crf"] == (30, f"user {user}")
    assert found["device"] == ("auto", "default")


def test_a_preset_yields_to_every_layer_and_wins_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "user.toml").write_text("smooth = 0.5\n")
    resolved = _resolve(tmp_path, preset="film")
    assert (resolved.values["smooth"], resolved.origins["smooth"][:5]) == ("0.5", "user ")
    assert (resolved.values["size"], resolved.origins["size"]) == ("best", "preset film")


def test_codec_options_of_a_preset_hold_for_its_own_format_only(tmp_path: Path) -> None:
    empty = tmp_path / "none.toml"
    given = {"preset": "preview"}
    own = resolve(given, environ={}, folder=tmp_path, user=empty, suffixes=[".mp4"])
    other = resolve(given, environ={}, folder=tmp_path, user=empty, suffixes=[".mov"])
    mixed = resolve(given, environ={}, folder=tmp_path, user=empty, suffixes=[".mp4", ".mov"])
    assert own.values["crf"] == PRESETS["preview"].codec[".mp4"]["crf"]
    assert other.values["crf"] is None
    assert mixed.values["crf"] is None
    assert other.values["size"] == "fast"


@pytest.mark.parametrize(("codec", "crf"), [("hevc", 26), ("av1", None), ("hevc,av1", None)])
def test_codec_options_of_a_preset_do_not_hold_for_another_encoders_scale(
    tmp_path: Path, codec: str, crf: int | None
) -> None:
    given = {"preset": "preview", "codec": codec}
    found = resolve(
        given, environ={}, folder=tmp_path, user=tmp_path / "none.toml", suffixes=[".mp4"]
    )
    assert found.values["crf"] == crf
    assert (found.values["encoder_preset"] is None) == (crf is None)


def test_a_bit_rate_leaves_no_crf_of_a_preset(tmp_path: Path) -> None:
    found = _resolve(tmp_path, preset="live", bitrate="4M")
    assert (found.values["crf"], found.values["encoder_preset"]) == (None, "veryfast")


@pytest.mark.parametrize("name", PRESETS)
def test_values_of_presets_pass_their_own_checks(name: str) -> None:
    preset = PRESETS[name]
    for layer in (preset.values, *preset.codec.values()):
        for key, value in layer.items():
            assert setting(key).parse(str(value)) == value


def test_the_project_file_is_searched_upwards(tmp_path: Path) -> None:
    deep = tmp_path / "shots" / "a"
    deep.mkdir(parents=True)
    (tmp_path / "streammat.toml").write_text('size = "best"\n')
    assert project_file(deep) == tmp_path / "streammat.toml"
    assert resolve(environ={}, folder=deep, user=tmp_path / "none").values["size"] == "best"


def test_unknown_key_names_file_key_and_the_nearest_valid_one(tmp_path: Path) -> None:
    (tmp_path / "streammat.toml").write_text('backgruond = "blur"\n')
    with pytest.raises(ConfigError) as caught:
        _resolve(tmp_path)
    text = str(caught.value)
    assert str(tmp_path / "streammat.toml") in text
    assert "'backgruond'" in text
    assert "meant 'background'?" in text


@pytest.mark.parametrize(
    "line", ['crf = "18"', "size = 512", "overwrite = 1", "limit = true", 'smooth = "lots"']
)
def test_wrong_types_and_values_name_file_key_and_allowed_forms(tmp_path: Path, line: str) -> None:
    key = line.split(" ", maxsplit=1)[0]
    (tmp_path / "streammat.toml").write_text(line + "\n")
    with pytest.raises(ConfigError) as caught:
        _resolve(tmp_path)
    assert f"{tmp_path / 'streammat.toml'}: {key} = " in str(caught.value)
    assert "use " in str(caught.value)


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "streammat.toml").write_text("size = \n")
    with pytest.raises(ConfigError, match=r"streammat\.toml is not valid TOML"):
        _resolve(tmp_path)


def test_dashes_are_as_good_as_underscores(tmp_path: Path) -> None:
    (tmp_path / "streammat.toml").write_text("clip-black = 0.1\nroi = [1, 2, 3, 4]\n")
    settings = _resolve(tmp_path).settings()
    assert settings.clip_black == 0.1
    assert settings.roi == (1, 2, 3, 4)


def test_paths_in_a_file_are_relative_to_that_file(tmp_path: Path) -> None:
    (tmp_path / "streammat.toml").write_text(
        'background = "beach.jpg"\ngarbage = "g.png"\nmodel = "own.ONNX"\n'
    )
    settings = _resolve(tmp_path).settings()
    assert settings.background == str(tmp_path / "beach.jpg")
    assert settings.garbage == str(tmp_path / "g.png")
    assert settings.model == str(tmp_path / "own.ONNX")


@pytest.mark.parametrize("word", ["none", "#102030", "blur", "blur:0.5"])
def test_words_for_a_background_are_no_paths(tmp_path: Path, word: str) -> None:
    (tmp_path / "streammat.toml").write_text(f'background = "{word}"\n')
    assert _resolve(tmp_path).settings().background == word


def test_a_misspelt_variable_is_said_and_a_foreign_one_left_alone(tmp_path: Path) -> None:
    _resolve(tmp_path, {"STREAMMAT_DATA": "/x", "STREAMMAT_HOME": "/y"})
    with pytest.raises(ConfigError, match="STREAMMAT_DEVICES is unknown; meant STREAMMAT_DEVICE"):
        _resolve(tmp_path, {"STREAMMAT_DEVICES": "cpu"})


def test_a_wrong_variable_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"STREAMMAT_DEVICE = 'tpu' is not allowed; use auto"):
        _resolve(tmp_path, {"STREAMMAT_DEVICE": "tpu"})
