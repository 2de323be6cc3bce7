"""``streammat eval``: numbers, table, JSON and page; a formula stands in for the network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.cli import main
from streammat.matting import passes
from streammat.matting.passes import open_pass
from streammat.matting.strategies import NetworkPass, PassOutput
from tests.engines.tiny_model import write_tiny_model
from tests.matting.still_networks import RedNetwork, ramp_picture
from tests.tolerances import ENGINE_RUNTIMES


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> RedNetwork:
    made = RedNetwork()
    asked: list[tuple[str, str]] = []

    def fake(model: str, engine: str, threads: int) -> NetworkPass:
        asked.append((model, engine))
        return made

    monkeypatch.setattr(passes, "open_pass", fake)
    return made


def write_examples(names: Sequence[str] = "ab", trimaps: bool = False) -> None:
    """Ramps of red with their own red as the true alpha; b's alpha is all wrong."""
    for folder in ("i", "m", "t"):
        Path(folder).mkdir(exist_ok=True)
    for name in names:
        rgb = ramp_picture(96, 120)
        alpha = np.zeros_like(rgb[..., 0]) if name == "b" else rgb[..., 0]
        Image.fromarray(rgb).save(f"i/{name}.png")
        Image.fromarray(alpha).save(f"m/{name}.png")
        if trimaps:
            levels = np.select([alpha == 0, alpha == 255], [0, 255], 128).astype(np.uint8)
            Image.fromarray(levels).save(f"t/{name}.png")


def test_the_strategy_of_the_network_is_taken_and_named(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("a")
    for name, strategy in (("gfm_lite0_tt", "multi-scale"), ("gfm_r34_tt", "hybrid")):
        network.network = name
        assert main(["eval", "--images", "i", "--alphas", "m", "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["strategy"] == strategy
        assert answer["mean"]["sad"] < 0.5


def test_tensorrt_without_a_gpu_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from streammat.matting.passes import tensorrt

    monkeypatch.setattr(tensorrt, "missing_for_cuda", lambda: ["an NVIDIA GPU"])
    write_examples("a")
    given = ["eval", "--images", "i", "--alphas", "m", "--engine", "tensorrt"]
    assert main(given) == 4
    message = capsys.readouterr().err.strip()
    assert "engine tensorrt needs an NVIDIA GPU; or use openvino" in message
    assert len(message.splitlines()) == 1


def test_json_holds_the_mean_and_every_image(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples(trimaps=True)
    given = ["--images", "i", "--alphas", "m", "--trimaps", "t", "--strategy", "resize", "--json"]
    assert main(["eval", *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema_version"] == 1
    assert [row["name"] for row in answer["images"]] == ["a", "b"]
    good, bad = (row["sad"] for row in answer["images"])
    assert good < 0.5
    assert bad > 3
    assert answer["mean"]["sad"] == pytest.approx((good + bad) / 2)
    assert {"mad", "mse", "grad", "conn", "sad_tran", "sad_fg", "sad_bg", "mad_edge"} <= set(
        answer["mean"]
    )
    assert answer["images"][1]["mad_edge"] is None  # its true alpha has no edge
    assert network.closed


def test_the_table_ends_with_the_mean_and_lines_go_to_stderr(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples()
    Path("m/b.png").unlink()
    Image.fromarray(np.zeros((5, 5), np.uint8)).save("m/a.png")
    write_examples("c")
    assert main(["eval", "--images", "i", "--alphas", "m", "--strategy", "resize"]) == 3
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split()[:3] == ["image", "sad", "mad"]
    assert [line.split()[0] for line in lines[1:]] == ["c", "mean"]
    assert "i/b.png: no alpha of this name in m" in captured.err
    assert "a.png: 120x96, but its alpha is 5x5; left out" in captured.err


def test_the_page_shows_the_worst_case_first_and_needs_no_other_file(network: RedNetwork) -> None:
    write_examples("abc")
    given = ["--images", "i", "--alphas", "m", "--strategy", "resize", "--html", "out.html"]
    assert main(["eval", *given]) == 0
    page = Path("out.html").read_text()
    assert page.index("<b>b</b>") < page.index("<b>a</b>")
    assert page.count("data:image/webp;base64,") == 12
    assert "http" not in page
    assert not list(Path().glob(".*.part"))


@pytest.mark.parametrize("target", [".", "i", "nowhere/out.html", "i/a.png/out.html", "x" * 300])
def test_a_page_that_cannot_be_written_is_refused_before_scoring(
    network: RedNetwork, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("a")
    assert main(["eval", "--images", "i", "--alphas", "m", "--html", target]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"streammat: --html {target} ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not network.sizes
    assert not list(Path().rglob("*.part"))


def test_figures_are_printed_where_the_page_fails_at_the_end(
    network: RedNetwork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder_now(*_: object) -> str:
        Path("out.html").mkdir()
        return "page"

    monkeypatch.setattr("streammat.evaluation.page.page", folder_now)
    write_examples("a")
    assert main(["eval", "--images", "i", "--alphas", "m", "--json", "--html", "out.html"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mean"]["sad"] is not None
    assert "--html out.html cannot be written" in captured.err
    assert not list(Path().glob(".*.part"))


def test_a_published_layout_is_scored_by_its_name(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("a", trimaps=True)
    target = Path("sets/AM-2k/validation")
    target.mkdir(parents=True)
    for source, name in (("i", "original"), ("m", "mask"), ("t", "trimap")):
        Path(source).rename(target / name)
    given = ["--track", "am2k-ori", "--data", "sets", "--strategy", "hybrid", "--json"]
    assert main(["eval", *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["track"] == "am2k-ori"
    assert answer["mean"]["sad_tran"] is not None
    assert network.sizes == [(32, 32), (32, 32)]


def test_what_is_left_out_is_in_the_json_and_in_the_exit_code(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("ac")
    Path("i/c.png").write_bytes(b"no picture")
    given = ["--images", "i", "--alphas", "m", "--json", "--html", "out.html"]
    assert main(["eval", *given]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in answer["images"]] == ["a"]
    (lost,) = answer["left_out"]
    assert lost["image"] == "i/c.png"
    assert "not a readable image" in lost["reason"]
    assert "left out 1" in Path("out.html").read_text()


def test_settings_come_from_files_and_variables_too(
    network: RedNetwork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_examples("a")
    Path("streammat.toml").write_text('size = "fast"\nstrategy = "hybrid"')
    monkeypatch.setenv("STREAMMAT_EDGES", "network")
    given = ["--images", "i", "--alphas", "m", "--json", "--strategy", "resize"]
    assert main(["eval", *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    told = (answer["size"], answer["edges"], answer["strategy"])
    assert told == ("fast", "network", "resize")


def test_names_are_shown_as_they_are(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples(["a[final]", os.fsdecode(b"caf\xe9")])
    assert main(["eval", "--images", "i", "--alphas", "m", "--html", "out.html"]) == 0
    assert "a[final]" in capsys.readouterr().out
    assert "caf" in Path("out.html").read_text()


def test_pictures_too_small_for_the_strategy_are_left_out(
    network: RedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("a")
    Image.fromarray(ramp_picture(40, 90)).save("i/s.png")
    Image.fromarray(np.zeros((40, 90), np.uint8)).save("m/s.png")
    assert main(["eval", "--images", "i", "--alphas", "m", "--strategy", "hybrid"]) == 3
    assert "i/s.png: the picture is 90x40: this strategy needs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["--images", "i"], 2, "--images DIR and --alphas DIR"),
        (["--images", "i", "--alphas", "m", "--track", "aim500"], 2, "names its own folders"),
        (["--images", "i", "--alphas", "m", "--data", "x"], 2, "--data goes with --track"),
        (["--images", "x", "--alphas", "m"], 2, "x: no such folder"),
        (["--track", "ppm100"], 2, "track ppm100: no images at"),
        (["--images", "i", "--alphas", "m", "--engine", "torch"], 2, "takes a checkpoint"),
        (["--images", "i", "--alphas", "m", "--model", "none"], 2, "model 'none' is unknown"),
        (["--images", "i", "--alphas", "m", "--size", "huge"], 2, "'huge' is not allowed"),
    ],
)
def test_refusals_are_one_line_with_their_code(
    given: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples("a")
    assert main(["eval", *given]) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_two_engines_give_the_same_pass() -> None:
    pytest.importorskip("onnxruntime")
    model = str(write_tiny_model(Path("tiny_tt.onnx")))
    rgb = np.random.default_rng(2).uniform(0, 255, (64, 96, 3)).astype(np.float32)
    one, other = open_pass(model, "openvino"), open_pass(model, "onnx")
    found, wanted = one(rgb), other(rgb)
    assert isinstance(found, PassOutput)
    assert isinstance(wanted, PassOutput)
    np.testing.assert_allclose(found.glance, wanted.glance, atol=ENGINE_RUNTIMES)
    np.testing.assert_allclose(found.focus, wanted.focus, atol=ENGINE_RUNTIMES)
    assert one.variant == other.variant == "tt"
    one.close()
    other.close()
