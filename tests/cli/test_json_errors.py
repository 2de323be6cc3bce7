"""With ``--json`` stdout holds one object, however a command ends."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from streammat.cli import main
from streammat.cli.failure import guarded
from streammat.cli.options import json_option
from streammat.cli.output import print_json
from tests.clips import make_clip


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("demo nowhere.mp4 --json", "demo"),
        ("eval --images nowhere --alphas nowhere --json", "eval"),
        ("models show nobody --json", "models show"),
        ("engine show zz --json", "engine show"),
        ("matte in.mp4 --size huge --json", "matte"),
        ("matte in.mp4 --json --sise fast", "matte"),
        ("matte --json", "matte"),
        ("image a.png --bits 9 --json", "image"),
        ("models --json show gfm_lite0_tt", "models"),
    ],
)
def test_an_error_is_an_object_as_well(
    words: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words.split())
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["command"], answer["schema_version"]) == (command, 1)
    assert answer["exit_code"] == code == 2
    assert err.splitlines()[-1] == f"streammat: {answer['error']}"


@pytest.mark.parametrize(
    "words", ["models show nobody", "models remove nobody --json", "matte in.mp4 -o - --json"]
)
def test_nothing_is_on_stdout_where_json_does_not_belong(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("done", "fields"), [(False, {"error", "exit_code"}), (True, {"sum"})])
def test_an_error_after_the_result_adds_no_second_object(
    done: bool, fields: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    @click.group()
    def program() -> None:
        pass

    @program.command()
    @json_option
    def add(as_json: bool) -> None:
        if done:
            print_json("add", {"sum": as_json})
        raise KeyboardInterrupt

    assert guarded(program, ["add", "--json"]) == 130
    assert fields <= set(json.loads(capsys.readouterr().out))


def test_training_that_cannot_begin_says_so_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    for words in (["train"], ["finetune", "--frames", "a", "--alphas", "b"]):
        assert main([*words, "--out", "o", "--recipe", "nobody", "--json"]) == 2
        answer = json.loads(capsys.readouterr().out)
        assert answer["command"] == words[0]
        assert "no recipe 'nobody'" in answer["error"]


def test_a_clip_that_cannot_be_read_is_in_the_json_of_probe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_clip(Path("good.mp4"), frames=2)
    assert main(["probe", "good.mp4", "bad.mp4", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert [clip["path"] for clip in answer["clips"]] == ["good.mp4"]
    (failed,) = answer["failed"]
    assert (failed["path"], failed["exit_code"]) == ("bad.mp4", 2)
    assert "bad.mp4: no such file" in failed["error"]
    assert main(["probe", "bad.mp4", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["clips"] == []
